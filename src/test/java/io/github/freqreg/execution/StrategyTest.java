package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.Gradients;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way to compute a layer gives the same answer and the same gradients. */
class StrategyTest {

    /** Rounding in float32, as a share of the largest number. */
    private static final double CLOSE = 1e-4;

    /** Rounding in float64. */
    private static final double CLOSE_DOUBLE = 1e-11;

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
    void everyStrategyGivesTheSame(String name, Supplier<Block> layer, Shape input) {
        for (int kept : new int[] {1, 4, 13, 1_000_000}) {
            assertAlike(layer, input, () -> kept(kept));
        }
    }

    /** In float64, of the coefficients and of what goes in. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void gradientsOfEveryStrategyAreFiniteDifferences(
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
                        // A layer without a bias asks for null.
                        return parameter != null && replaced.containsKey(parameter)
                                ? replaced.get(parameter)
                                : super.getValue(parameter, device, training);
                    }
                };
        return block.forward(store, new NDList(input), true).singletonOrThrow();
    }

    /** With the input's axis split, the output's, both, and kernels too. */
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
    void everyStrategyGivesTheSameInASplitShape(Supplier<Block> layer, Shape input, Shape split) {
        for (int kept : new int[] {1, 7, 40, 1_000_000}) {
            assertAlike(layer, input, () -> kept(kept).addSplit("weight", split));
        }
    }

    /** And the axis that is not split stays between frequencies. */
    @Test
    void aSplitWeightIsTheTransformInItsShape() {
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
            double[] expected = doubles(tensor.toSpatial(manager));
            Block dense = FrequencyBlocks.toDense(block);
            NDArray weight = dense.getParameters().get("weight").getArray();
            assertEquals(new Shape(40, 6 * 8 * 8), weight.getShape());
            assertClose(expected, doubles(weight), "weight");
        }
    }

    private static FrequencyRegularizationBuilder kept(int kept) {
        return FrequencyRegularization.builder().optKept(kept);
    }

    /**
     * The answers in float32 and float64, the gradients in float64 only. A gradient is a sum of
     * which nothing but rounding may be left; and a number within rounding of zero may pass a ReLU
     * on one way to compute and not on another, or be the larger one of two: the answer moves as
     * little as the number does, but the gradients of a whole neighbourhood are others. In float64
     * none is so near.
     */
    private static void assertAlike(
            Supplier<Block> layer, Shape input, Supplier<FrequencyRegularizationBuilder> policy) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            Map<Strategy, List<double[]>> answers = new EnumMap<>(Strategy.class);
            try (NDManager manager = NDManager.newBaseManager()) {
                for (Strategy strategy : Strategy.values()) {
                    try (NDManager own = manager.newSubManager()) {
                        answers.put(
                                strategy,
                                run(own, layer.get(), input, policy.get(), strategy, type));
                    }
                }
            }
            List<double[]> expected = answers.get(Strategy.REBUILD);
            int last = expected.size() - 1;
            // Gradients are sums, of which some are nearly zero: rounding is a share of the terms.
            double largest = 0;
            for (double[] gradient : expected.subList(1, last)) {
                largest = Math.max(largest, size(gradient));
            }
            for (Strategy strategy : Strategy.values()) {
                List<double[]> found = answers.get(strategy);
                assertEquals(expected.size(), found.size());
                for (int i = 0; i <= last; i++) {
                    boolean gradient = i > 0 && i < last;
                    if (!gradient || type == DataType.FLOAT64) {
                        double scale = gradient ? largest : size(expected.get(i));
                        String what = strategy + " in " + type + ", result " + i;
                        assertClose(expected.get(i), found.get(i), close(type), scale, what);
                    }
                }
            }
        }
    }

    private static double close(DataType type) {
        return type == DataType.FLOAT32 ? CLOSE : CLOSE_DOUBLE;
    }

    /** The answer of training, the gradients, and the answer of inference. */
    private static List<double[]> run(
            NDManager manager,
            Block layer,
            Shape input,
            FrequencyRegularizationBuilder policy,
            Strategy strategy,
            DataType type) {
        Seeds.engine(7);
        Block block = policy.optStrategy(strategy).build().apply(layer);
        block.initialize(manager, type, input);
        for (Parameter parameter : block.getParameters().values()) {
            parameter.getArray().setRequiresGradient(false);
            normal(manager, parameter.getArray().getShape(), type).copyTo(parameter.getArray());
            parameter.getArray().setRequiresGradient(true);
        }
        NDArray image = normal(manager, input, type);
        image.setRequiresGradient(true);
        ParameterStore store = new ParameterStore(manager, false);
        List<double[]> results = new ArrayList<>();
        NDArray out = null;
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            out = block.forward(store, new NDList(image), true).singletonOrThrow();
            assertEquals(block.getOutputShapes(new Shape[] {input})[0], out.getShape());
            NDArray weights =
                    manager.arange(0, (float) out.size(), 1, type)
                            .add(1)
                            .sin()
                            .reshape(out.getShape());
            collector.backward(out.mul(weights).sum());
        }
        results.add(doubles(out));
        results.add(doubles(image.getGradient()));
        for (Parameter parameter : block.getParameters().values()) {
            results.add(doubles(parameter.getArray().getGradient()));
        }
        NDArray plain = image.stopGradient();
        NDArray inference = block.forward(store, new NDList(plain), false).singletonOrThrow();
        assertTrue(!inference.hasGradient(), "no graph is built at inference");
        results.add(doubles(inference));
        assertClose(results.get(0), doubles(inference), close(type), "inference");
        return results;
    }

    private static NDArray normal(NDManager manager, Shape shape, DataType type) {
        return manager.randomNormal(shape).toType(type, false);
    }

    private static double[] doubles(NDArray array) {
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    private static void assertClose(double[] expected, double[] found, String what) {
        assertClose(expected, found, CLOSE, what);
    }

    private static void assertClose(double[] expected, double[] found, double close, String what) {
        assertClose(expected, found, close, size(expected), what);
    }

    private static void assertClose(
            double[] expected, double[] found, double close, double scale, String what) {
        assertEquals(expected.length, found.length, what);
        double[] differences = new double[expected.length];
        for (int i = 0; i < expected.length; i++) {
            differences[i] = expected[i] - found[i];
        }
        assertTrue(
                size(differences) <= close * scale,
                what + ": " + size(differences) + " of " + scale);
    }

    private static double size(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** Two convolutions and a transposed one, with batch statistics and ReLU in all mixtures. */
    private static SequentialBlock sequence(boolean bias) {
        return new SequentialBlock()
                .add(convolution(24, bias))
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(convolution(20, bias))
                .add(Activation.reluBlock())
                .add(convolution(16, bias))
                .add(new BatchStatisticsNorm(0.1f))
                .add(
                        TransposedConv2d.builder()
                                .setFilters(18)
                                .setKernelShape(new Shape(2, 2))
                                .optStride(new Shape(2, 2))
                                .optBias(bias)
                                .build())
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
    }

    private static Block convolution(int filters, boolean bias) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .optBias(bias)
                .build();
    }

    /** Within a tile, larger than a tile, and images of which three are a tile. */
    @ParameterizedTest
    @CsvSource({"1, 6, 7", "5, 6, 7", "1, 123, 101", "5, 61, 50"})
    void aFusedSequenceGivesTheSame(int batch, int height, int width) {
        Shape input = new Shape(batch, 12, height, width);
        for (boolean bias : new boolean[] {true, false}) {
            assertAlike(() -> sequence(bias), input, () -> kept(40));
        }
    }

    @Test
    void fusingLeavesTheNetworkAsItLooks() {
        SequentialBlock plain = sequence(true);
        List<String> keys = plain.getChildren().keys();
        List<String> names = plain.getParameters().keys();
        List<Block> blocks = plain.getChildren().values();
        Shape input = new Shape(2, 12, 6, 6);
        Block block = FrequencyRegularization.builder().optKept(30).build().apply(plain);
        Seeds.engine(7);
        assertEquals(keys, block.getChildren().keys());
        assertEquals(names, block.getParameters().keys());
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, input);
            NDList image = new NDList(manager.randomNormal(input));
            double[] expected = predict(block, manager, image);
            Block dense = FrequencyBlocks.toDense(block);
            assertEquals(keys, dense.getChildren().keys());
            assertEquals(blocks, dense.getChildren().values());
            assertTrue(dense.isInitialized());
            assertClose(expected, predict(dense, manager, image), "dense");
        }
    }

    private static double[] predict(Block block, NDManager manager, NDList image) {
        return doubles(
                block.forward(new ParameterStore(manager, false), image, false).singletonOrThrow());
    }

    @Test
    void aFactoredLayerNeverBuildsItsWeight() {
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
            // The layer holds one number that is seen as the whole weight.
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
