package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.UsesEngine;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of channels with a basis, compared with sums over single elements. */
@UsesEngine
class ChannelMixTest {

    private final NDManager manager;

    ChannelMixTest(NDManager manager) {
        this.manager = manager;
    }

    /** A layer with n channels and K frequencies in each group. */
    record Case(ChannelLayout layout, int groups, int n, int k, long batch, Shape places) {

        Shape image(long channels) {
            return new Shape(batch).addAll(new Shape(groups * channels)).addAll(places);
        }

        ChannelMix mix() {
            return new ChannelMix(layout, groups);
        }
    }

    static Stream<Case> layers() {
        return Stream.of(ChannelLayout.CONVOLUTION, ChannelLayout.TRANSPOSED)
                .flatMap(
                        layout ->
                                Stream.of(
                                        new Case(layout, 1, 5, 3, 2, new Shape(4, 3)),
                                        new Case(layout, 3, 5, 2, 2, new Shape(1, 7)),
                                        new Case(layout, 2, 3, 3, 1, new Shape(5)),
                                        new Case(layout, 4, 2, 1, 3, new Shape(1)),
                                        new Case(layout, 1, 7, 1, 3, new Shape(2, 1, 3)),
                                        new Case(layout, 3, 1, 1, 2, new Shape(2, 2))));
    }

    /** The channels of the input of a transposed convolution have one basis for all groups. */
    @ParameterizedTest
    @MethodSource("layers")
    void projectionSumsOverTheChannelsOfAGroup(Case c) {
        boolean all = c.layout == ChannelLayout.TRANSPOSED;
        NDArray image = normal(c.image(c.n));
        NDArray basis = normal(new Shape(all ? c.groups * c.n : c.n, c.k));
        NDArray found = c.mix().project(image, basis);
        assertEquals(c.image(c.k), found.getShape());
        assertClose(
                mixed(c, image, c.n, c.k, (g, i, k) -> at(basis, all ? g * c.n + i : i, k)), found);
    }

    /** The channels of the output of a convolution have one basis for all groups. */
    @ParameterizedTest
    @MethodSource("layers")
    void expansionSumsOverTheFrequenciesOfAGroup(Case c) {
        boolean all = c.layout == ChannelLayout.CONVOLUTION;
        NDArray image = normal(c.image(c.k));
        NDArray basis = normal(new Shape(all ? c.groups * c.n : c.n, c.k));
        NDArray found = c.mix().expand(image, basis);
        assertEquals(c.image(c.n), found.getShape());
        assertClose(
                mixed(c, image, c.k, c.n, (g, k, i) -> at(basis, all ? g * c.n + i : i, k)), found);
    }

    @Test
    void coreIsRepeatedForEachGroup() {
        NDArray core = normal(new Shape(2, 1, 3));
        double[] once = core.toDoubleArray();
        for (int groups : new int[] {1, 2, 5}) {
            NDArray tiled = new ChannelMix(ChannelLayout.CONVOLUTION, groups).tile(core);
            assertEquals(new Shape(2L * groups, 1, 3), tiled.getShape());
            double[] found = tiled.toDoubleArray();
            for (int i = 0; i < found.length; i++) {
                assertEquals(once[i % once.length], found[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void biasIsAddedAlongTheChannels(Case c) {
        NDArray image = normal(c.image(c.n));
        NDArray bias = normal(new Shape((long) c.groups * c.n));
        NDArray sum = image.add(c.mix().alongChannels(bias, manager, image.getShape()));
        double[] expected = image.toDoubleArray();
        for (int i = 0; i < expected.length; i++) {
            long channel = i / c.places.size() % bias.size();
            expected[i] += bias.getDouble(channel);
        }
        assertArrayEquals(expected, sum.toDoubleArray());
    }

    @Test
    void biasOfALinearLayerIsAddedAlongTheLastAxis() {
        NDArray image = normal(new Shape(2, 3, 5));
        NDArray bias = normal(new Shape(5));
        ChannelMix mix = new ChannelMix(ChannelLayout.LINEAR, 1);
        double[] found =
                image.add(mix.alongChannels(bias, manager, image.getShape())).toDoubleArray();
        double[] expected = image.toDoubleArray();
        for (int i = 0; i < expected.length; i++) {
            expected[i] += bias.getDouble(i % 5);
        }
        assertArrayEquals(expected, found);
    }

    private NDArray normal(Shape shape) {
        return StrategyComparison.normal(manager, shape, DataType.FLOAT64);
    }

    private static double at(NDArray basis, int channel, int frequency) {
        return basis.getDouble(channel, frequency);
    }

    /** out[b, g, j, p] = Σ_i in[b, g, i, p] · factor(g, i, j), as row-major numbers. */
    private static double[] mixed(Case c, NDArray image, int from, int to, Factor factor) {
        double[] in = image.toDoubleArray();
        int places = (int) c.places.size();
        double[] out = new double[(int) c.batch * c.groups * to * places];
        for (int b = 0; b < c.batch; b++) {
            for (int g = 0; g < c.groups; g++) {
                int group = b * c.groups + g;
                for (int i = 0; i < from; i++) {
                    for (int j = 0; j < to; j++) {
                        double weight = factor.of(g, i, j);
                        for (int p = 0; p < places; p++) {
                            out[(group * to + j) * places + p] +=
                                    weight * in[(group * from + i) * places + p];
                        }
                    }
                }
            }
        }
        return out;
    }

    private static void assertClose(double[] expected, NDArray found) {
        StrategyComparison.assertClose(
                expected, found.toDoubleArray(), StrategyComparison.CLOSE_DOUBLE, "mix");
    }

    /** The factor of an input channel in an output channel of a group. */
    private interface Factor {

        double of(int group, int from, int to);
    }
}
