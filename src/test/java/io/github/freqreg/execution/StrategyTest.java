package io.github.freqreg.execution;

import static io.github.freqreg.execution.StrategyComparison.assertAlike;
import static io.github.freqreg.execution.StrategyComparison.assertClose;
import static io.github.freqreg.execution.StrategyComparison.convolution;
import static io.github.freqreg.execution.StrategyComparison.doubles;
import static io.github.freqreg.execution.StrategyComparison.kept;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All strategies compute the same outputs and the same gradients. */
class StrategyTest {

    /** Layers of every kind, with the shape of an input. */
    static Stream<Arguments> layers() {
        List<Arguments> layers = new ArrayList<>();
        for (int groups : new int[] {1, 2, 6}) {
            for (boolean bias : new boolean[] {true, false}) {
                String name = " of " + groups + " groups" + (bias ? " with bias" : "");
                layers.add(
                        layer(
                                "Conv1d" + name,
                                () ->
                                        Conv1d.builder()
                                                .setFilters(12)
                                                .setKernelShape(new Shape(3))
                                                .optStride(new Shape(2))
                                                .optPadding(new Shape(1))
                                                .optGroups(groups)
                                                .optBias(bias)
                                                .build(),
                                new Shape(3, 6, 11)));
                layers.add(
                        layer(
                                "Conv2d" + name,
                                () ->
                                        Conv2d.builder()
                                                .setFilters(18)
                                                .setKernelShape(new Shape(3, 2))
                                                .optStride(new Shape(1, 2))
                                                .optPadding(new Shape(2, 0))
                                                .optDilation(new Shape(2, 1))
                                                .optGroups(groups)
                                                .optBias(bias)
                                                .build(),
                                new Shape(2, 12, 7, 8)));
                layers.add(
                        layer(
                                "Conv3d" + name,
                                () ->
                                        Conv3d.builder()
                                                .setFilters(6)
                                                .setKernelShape(new Shape(2, 1, 3))
                                                .optGroups(groups)
                                                .optBias(bias)
                                                .build(),
                                new Shape(2, 6, 4, 3, 5)));
                layers.add(
                        layer(
                                "TransposedConv1d" + name,
                                () ->
                                        TransposedConv1d.builder()
                                                .setFilters(12)
                                                .setKernelShape(new Shape(4))
                                                .optStride(new Shape(2))
                                                .optGroups(groups)
                                                .optBias(bias)
                                                .build(),
                                new Shape(2, 6, 5)));
                layers.add(
                        layer(
                                "TransposedConv2d" + name,
                                () ->
                                        TransposedConv2d.builder()
                                                .setFilters(6)
                                                .setKernelShape(new Shape(3, 2))
                                                .optStride(new Shape(2, 3))
                                                .optPadding(new Shape(1, 0))
                                                .optOutPadding(new Shape(1, 0))
                                                .optGroups(groups)
                                                .optBias(bias)
                                                .build(),
                                new Shape(2, 12, 4, 3)));
            }
        }
        for (Shape input : new Shape[] {new Shape(4, 9), new Shape(2, 3, 9), new Shape(9)}) {
            for (boolean bias : new boolean[] {true, false}) {
                layers.add(
                        layer(
                                "Linear of " + input + (bias ? " with bias" : ""),
                                () -> Linear.builder().setUnits(8).optBias(bias).build(),
                                input));
            }
        }
        layers.add(
                layer(
                        "Conv2d to one filter from one channel",
                        () ->
                                Conv2d.builder()
                                        .setFilters(1)
                                        .setKernelShape(new Shape(3, 3))
                                        .build(),
                        new Shape(2, 1, 5, 5)));
        layers.add(
                layer(
                        "Conv2d 1x1",
                        () ->
                                Conv2d.builder()
                                        .setFilters(10)
                                        .setKernelShape(new Shape(1, 1))
                                        .build(),
                        new Shape(2, 8, 5, 5)));
        return layers.stream();
    }

    private static Arguments layer(String name, Supplier<Block> layer, Shape input) {
        return arguments(name, layer, input);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void everyStrategyGivesTheSameResult(String name, Supplier<Block> layer, Shape input) {
        for (int kept : new int[] {1, 4, 13, 1_000_000}) {
            assertAlike(layer, input, () -> kept(kept));
        }
    }

    /** Gradients of coefficients and of inputs, in float64. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void gradientsOfEveryStrategyMatchFiniteDifferences(
            String name, Supplier<Block> layer, Shape input) {
        for (Strategy strategy : Strategy.values()) {
            try (NDManager manager = NDManager.newBaseManager()) {
                Seeds.engine(7);
                Block block =
                        FrequencyRegularization.builder()
                                .optKept(13)
                                .optStrategy(strategy)
                                .build()
                                .apply(layer.get());
                block.initialize(manager, DataType.FLOAT64, input);
                NDArray image = manager.randomNormal(input).toType(DataType.FLOAT64, false);
                Parameter coefficients = block.getParameters().get("weight");
                NDArray vector = coefficients.getArray().stopGradient();
                Shape output = block.getOutputShapes(new Shape[] {input})[0];
                NDArray weights =
                        manager.arange(0, (float) output.size(), 1, DataType.FLOAT64)
                                .add(1)
                                .sin()
                                .reshape(output);
                Gradients.assertEqualsFiniteDifferences(
                        vector,
                        weights,
                        at -> forward(block, manager, image, Map.of(coefficients, at)));
                Gradients.assertEqualsFiniteDifferences(
                        image, weights, at -> forward(block, manager, at, Map.of()));
            }
        }
    }

    /** A forward pass in training, with some parameters replaced. */
    private static NDArray forward(
            Block block, NDManager manager, NDArray input, Map<Parameter, NDArray> replaced) {
        ParameterStore store =
                new ParameterStore(manager, false) {
                    @Override
                    public NDArray getValue(Parameter parameter, Device device, boolean training) {
                        // A layer without a bias requests null.
                        return parameter != null && replaced.containsKey(parameter)
                                ? replaced.get(parameter)
                                : super.getValue(parameter, device, training);
                    }
                };
        return block.forward(store, new NDList(input), true).singletonOrThrow();
    }

    /** Splits of the input axis, of the output axis, of both, and of kernels. */
    static Stream<Arguments> splitLayers() {
        Supplier<Block> linear = () -> Linear.builder().setUnits(12).build();
        Supplier<Block> convolution = () -> convolution(12, true);
        Supplier<Block> up =
                () ->
                        TransposedConv2d.builder()
                                .setFilters(8)
                                .setKernelShape(new Shape(4, 1))
                                .build();
        Shape rows = new Shape(5, 24);
        Shape maps = new Shape(2, 6, 5, 4);
        return Stream.of(
                arguments(linear, rows, new Shape(12, 6, 2, 2)),
                arguments(linear, rows, new Shape(3, 4, 24)),
                arguments(linear, rows, new Shape(3, 4, 6, 4)),
                arguments(linear, rows, new Shape(12, 1, 24, 1)),
                arguments(convolution, maps, new Shape(3, 4, 6, 3, 3)),
                arguments(convolution, maps, new Shape(12, 2, 3, 3, 3)),
                arguments(up, maps, new Shape(2, 3, 8, 2, 2, 1)),
                arguments(up, maps, new Shape(6, 8, 2, 2, 1)));
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("splitLayers")
    void everyStrategyGivesTheSameResultForASplitShape(
            Supplier<Block> layer, Shape input, Shape split) {
        for (int kept : new int[] {1, 7, 40, 1_000_000}) {
            assertAlike(layer, input, () -> kept(kept).addSplit("weight", split));
        }
    }

    /** Only the input axis is split; the output axis still stays in the frequency domain. */
    @Test
    void splitWeightIsTransformedInItsSplitShape() {
        Shape split = new Shape(40, 6, 8, 8);
        Block layer = Linear.builder().setUnits(40).optBias(false).build();
        Block block =
                FrequencyRegularization.builder()
                        .optKept(30)
                        .addSplit("weight", split)
                        .optStrategy(Strategy.AUTO)
                        .build()
                        .apply(layer);
        Shape input = new Shape(200, 6 * 8 * 8);
        Seeds.engine(7);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, input);
            NDArray image = manager.randomNormal(input);
            block.forward(new ParameterStore(manager, false), new NDList(image), false);
            Pick pick = ExecutionReport.of(block).getRows().get(0).pick();
            assertEquals(Factorization.EXPAND, pick.factorization());
            FrequencyTensor tensor = FrequencyBlocks.tensors(block).get("weight");
            assertEquals(split, new Shape(tensor.mask().getShape().getShape()));
            double[] expected = doubles(tensor.rebuild(manager));
            Block dense = FrequencyBlocks.toDense(block);
            NDArray weight = dense.getParameters().get("weight").getArray();
            assertEquals(new Shape(40, 6 * 8 * 8), weight.getShape());
            assertClose(expected, doubles(weight), "weight");
        }
    }

    @Test
    void factoredLayerNeverBuildsItsWeight() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Linear linear = Linear.builder().setUnits(4096).build();
            Shape input = new Shape(2, 9216);
            Block block =
                    FrequencyRegularization.builder()
                            .optKept(256)
                            .optStrategy(Strategy.FACTORED)
                            .build()
                            .apply(linear);
            block.initialize(manager, DataType.FLOAT32, input);
            // The layer's weight is a single number, broadcast to the shape.
            NDArray weight = linear.getParameters().get("weight").getArray();
            assertEquals(new Shape(4096, 9216), weight.getShape());
            NDArray answer =
                    block.forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(input)),
                                    false)
                            .singletonOrThrow();
            assertTrue(weight == linear.getParameters().get("weight").getArray());
            Block dense = FrequencyBlocks.toDense(block);
            NDArray expected =
                    dense.forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(input)),
                                    false)
                            .singletonOrThrow();
            assertClose(doubles(expected), doubles(answer), "dense");
        }
    }
}
