package io.github.freqreg.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;

/** Measures the networks of a {@link Compressor} by the one figure that counts. */
sealed interface Validation {

    /** Returns the name of the figure. */
    String name();

    /** Measures a network outside of a training. */
    double measure(Block block, NDManager manager) throws IOException, TranslateException;

    /** Returns by how much a figure is worse than another one; negative if it is better. */
    double loss(double reference, double figure);

    /** Returns the evaluator that a trainer needs. */
    default Optional<Evaluator> evaluator() {
        return Optional.empty();
    }

    /**
     * Ends an epoch of a trainer: measures its network and notifies the listeners.
     *
     * @param evaluation the trainer's listener
     */
    default double endEpoch(Trainer trainer, EvaluatorTrainingListener evaluation)
            throws IOException, TranslateException {
        double figure = measure(trainer.getModel().getBlock(), trainer.getManager());
        trainer.notifyListeners(listener -> listener.onEpoch(trainer));
        return figure;
    }

    /**
     * By an evaluator of DJL on a validation set.
     *
     * @param set the examples
     * @param its the evaluator; of a {@link Loss}, smaller is better, of any other, larger
     */
    record OnSet(Dataset set, Evaluator its) implements Validation {

        private static final String KEY = "compressor";

        /** {@inheritDoc} */
        @Override
        public String name() {
            return its.getName();
        }

        /** {@inheritDoc} */
        @Override
        public Optional<Evaluator> evaluator() {
            return Optional.of(its);
        }

        /** {@inheritDoc} */
        @Override
        public double measure(Block block, NDManager manager)
                throws IOException, TranslateException {
            its.addAccumulator(KEY);
            its.resetAccumulator(KEY);
            try (NDManager scratch = manager.newSubManager()) {
                ParameterStore parameters = new ParameterStore(scratch, false);
                for (Batch batch : set.getData(scratch)) {
                    try (batch) {
                        NDList predictions = block.forward(parameters, batch.getData(), false);
                        its.updateAccumulator(KEY, batch.getLabels(), predictions);
                        predictions.close();
                    }
                }
            }
            return its.getAccumulator(KEY);
        }

        /** {@inheritDoc} */
        @Override
        public double endEpoch(Trainer trainer, EvaluatorTrainingListener evaluation)
                throws IOException, TranslateException {
            EasyTrain.evaluateDataset(trainer, set);
            trainer.notifyListeners(listener -> listener.onEpoch(trainer));
            String figure = "validate_" + its.getName();
            return Objects.requireNonNull(evaluation.getLatestEvaluations().get(figure), figure);
        }

        /** {@inheritDoc} */
        @Override
        public double loss(double reference, double figure) {
            return finite(its instanceof Loss ? figure - reference : reference - figure);
        }
    }

    /**
     * By a measure of the user's.
     *
     * @param its the measure
     */
    record ByMeasure(NetworkMeasure its) implements Validation {

        /** {@inheritDoc} */
        @Override
        public String name() {
            return "measure";
        }

        /** {@inheritDoc} */
        @Override
        public double measure(Block block, NDManager manager)
                throws IOException, TranslateException {
            try (NDManager scratch = manager.newSubManager()) {
                return its.of(block, scratch);
            }
        }

        /** {@inheritDoc} */
        @Override
        public double loss(double reference, double figure) {
            return finite(reference - figure);
        }
    }

    private static double finite(double loss) {
        return Double.isNaN(loss) ? Double.POSITIVE_INFINITY : loss;
    }
}
