package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.policy.FrequencyRegularization;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LeNet-5 before training: kept numbers and loss. */
class LeNetTest {

    private static final int DRAWS = 5;

    /** 776 numbers with biases, and 776 coefficients without biases, as the paper counts. */
    @ParameterizedTest
    @ValueSource(longs = {776, 776 + 580})
    void startsWithASmallLossAt776Numbers(long budget) throws Exception {
        double losses = 0;
        for (int seed = 1; seed <= DRAWS; seed++) {
            losses += loss(seed, budget);
        }
        // Equal scores for ten digits have a loss of 2.3; a single draw may be slightly above 5.
        assertTrue(losses / DRAWS < 5, "the first loss is " + losses / DRAWS + " on average");
    }

    private static float loss(int seed, long budget) throws Exception {
        Training.seed(seed);
        try (Model model = Model.newInstance("lenet")) {
            Shape input = new Shape(128).addAll(LeNet.INPUT);
            Block block =
                    FrequencyRegularization.builder()
                            .optBudget(budget)
                            .build()
                            .apply(LeNet.build(), input);
            block.initialize(model.getNDManager(), DataType.FLOAT32, input);
            CompressionReport report = CompressionReport.of(block);
            assertEquals(431_080, report.getOriginal());
            assertEquals(budget, report.getKept());

            Batch batch =
                    Digits.embedded()
                            .test()
                            .dataset(model.getNDManager(), 128, false)
                            .getData(model.getNDManager())
                            .iterator()
                            .next();
            ParameterStore store = new ParameterStore(model.getNDManager(), false);
            NDList scores = block.forward(store, batch.getData(), true);
            return Loss.softmaxCrossEntropyLoss().evaluate(batch.getLabels(), scores).getFloat();
        }
    }
}
