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
    private final ZigzagMask mask;

    /**
     * Describes a tensor.
     *
     * @param weights dense weights, which are initialised; a placeholder if they are not drawn
     * @param mask the kept coefficients
     */
    StartCoefficients(NDArray weights, ZigzagMask mask) {
        this.weights = weights;
        this.mask = mask;
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
     * Projects or draws fresh weights, and scales them.
     *
     * @param initializer of the weights
     * @param shape of the tensor in the network
     * @param rounds of balancing, see {@link StartScale}
     * @return the coefficients, on the manager of the weights
     */
    NDArray ofFresh(Initializer initializer, Shape shape, int rounds) {
        try (NDManager scratch = weights.getManager().newSubManager()) {
            NDArray vector = drawn(initializer, scratch);
            StartScale.scale(vector, StartScale.of(shape, mask, rounds), scratch);
            return leave(vector);
        }
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
        Shape kept = new Shape(mask.getKept());
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
                                mask, scratch, weights.getDevice(), weights.getDataType());
                NDArray seen = weights.reshape(mask.getShape())) {
            return transform.project(seen, scratch);
        }
    }
}
