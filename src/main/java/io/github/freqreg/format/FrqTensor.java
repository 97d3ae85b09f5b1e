package io.github.freqreg.format;

import ai.djl.ndarray.types.Shape;

/**
 * One tensor of a {@code .frq} file.
 *
 * <p>A value class: the array is not copied, and not to be changed.
 *
 * @param name the parameter's name in the network
 * @param shape the shape of the tensor in the network
 * @param spectral whether the values are kept coefficients, or the tensor itself
 * @param half whether the values are stored as float16, rounded to the nearest, or as float32
 * @param values the kept coefficients in zigzag order, or the elements in row-major order
 */
public record FrqTensor(String name, Shape shape, boolean spectral, boolean half, float[] values) {

    /**
     * Checks that the values fit the shape.
     *
     * @param name the parameter's name
     * @param shape the shape of the tensor
     * @param spectral whether the values are coefficients
     * @param half whether they are stored as float16
     * @param values the values
     * @throws IllegalArgumentException if they do not
     */
    public FrqTensor {
        long size = shape.size();
        boolean fits =
                spectral
                        ? shape.dimension() > 0 && values.length >= 1 && values.length <= size
                        : values.length == size;
        if (!fits) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + name
                            + " of shape "
                            + shape
                            + " cannot hold "
                            + values.length
                            + (spectral ? " coefficients" : " elements"));
        }
    }

    /**
     * Returns the size of one stored value.
     *
     * @return 2 or 4 bytes
     */
    public int valueBytes() {
        return half ? Short.BYTES : Float.BYTES;
    }
}
