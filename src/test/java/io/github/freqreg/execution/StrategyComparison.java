package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.spectrum.GradientGraph;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Computes a layer with every strategy and compares outputs and gradients. */
final class StrategyComparison {

    /** Rounding in float32, relative to the largest value. */
    static final double CLOSE = 1e-4;

    /** Rounding in float64, relative to the largest value. */
    static final double CLOSE_DOUBLE = 1e-11;

    private StrategyComparison() {}

    /**
     * Compares outputs in float32 and float64, but gradients only in float64. In float32 a value
     * near zero may pass a ReLU with one strategy and not with another, or win a maximum with only
     * one of them: the output hardly changes, but the gradients of a whole neighbourhood do.
     * Gradients may also cancel down to rounding. In float64 no value is that close.
     */
    static void assertAlike(
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
            // Gradients are sums that may nearly cancel, so rounding is relative to their terms.
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

    static double close(DataType type) {
        return type == DataType.FLOAT32 ? CLOSE : CLOSE_DOUBLE;
    }

    /** The output in training, the gradients, and the output at inference. */
    static List<double[]> run(
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
        assertFalse(GradientGraph.contains(inference), "no graph is built at inference");
        results.add(doubles(inference));
        assertClose(results.get(0), doubles(inference), close(type), "inference");
        return results;
    }

    static NDArray normal(NDManager manager, Shape shape, DataType type) {
        return manager.randomNormal(shape).toType(type, false);
    }

    static double[] doubles(NDArray array) {
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    static void assertClose(double[] expected, double[] found, String what) {
        assertClose(expected, found, CLOSE, what);
    }

    static void assertClose(double[] expected, double[] found, double close, String what) {
        assertClose(expected, found, close, size(expected), what);
    }

    static void assertClose(
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

    static double size(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    static FrequencyRegularizationBuilder kept(int kept) {
        return FrequencyRegularization.builder().optKept(kept);
    }

    static Block convolution(int filters, boolean bias) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .optBias(bias)
                .build();
    }
}
