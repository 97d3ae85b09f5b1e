package io.github.freqreg.execution;

import static io.github.freqreg.execution.StrategyComparison.doubles;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.ChannelConcat;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Concatenated branches that are projected one by one, in training and inference. */
@UsesEngine
class ConcatFusionTest {

    private static final Shape INPUT = new Shape(2, 32, 21, 23);

    private final NDManager manager;

    ConcatFusionTest(NDManager manager) {
        this.manager = manager;
    }

    /** The third branch is smaller, so its maps are padded; the fourth one has no layer. */
    private static Block network(boolean bias) {
        SequentialBlock normalized =
                new SequentialBlock()
                        .add(StrategyComparison.convolution(40, bias))
                        .add(BatchNorm.builder().build())
                        .add(Activation.tanhBlock())
                        .add(StrategyComparison.convolution(48, bias))
                        .add(BatchNorm.builder().build());
        Block unpadded =
                Conv2d.builder()
                        .setFilters(36)
                        .setKernelShape(new Shape(3, 4))
                        .optBias(bias)
                        .build();
        List<Block> branches =
                List.of(
                        new ChannelConcat.Branch().add(StrategyComparison.convolution(64, bias)),
                        normalized,
                        new ChannelConcat.Branch().add(unpadded),
                        Blocks.identityBlock());
        return new SequentialBlock()
                .add(new ParallelBlock(ChannelConcat::concat, branches))
                .add(StrategyComparison.convolution(56, bias));
    }

    private Map<String, double[]> run(boolean bias, Strategy strategy) {
        Seeds.engine(7);
        Block block = wrapped(bias, strategy);
        block.initialize(manager, DataType.FLOAT64, INPUT);
        List<Parameter> trained = new ArrayList<>();
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.requiresGradient()) {
                parameter.getArray().setRequiresGradient(true);
                trained.add(parameter);
            }
        }
        ParameterStore store = new ParameterStore(manager, false);
        NDArray image =
                manager.randomNormal(1, 2, INPUT, DataType.FLOAT32).toType(DataType.FLOAT64, false);
        image.setRequiresGradient(true);
        Map<String, double[]> results = new LinkedHashMap<>();
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray out = block.forward(store, new NDList(image), true).singletonOrThrow();
            results.put("output", doubles(out));
            collector.backward(out.mul(out).mul(out).mean());
        }
        results.put("gradient of the input", doubles(image.getGradient()));
        for (Parameter parameter : trained) {
            results.put("gradient " + results.size(), doubles(parameter.getArray().getGradient()));
        }
        NDList input = new NDList(image.stopGradient());
        results.put("prediction", doubles(block.forward(store, input, false).singletonOrThrow()));
        return results;
    }

    private static Block wrapped(boolean bias, Strategy strategy) {
        return FrequencyRegularization.builder()
                .optKept(30)
                .optStrategy(strategy)
                .build()
                .apply(network(bias));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void computesTheSameAsRebuiltWeights(boolean bias) {
        Map<String, double[]> expected = run(bias, Strategy.REBUILD);
        for (Strategy strategy : new Strategy[] {Strategy.FACTORED, Strategy.FUSED}) {
            Map<String, double[]> found = run(bias, strategy);
            assertEquals(expected.keySet(), found.keySet());
            expected.forEach(
                    (name, values) ->
                            StrategyComparison.assertClose(
                                    values,
                                    found.get(name),
                                    1e-9,
                                    // Normalisation cancels the gradients of biases.
                                    Math.max(1e-3, StrategyComparison.size(values)),
                                    strategy + ", " + name));
        }
    }

    /** Without biases; with them, padded maps are computed first. */
    @Test
    void branchesAreFused() {
        Block block = wrapped(false, Strategy.FUSED);
        block.initialize(manager, DataType.FLOAT32, INPUT);
        ParameterStore store = new ParameterStore(manager, false);
        for (boolean training : new boolean[] {true, false}) {
            block.forward(store, new NDList(manager.randomNormal(INPUT)), training).head();
            List<Boolean> fused =
                    ExecutionReport.of(block).getRows().stream()
                            .filter(row -> row.pick().training() == training)
                            .map(row -> row.pick().fused())
                            .toList();
            assertEquals(List.of(true, true, true, true, false), fused, "training " + training);
        }
    }

    /** The channels between two layers without a block between them are not computed. */
    @Test
    void followingLayersAreFused() {
        Block block =
                FrequencyRegularization.builder()
                        .optKept(30)
                        .optIdentityStart(false)
                        .optStrategy(Strategy.FUSED)
                        .build()
                        .apply(
                                new SequentialBlock()
                                        .add(StrategyComparison.convolution(64, true))
                                        .add(StrategyComparison.convolution(56, true)));
        block.initialize(manager, DataType.FLOAT32, INPUT);
        ParameterStore store = new ParameterStore(manager, false);
        for (boolean training : new boolean[] {true, false}) {
            block.forward(store, new NDList(manager.randomNormal(INPUT)), training).head();
        }
        List<Pick> picks =
                ExecutionReport.of(block).getRows().stream().map(LayerPick::pick).toList();
        assertEquals(List.of(true, true, false, false), picks.stream().map(Pick::fused).toList());
        double inference = picks.get(0).nanoseconds();
        assertTrue(picks.get(1).nanoseconds() > 2 * inference, picks.toString());
    }

    @Test
    void anEmptyBranchIsLeftAsItIs() {
        Block empty = new ChannelConcat.Branch();
        SequentialBlock network =
                new SequentialBlock().add(StrategyComparison.convolution(8, true)).add(empty);
        FrequencyRegularization.builder().optKept(30).build().apply(network);
        assertSame(empty, network.getChildren().valueAt(1));
    }

    /** What is computed for a prediction is freed with it. */
    @Test
    void predictionsLeaveNothing() {
        Block block = wrapped(true, Strategy.FUSED);
        block.initialize(manager, DataType.FLOAT32, INPUT);
        int arrays = 0;
        for (int i = 0; i < 4; i++) {
            try (NDManager pass = manager.newSubManager()) {
                NDList input = new NDList(pass.ones(INPUT));
                block.forward(new ParameterStore(manager, false), input, false).head();
            }
            int now = manager.getManagedArrays().size();
            assertTrue(i < 2 || now == arrays, now + " arrays after " + arrays);
            arrays = now;
        }
    }
}
