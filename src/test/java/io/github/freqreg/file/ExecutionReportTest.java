package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Pick;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which strategy computes each layer, and its expected cost. */
@UsesEngine
class ExecutionReportTest {

    private static final Shape INPUT = new Shape(2, 256, 16, 16);

    private final NDManager manager;

    ExecutionReportTest(NDManager manager) {
        this.manager = manager;
    }

    private Block network(Strategy strategy) {
        Block block =
                new SequentialBlock()
                        .add(TestModels.convolution(256))
                        .add(new BatchStatisticsNorm())
                        .add(Activation.reluBlock())
                        .add(TestModels.convolution(256))
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(10));
        TestModels.initialize(block, manager, DataType.FLOAT32, INPUT);
        return FrequencyRegularization.builder()
                .optKept(9)
                .optStrategy(strategy)
                .build()
                .apply(block);
    }

    private void pass(Block block, boolean training) {
        try (NDManager scratch = manager.newSubManager()) {
            NDList input = new NDList(scratch.randomNormal(INPUT));
            block.forward(new ParameterStore(scratch, false), input, training);
        }
    }

    @Test
    void reportsTheChoiceForEachLayerAndPass() {
        Block block = network(Strategy.AUTO);
        assertEquals(List.of(), ExecutionReport.of(block).getRows());

        pass(block, false);
        List<LayerPick> inference = ExecutionReport.of(block).getRows();
        assertEquals(
                List.of("Conv2d", "Conv2d", "Linear"),
                inference.stream().map(LayerPick::layer).toList());
        assertTrue(inference.get(0).name().endsWith("Conv2d_weight"), inference.get(0).name());
        Pick first = inference.get(0).pick();
        assertEquals(INPUT, first.input());
        assertFalse(first.training());
        assertEquals("fused", first.toString());
        assertTrue(first.nanoseconds() < first.dense(), first.toString());
        // The report shows the dense shape of the second layer's input, which is projected.
        assertEquals(new Shape(2, 256, 14, 14), inference.get(1).pick().input());
        assertEquals("factored", inference.get(1).pick().toString());

        pass(block, true);
        List<LayerPick> both = ExecutionReport.of(block).getRows();
        assertEquals(6, both.size());
        assertEquals(inference.get(0), both.get(0));
        assertTrue(both.get(1).pick().training());
        // Normalisation is fused in training, too.
        assertEquals("fused", both.get(1).pick().toString());
        assertTrue(both.get(1).pick().nanoseconds() > first.nanoseconds());
    }

    @Test
    void reportsForcedStrategies() {
        Block rebuilt = network(Strategy.REBUILD);
        Block factored = network(Strategy.FACTORED);
        for (boolean training : new boolean[] {false, true}) {
            pass(rebuilt, training);
            pass(factored, training);
        }
        for (LayerPick row : ExecutionReport.of(rebuilt).getRows()) {
            assertEquals("rebuilt", row.pick().toString());
            // In training, rebuilding adds the cost of the weight; at inference it is cached.
            double more = row.pick().nanoseconds() - row.pick().dense();
            assertTrue(row.pick().training() ? more > 0 : more == 0, row.toString());
        }
        for (LayerPick row : ExecutionReport.of(factored).getRows()) {
            assertTrue(row.pick().toString().startsWith("factored"), row.toString());
        }
    }

    @Test
    void autoPicksTheCheapest() {
        Block auto = network(Strategy.AUTO);
        Block rebuilt = network(Strategy.REBUILD);
        Block factored = network(Strategy.FACTORED);
        for (Block block : List.of(auto, rebuilt, factored)) {
            pass(block, true);
        }
        for (int i = 0; i < 3; i++) {
            double picked = ExecutionReport.of(auto).getRows().get(i).pick().nanoseconds();
            double one = ExecutionReport.of(rebuilt).getRows().get(i).pick().nanoseconds();
            double other = ExecutionReport.of(factored).getRows().get(i).pick().nanoseconds();
            assertEquals(Math.min(one, other), picked);
        }
    }

    @Test
    void printsATable() {
        Block block = network(Strategy.REBUILD);
        pass(block, false);
        List<String> lines = ExecutionReport.of(block).toString().lines().toList();
        assertEquals(5, lines.size());
        assertTrue(
                lines.get(0).matches("weight +layer +input +pass +computed +expected ms +dense ms"),
                lines.get(0));
        assertTrue(
                lines.get(1)
                        .matches(
                                "\\S+weight +Conv2d +\\(2, 256, 16, 16\\) +inference +rebuilt"
                                        + " +[0-9.]+ +[0-9.]+"),
                lines.get(1));
        assertTrue(lines.get(4).matches("total +inference +[0-9.]+ +[0-9.]+"), lines.get(4));
    }

    @Test
    void plainNetworkIsRejected() {
        Block plain = new SequentialBlock().add(TestModels.linear(3));
        IllegalArgumentException refused =
                assertThrowsExactly(
                        IllegalArgumentException.class, () -> ExecutionReport.of(plain));
        assertEquals(
                "No layer of the SequentialBlock is wrapped: apply a policy first",
                refused.getMessage());
    }
}
