package io.github.freqreg.examples;

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
import io.github.freqreg.CompressionReport;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.networks.LeNet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LeNet-5 at the start of training. */
class LeNetTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void startsWithASmallLossAt776Numbers(int seed) throws Exception {
        // 776 numbers with the biases, and 776 coefficients beside the biases, as the paper counts.
        for (long budget : new long[] {776, 776 + 580}) {
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
                        Digits.load(null)
                                .test()
                                .dataset(model.getNDManager(), 128, false)
                                .getData(model.getNDManager())
                                .iterator()
                                .next();
                NDList scores =
                        block.forward(
                                new ParameterStore(model.getNDManager(), false),
                                batch.getData(),
                                true);
                float loss =
                        Loss.softmaxCrossEntropyLoss()
                                .evaluate(batch.getLabels(), scores)
                                .getFloat();
                assertTrue(loss < 5, "the first loss is " + loss);
            }
        }
    }
}
