package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.OptionalDouble;

/** The coefficients that a tensor has at first: projected weights, or drawn ones. */
final class StartCoefficients {

    private final NDArray weights;
    private final Shape shape;
    private final TensorSpec spec;

    /**
     * Describes a tensor.
     *
     * @param weights dense weights, which are initialised; a placeholder if they are not drawn
     * @param shape of the tensor in the network
     * @param spec how it is kept
     */
    StartCoefficients(NDArray weights, Shape shape, TensorSpec spec) {
        this.weights = weights;
        this.shape = shape;
        this.spec = spec;
    }

    /**
     * Projects trained weights.
     *
     * @return the coefficients, on the manager of the weights
     */
    NDArray ofTrained() {
        try (NDManager scratch = weights.getManager().newSubManager()) {
            return leave(projected(scratch));
        }
    }

    /**
     * Projects or draws fresh weights, and scales them. With a start, all coefficients are zero:
     * the weights are those of the start.
     *
     * @param initializer of the weights
     * @return the coefficients, on the manager of the weights
     */
    NDArray ofFresh(Initializer initializer) {
        try (NDManager scratch = weights.getManager().newSubManager()) {
            if (spec.axes().hasStart()) {
                Shape kept = new Shape(spec.start());
                return leave(scratch.zeros(kept, weights.getDataType(), weights.getDevice()));
            }
            NDArray vector = drawn(initializer, scratch);
            float[] gains = StartScale.of(shape, mask(), spec.balanceRounds());
            StartScale.scale(vector, gains, scratch);
            vector.muli(spec.gain());
            return leave(vector);
        }
    }

    private ZigzagMask mask() {
        return spec.axes().mask(shape, spec.start());
    }

    private NDArray leave(NDArray vector) {
        vector.attach(weights.getManager());
        return vector;
    }

    private NDArray drawn(Initializer initializer, NDManager scratch) {
        OptionalDouble deviation =
                initializer instanceof CoefficientDraw draw
                        ? draw.deviation(weights)
                        : OptionalDouble.empty();
        if (deviation.isEmpty()) {
            return projected(scratch);
        }
        Shape kept = new Shape(spec.start());
        return scratch.randomNormal(
                0,
                (float) deviation.getAsDouble(),
                kept,
                weights.getDataType(),
                weights.getDevice());
    }

    private NDArray projected(NDManager scratch) {
        try (SpectralTransform transform =
                        new SpectralTransform(
                                spec.axes(),
                                shape,
                                spec.start(),
                                scratch,
                                weights.getDevice(),
                                weights.getDataType());
                NDArray seen = weights.reshape(spec.axes().shape(shape))) {
            return transform.project(seen, scratch);
        }
    }
}
