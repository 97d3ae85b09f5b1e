package io.github.freqreg.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/**
 * Measures networks on a validation set by one evaluator.
 *
 * @param set the examples
 * @param evaluator the measure; of a {@link Loss}, smaller is better, of any other, larger
 */
record Validation(Dataset set, Evaluator evaluator) {

    private static final String KEY = "compressor";

    /** Measures a network. */
    double measure(Block block, NDManager manager) throws IOException, TranslateException {
        evaluator.addAccumulator(KEY);
        evaluator.resetAccumulator(KEY);
        try (NDManager scratch = manager.newSubManager()) {
            ParameterStore parameters = new ParameterStore(scratch, false);
            for (Batch batch : set.getData(scratch)) {
                try (batch) {
                    NDList data = batch.getData();
                    NDList predictions = block.forward(parameters, data, false);
                    evaluator.updateAccumulator(KEY, batch.getLabels(), predictions);
                    predictions.close();
                }
            }
        }
        return evaluator.getAccumulator(KEY);
    }

    /** Returns by how much a figure is worse than another one; negative if it is better. */
    double loss(double reference, double figure) {
        double loss = evaluator instanceof Loss ? figure - reference : reference - figure;
        return Double.isNaN(loss) ? Double.POSITIVE_INFINITY : loss;
    }
}
