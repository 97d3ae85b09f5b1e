package io.github.freqreg.format.v1;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;
import java.util.List;

/**
 * The content of a version 1 file, in the terms of that version.
 *
 * @param inputs the shapes of the network's inputs
 * @param tensors the network's parameters, in its order
 * @param ends the offsets in the content at which the head and each tensor end
 */
@Internal
public record Version1Content(List<Shape> inputs, List<Tensor> tensors, List<Integer> ends) {

    /** The flag of a tensor that is stored as kept coefficients. */
    static final int SPECTRAL = 1;

    /** The flag of a tensor whose values are float16, not float32. */
    static final int HALF = 2;

    /**
     * One tensor.
     *
     * @param flags {@code SPECTRAL} and {@code HALF}, or neither
     * @param name the parameter's name
     * @param shape the shape of the parameter
     * @param values the kept coefficients in zigzag order, or the elements in row-major order
     */
    public record Tensor(int flags, String name, Shape shape, float[] values) {

        /**
         * Returns whether the values are coefficients.
         *
         * @return false if they are the tensor's elements
         */
        public boolean isSpectral() {
            return (flags & SPECTRAL) != 0;
        }

        /**
         * Returns whether the values are stored as float16.
         *
         * @return false if they are stored as float32
         */
        public boolean isHalf() {
            return (flags & HALF) != 0;
        }
    }
}
