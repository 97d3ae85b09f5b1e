package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Depthwise convolutions with "same" padding. */
class DepthwiseTest {

    /** Rounding in float64. */
    private static final double CLOSE = 1e-12;

    private static Block layer(int channels, int multiplier, int kernel, int dilation) {
        int padding = dilation * (kernel - 1) / 2;
        return Conv2d.builder()
                .setFilters(channels * multiplier)
                .setKernelShape(new Shape(kernel, kernel))
                .optPadding(new Shape(padding, padding))
                .optDilation(new Shape(dilation, dilation))
                .optGroups(channels)
                .optBias(false)
                .build();
    }

    private static NDArray random(NDManager manager, Shape shape) {
        Random random = new Random(Seeds.of(3));
        double[] values = random.doubles(shape.size()).map(u -> random.nextGaussian()).toArray();
        return manager.create(values).reshape(shape);
    }

    private static NDArray forward(
            Block block, NDManager manager, NDArray input, boolean training) {
        return block.forward(new ParameterStore(manager, false), new NDList(input), training)
                .singletonOrThrow();
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 1", "2, 3, 1", "1, 5, 1", "3, 5, 2", "1, 1, 1", "1, 3, 3"})
    void samePaddingEqualsTheDenseLayer(int multiplier, int kernel, int dilation) {
        Shape shape = new Shape(2, 6, 9, 7);
        for (Strategy strategy : Strategy.values()) {
            try (NDManager manager = NDManager.newBaseManager()) {
                NDArray input = random(manager, shape);
                Block dense = layer(6, multiplier, kernel, dilation);
                Block plain = layer(6, multiplier, kernel, dilation);
                for (Block each : new Block[] {dense, plain}) {
                    TestModels.initialize(each, manager, DataType.FLOAT64, shape);
                }
                Block wrapped =
                        FrequencyRegularization.builder()
                                .optStrategy(strategy)
                                .build()
                                .apply(plain);
                NDArray expected = forward(dense, manager, input, false);
                assertEquals(new Shape(2, 6L * multiplier, 9, 7), expected.getShape());
                for (boolean training : new boolean[] {false, true}) {
                    double apart =
                            TestModels.difference(
                                    expected, forward(wrapped, manager, input, training));
                    assertTrue(apart < CLOSE, strategy + " is " + apart + " apart");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.02, 0.1, 0.3, 1})
    void freshLayerRoughlyKeepsTheScaleOfItsInput(double rate) {
        int channels = 64;
        Shape shape = new Shape(2, channels, 16, 16);
        double noise = 0;
        double smooth = 0;
        int seeds = 20;
        for (int seed = 0; seed < seeds; seed++) {
            try (NDManager manager = NDManager.newBaseManager()) {
                Seeds.engine(seed);
                Block block =
                        FrequencyRegularization.builder()
                                .optKeepRate(rate)
                                .optFloors(false)
                                .build()
                                .apply(layer(channels, 1, 3, 1));
                block.initialize(manager, DataType.FLOAT64, shape);
                NDArray white = random(manager, shape);
                noise += ratio(white, forward(block, manager, white, true)) / seeds;
                // Constant within each channel.
                NDArray flat = random(manager, new Shape(2, channels, 1, 1)).broadcast(shape);
                smooth += ratio(flat, forward(block, manager, flat, true)) / seeds;
            }
        }
        // DJL's initialiser doubles the mean square, to compensate for a ReLU.
        assertTrue(noise > 0.5 && noise < 4, "noise becomes " + noise + " of its mean square");
        assertTrue(smooth > 0.5 && smooth < 4, "a flat input becomes " + smooth);
    }

    /** The mean square of the output divided by that of the input. */
    private static double ratio(NDArray input, NDArray output) {
        try (NDArray detached = output.stopGradient()) {
            return detached.square().mean().getDouble() / input.square().mean().getDouble();
        }
    }
}
