package io.github.freqreg.interop.torch;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyTensor;
import org.jspecify.annotations.Nullable;

/**
 * One tensor of a PyTorch checkpoint, dense or sparse, as float32.
 *
 * <p>A value class. It shares its arrays with the caller, who must not change them.
 *
 * @param shape the shape of the tensor
 * @param positions the row-major positions of a sparse tensor's values, ascending; null for a dense
 *     tensor
 * @param values the values at the positions, or all elements in row-major order
 */
public record TorchTensor(Shape shape, long @Nullable [] positions, float[] values) {

    /**
     * Returns whether the tensor is sparse.
     *
     * @return whether it has positions
     */
    public boolean isSparse() {
        return positions != null;
    }

    /**
     * Interprets a sparse tensor as a spectrum, the form in which the published implementation
     * saves its networks: the values are coefficients of the orthonormal DCT-II, of which a prefix
     * of the zigzag order is kept.
     *
     * @return the frequency tensor
     * @throws IllegalArgumentException if the tensor is dense, or a value lies beyond the first
     *     2^24 coefficients
     */
    public FrequencyTensor toFrequencyTensor() {
        if (positions == null) {
            throw new IllegalArgumentException(
                    "Expected a sparse tensor of coefficients, but the tensor of shape "
                            + shape
                            + " is dense");
        }
        return FrequencyTensor.ofSpectrum(shape, positions, values);
    }
}
