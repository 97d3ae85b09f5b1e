package io.github.freqreg.format;

import ai.djl.ndarray.types.Shape;

/**
 * One tensor of a {@code .frq} file.
 *
 * <p>A value class: the array is not copied, and not to be changed.
 *
 * @param name the parameter's name in the network, or null in a file without names
 * @param shape the shape of the tensor in the network, or null in a file without names
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
        if (name == null || shape == null) {
            if (name != null || shape != null || spectral && values.length == 0) {
                throw new IllegalArgumentException(
                        "A tensor has a name and a shape, or neither, but found the name "
                                + name
                                + ", the shape "
                                + shape
                                + " and "
                                + values.length
                                + " values");
            }
        } else {
            checkSize(name, shape, spectral, values.length);
        }
    }

    private static void checkSize(String name, Shape shape, boolean spectral, int count) {
        long size = shape.size();
        boolean fits =
                spectral ? shape.dimension() > 0 && count >= 1 && count <= size : count == size;
        if (!fits) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + name
                            + " of shape "
                            + shape
                            + " cannot hold "
                            + count
                            + (spectral ? " coefficients" : " elements"));
        }
    }

    /** What messages call the tensor. */
    String label() {
        return name == null ? "without a name" : name;
    }
}
