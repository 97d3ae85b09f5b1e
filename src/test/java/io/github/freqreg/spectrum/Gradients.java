package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.training.GradientCollector;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/** Compares gradients with central finite differences, in float64. */
public final class Gradients {

    private static final double STEP = 1e-4;
    private static final double TOLERANCE = 1e-6;

    private Gradients() {}

    /**
     * Checks the gradient of Σ weights · f(at)³, which is nonlinear and so depends on the values.
     */
    public static void assertEqualsFiniteDifferences(
            NDArray at, NDArray weights, UnaryOperator<NDArray> function) {
        at.setRequiresGradient(true);
        try (GradientCollector collector = at.getManager().getEngine().newGradientCollector()) {
            collector.backward(scalar(at, weights, function));
        }
        double[] gradient = at.getGradient().toDoubleArray();
        at.setRequiresGradient(false);
        double scale = Arrays.stream(gradient).map(Math::abs).reduce(1, Math::max);
        double[] values = at.toDoubleArray();
        // Tests a sample of the elements, spread over all axes, to save time.
        for (int i = 0; i < values.length; i += 1 + values.length / 24) {
            double value = values[i];
            values[i] = value + STEP;
            double above = valueAt(at, values, weights, function);
            values[i] = value - STEP;
            double below = valueAt(at, values, weights, function);
            values[i] = value;
            assertEquals((above - below) / (2 * STEP), gradient[i], TOLERANCE * scale, "at " + i);
        }
    }

    private static double valueAt(
            NDArray like, double[] values, NDArray weights, UnaryOperator<NDArray> function) {
        NDArray moved =
                like.getManager()
                        .create(DoubleBuffer.wrap(values), like.getShape(), like.getDataType());
        return scalar(moved, weights, function).getDouble();
    }

    private static NDArray scalar(NDArray at, NDArray weights, UnaryOperator<NDArray> function) {
        NDArray value = function.apply(at);
        return value.mul(value).mul(value).mul(weights).sum();
    }
}
