package io.github.freqreg.interop;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyTensor;

/**
 * One tensor of a PyTorch checkpoint, dense or sparse, as float32.
 *
 * <p>It holds the arrays, not copies, which are not to be changed.
 *
 * @param shape the shape of the tensor
 * @param positions for a sparse tensor the row-major positions of its values, ascending; null for a
 *     dense one
 * @param values the values at the positions, or all elements in row-major order
 */
public record TorchTensor(Shape shape, long[] positions, float[] values) {

    /**
     * Tells whether the tensor is sparse.
     *
     * @return whether there are positions
     */
    public boolean isSparse() {
        return positions != null;
    }

    /**
     * Takes a sparse tensor as a spectrum, as the published implementation stores it: its values
     * are coefficients of the orthonormal DCT-II, of which the first of the zigzag order are kept.
     *
     * @return the frequency tensor
     * @throws IllegalArgumentException if the tensor is dense, or its values reach further than the
     *     first 2^24 coefficients
     */
    public FrequencyTensor toFrequencyTensor() {
        if (!isSparse()) {
            throw new IllegalArgumentException(
                    "Expected a sparse tensor of coefficients, but the tensor of shape "
                            + shape
                            + " is dense");
        }
        return FrequencyTensor.ofSpectrum(shape, positions, values);
    }
}
