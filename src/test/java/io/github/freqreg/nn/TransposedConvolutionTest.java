package io.github.freqreg.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.policy.FrequencyRegularization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@UsesEngine(seed = 3)
class TransposedConvolutionTest {

    private final NDManager manager;

    TransposedConvolutionTest(NDManager manager) {
        this.manager = manager;
    }

    /** The options of a layer; only the kernel may differ between height and width. */
    private record Options(
            int channels,
            int filters,
            int groups,
            int kernelHeight,
            int kernelWidth,
            int stride,
            int padding,
            int outPadding,
            int dilation,
            boolean bias) {

        Block build() {
            return TransposedConv2d.builder()
                    .setFilters(filters)
                    .setKernelShape(new Shape(kernelHeight, kernelWidth))
                    .optStride(new Shape(stride, stride))
                    .optPadding(new Shape(padding, padding))
                    .optOutPadding(new Shape(outPadding, outPadding))
                    .optDilation(new Shape(dilation, dilation))
                    .optGroups(groups)
                    .optBias(bias)
                    .build();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "3, 4, 1, 2, 2, 2, 0, 0, 1, false", // the UNet's
        "1, 1, 1, 1, 1, 1, 0, 0, 1, true",
        "2, 3, 1, 3, 3, 1, 0, 0, 1, true",
        "2, 3, 1, 3, 3, 1, 1, 0, 1, true",
        "2, 3, 1, 3, 2, 2, 1, 1, 1, true",
        "2, 3, 1, 4, 3, 3, 2, 2, 1, true",
        "4, 6, 2, 3, 3, 2, 1, 1, 1, true",
        "4, 4, 4, 3, 3, 2, 1, 0, 1, false",
        "2, 3, 1, 3, 2, 2, 1, 1, 2, true",
        "4, 2, 2, 2, 3, 3, 2, 1, 3, true",
        "2, 2, 1, 1, 1, 3, 0, 2, 1, true", // gaps, and output padding beyond the last tap
        "2, 2, 1, 5, 5, 1, 3, 0, 1, true",
    })
    void isTheDefinition(
            int channels,
            int filters,
            int groups,
            int kernelHeight,
            int kernelWidth,
            int stride,
            int padding,
            int outPadding,
            int dilation,
            boolean bias) {
        Options options =
                new Options(
                        channels,
                        filters,
                        groups,
                        kernelHeight,
                        kernelWidth,
                        stride,
                        padding,
                        outPadding,
                        dilation,
                        bias);
        Shape shape = new Shape(2, channels, 5, 4);
        Block block = options.build();
        block.initialize(manager, DataType.FLOAT32, shape);
        if (bias) {
            fill(block.getParameters().get("bias").getArray());
        }
        NDArray input = manager.randomNormal(shape);
        NDArray answer =
                block.forward(new ParameterStore(manager, false), new NDList(input), false)
                        .singletonOrThrow();
        assertEquals(block.getOutputShapes(new Shape[] {shape})[0], answer.getShape());
        assertArrayEquals(
                naive(options, input, block, answer.getShape()), answer.toFloatArray(), 1e-4f);
    }

    private void fill(NDArray bias) {
        boolean trainable = bias.hasGradient();
        bias.setRequiresGradient(false);
        manager.randomNormal(bias.getShape()).copyTo(bias);
        bias.setRequiresGradient(trainable);
    }

    /** The definition: each input element adds its multiple of the kernel to the output. */
    private static float[] naive(Options o, NDArray input, Block block, Shape output) {
        float[] x = input.toFloatArray();
        float[] w = block.getParameters().get("weight").getArray().toFloatArray();
        int height = (int) input.getShape().get(2);
        int width = (int) input.getShape().get(3);
        int rows = (int) output.get(2);
        int columns = (int) output.get(3);
        float[] y = new float[(int) output.size()];
        int perGroup = o.filters / o.groups;
        for (int n = 0; n < output.get(0); n++) {
            for (int c = 0; c < o.channels; c++) {
                int group = c / (o.channels / o.groups);
                for (int f = 0; f < perGroup; f++) {
                    int plane = (n * o.filters + group * perGroup + f) * rows * columns;
                    for (int i = 0; i < height * width * o.kernelHeight * o.kernelWidth; i++) {
                        int kx = i % o.kernelWidth;
                        int ky = i / o.kernelWidth % o.kernelHeight;
                        int at = i / (o.kernelWidth * o.kernelHeight);
                        int row = at / width * o.stride - o.padding + ky * o.dilation;
                        int column = at % width * o.stride - o.padding + kx * o.dilation;
                        if (row >= 0 && row < rows && column >= 0 && column < columns) {
                            y[plane + row * columns + column] +=
                                    x[(n * o.channels + c) * height * width + at]
                                            * w[
                                                    ((c * perGroup + f) * o.kernelHeight + ky)
                                                                    * o.kernelWidth
                                                            + kx];
                        }
                    }
                }
            }
        }
        if (o.bias) {
            float[] bias = block.getParameters().get("bias").getArray().toFloatArray();
            for (int i = 0; i < y.length; i++) {
                y[i] += bias[i / (rows * columns) % o.filters];
            }
        }
        return y;
    }

    @Test
    void overOneAxisItIsARowOfTheTwoAxes() {
        Block one =
                TransposedConv1d.builder()
                        .setFilters(3)
                        .setKernelShape(new Shape(4))
                        .optStride(new Shape(3))
                        .optPadding(new Shape(1))
                        .optOutPadding(new Shape(1))
                        .optDilation(new Shape(2))
                        .build();
        Block two =
                TransposedConv2d.builder()
                        .setFilters(3)
                        .setKernelShape(new Shape(1, 4))
                        .optStride(new Shape(1, 3))
                        .optPadding(new Shape(0, 1))
                        .optOutPadding(new Shape(0, 1))
                        .optDilation(new Shape(1, 2))
                        .build();
        one.initialize(manager, DataType.FLOAT32, new Shape(2, 2, 5));
        two.initialize(manager, DataType.FLOAT32, new Shape(2, 2, 1, 5));
        NDArray weight = two.getParameters().get("weight").getArray();
        weight.setRequiresGradient(false);
        one.getParameters().get("weight").getArray().reshape(weight.getShape()).copyTo(weight);
        NDArray input = manager.randomNormal(new Shape(2, 2, 5));
        ParameterStore store = new ParameterStore(manager, false);
        NDArray answer = one.forward(store, new NDList(input), false).head();
        NDArray image = two.forward(store, new NDList(input.expandDims(2)), false).head();
        assertEquals(one.getOutputShapes(new Shape[] {input.getShape()})[0], answer.getShape());
        assertArrayEquals(image.toFloatArray(), answer.toFloatArray(), 1e-5f);
    }

    @Test
    void gradientsOfWeightAndInputAreThoseOfTheDefinition() {
        // y is linear in each argument, so a directional derivative equals the change of y.
        Block block = new Options(2, 2, 1, 3, 2, 2, 1, 1, 2, false).build();
        Shape shape = new Shape(1, 2, 3, 4);
        block.initialize(manager, DataType.FLOAT32, shape);
        NDArray weight = block.getParameters().get("weight").getArray();
        NDArray input = manager.randomNormal(shape);
        input.setRequiresGradient(true);
        ParameterStore store = new ParameterStore(manager, false);
        NDArray factor = manager.randomNormal(block.getOutputShapes(new Shape[] {shape})[0]);
        float value;
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray loss = block.forward(store, new NDList(input), true).head().mul(factor).sum();
            collector.backward(loss);
            value = loss.getFloat();
        }
        float bound = 1e-4f * Math.max(1, Math.abs(value));
        assertEquals(value, weight.getGradient().mul(weight).sum().getFloat(), bound);
        assertEquals(value, input.getGradient().mul(input).sum().getFloat(), bound);
        assertTrue(weight.getGradient().abs().sum().getFloat() > 0);
    }

    @Test
    void nothingIsLeftOnTheWeightsManager() {
        Block block = new Options(2, 2, 1, 3, 2, 2, 1, 1, 2, true).build();
        Shape shape = new Shape(1, 2, 3, 4);
        block.initialize(manager, DataType.FLOAT32, shape);
        ParameterStore store = new ParameterStore(manager, false);
        int before = manager.getManagedArrays().size();
        for (int i = 0; i < 3; i++) {
            try (NDManager own = manager.newSubManager()) {
                block.forward(store, new NDList(own.randomNormal(shape)), false);
            }
        }
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void isWrappedAsATransposedConvolution() {
        Shape shape = new Shape(1, 20, 3, 4);
        Block block = new Options(20, 8, 1, 3, 3, 2, 1, 1, 1, true).build();
        FrequencyBlock wrapped =
                (FrequencyBlock)
                        FrequencyRegularization.builder().optKeepRate(1e-6).build().apply(block);
        wrapped.initialize(manager, DataType.FLOAT32, shape);
        // The published floor of 31 is an index: 32 are kept.
        assertEquals(32, FrequencyBlocks.kept(wrapped).get("weight"));
        NDList answer =
                wrapped.forward(
                        new ParameterStore(manager, false),
                        new NDList(manager.randomNormal(shape)),
                        false);
        assertEquals(wrapped.getOutputShapes(new Shape[] {shape})[0], answer.head().getShape());
    }

    @Test
    void groupsThatDoNotDivideAreRefused() {
        Block block = new Options(3, 4, 2, 3, 3, 2, 1, 1, 1, true).build();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 4, 4)));
        assertTrue(e.getMessage().contains("2 groups but found 3 and 4"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"1, true", "2, false", "3, true"})
    void takesTheOptionsAndNumbersOfDjlsLayer(int groups, boolean bias) {
        Conv2dTranspose djl =
                Conv2dTranspose.builder()
                        .setFilters(12)
                        .setKernelShape(new Shape(3, 2))
                        .optStride(new Shape(2, 1))
                        .optPadding(new Shape(1, 0))
                        .optOutPadding(new Shape(1, 0))
                        .optDilation(new Shape(1, 2))
                        .optGroups(groups)
                        .optBias(bias)
                        .build();
        Shape input = new Shape(2, 6, 5, 4);
        djl.initialize(manager, DataType.FLOAT32, input);
        TransposedConv2d ours = TransposedConv2d.of(djl);
        assertEquals(
                djl.getOutputShapes(new Shape[] {input})[0],
                ours.forward(
                                new ParameterStore(manager, false),
                                new NDList(manager.ones(input)),
                                false)
                        .head()
                        .getShape());
        NDArray theirs = djl.getParameters().get("weight").getArray();
        NDArray weight = ours.getParameters().get("weight").getArray();
        int filtersEach = 12 / groups;
        int channelsEach = 6 / groups;
        for (int filter = 0; filter < 12; filter++) {
            int group = filter / filtersEach;
            for (int channel = 0; channel < channelsEach; channel++) {
                assertArrayEquals(
                        theirs.get(filter, channel).toFloatArray(),
                        weight.get(group * channelsEach + channel, filter % filtersEach)
                                .toFloatArray());
            }
        }
        assertEquals(bias, ours.getParameters().contains("bias"));
        assertTrue(weight.hasGradient());
    }

    @Test
    void takesTheInitialiserOfDjlsLayer() {
        Conv1dTranspose djl =
                Conv1dTranspose.builder().setFilters(2).setKernelShape(new Shape(3)).build();
        djl.setInitializer(Initializer.ONES, Parameter.Type.WEIGHT);
        djl.freezeParameters(true);
        TransposedConv1d ours = TransposedConv1d.of(djl);
        ours.initialize(manager, DataType.FLOAT32, new Shape(1, 4, 5));
        NDArray weight = ours.getParameters().get("weight").getArray();
        assertEquals(24, weight.sum().getFloat());
        assertFalse(weight.hasGradient());
    }

    @Test
    void takesThePlaceOfDjlsLayersWhenAModelIsWrapped() {
        Block djl =
                new SequentialBlock()
                        .add(
                                Conv2dTranspose.builder()
                                        .setFilters(3)
                                        .setKernelShape(new Shape(2, 2))
                                        .optStride(new Shape(2, 2))
                                        .build())
                        .add(Activation.reluBlock());
        Shape input = new Shape(1, 4, 5, 5);
        for (boolean initialized : new boolean[] {false, true}) {
            if (initialized) {
                djl =
                        Conv2dTranspose.builder()
                                .setFilters(3)
                                .setKernelShape(new Shape(1, 1))
                                .build();
                djl.initialize(manager, DataType.FLOAT32, input);
            }
            Block block = FrequencyRegularization.builder().optKept(8).build().apply(djl, input);
            block.initialize(manager, DataType.FLOAT32, input);
            assertEquals(
                    block.getOutputShapes(new Shape[] {input})[0],
                    block.forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(input)),
                                    false)
                            .head()
                            .getShape());
            assertEquals(8, block.getParameters().get(0).getValue().getArray().size());
        }
    }
}
