package io.github.freqreg.block;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;
import io.github.freqreg.spectrum.FrequencyAxes;

/**
 * How one tensor is kept in the frequency domain.
 *
 * @param start the number of coefficients that are kept when the tensor is wrapped
 * @param target the number that is kept when truncation has ended, at most {@code start}
 * @param axes the axes along which the tensor is transformed, and their order
 * @param balanceRounds how many rounds balance the start of a fresh tensor, see {@link StartScale};
 *     0 for none
 * @param gain a further factor of the coefficients of a fresh tensor
 */
@Internal
public record TensorSpec(
        long start, long target, FrequencyAxes axes, int balanceRounds, float gain) {

    /**
     * Returns the specification of a tensor whose kept number is fixed.
     *
     * @param kept the number of coefficients
     * @param axes the axes along which the tensor is transformed
     * @return the specification
     */
    public static TensorSpec fixed(long kept, FrequencyAxes axes) {
        return new TensorSpec(kept, kept, axes, 0, 1);
    }

    /** Returns this specification along other axes. */
    TensorSpec along(FrequencyAxes other) {
        return new TensorSpec(start, target, other, balanceRounds, gain);
    }

    /** Makes the specification of a tensor once its shape is known. */
    @FunctionalInterface
    public interface Rule {

        /**
         * Returns the specification.
         *
         * @param shape the tensor's shape in the network
         * @return how the tensor is kept
         */
        TensorSpec of(Shape shape);
    }
}
