package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;

/**
 * One tensor of a {@code .frq} file.
 *
 * <p>A value class: the array is not copied, and not to be changed.
 *
 * @param name the parameter's name in the network, or null in a file without names
 * @param shape the shape of the tensor in the network, or null in a file without names
 * @param axes along which the values are coefficients; null if they are the tensor itself
 * @param precision how the values are stored; they are rounded to it when they are written
 * @param values the kept coefficients in zigzag order, or the elements in row-major order
 */
public record FrqEntry(
        String name, Shape shape, FrequencyAxes axes, Precision precision, float[] values) {

    /**
     * Checks that the values fit the shape.
     *
     * @param name the parameter's name
     * @param shape the shape of the tensor
     * @param axes along which the values are coefficients, or null
     * @param precision how the values are stored
     * @param values the values
     * @throws IllegalArgumentException if they do not
     */
    public FrqEntry {
        if (name == null || shape == null) {
            if (name != null || shape != null || axes != null && values.length == 0) {
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
            checkSize(name, shape, axes, values.length);
        }
    }

    private static void checkSize(String name, Shape shape, FrequencyAxes axes, int count) {
        long size;
        try {
            size = FrqChecks.size(name, shape.getShape(), false);
        } catch (MalformedModelException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        boolean fits =
                axes == null ? count == size : shape.dimension() > 0 && count >= 1 && count <= size;
        if (!fits) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + name
                            + " of shape "
                            + shape
                            + " cannot hold "
                            + count
                            + (axes == null ? " elements" : " coefficients"));
        }
        if (axes != null) {
            axes.mask(shape, count);
        }
    }

    /**
     * Returns whether the values are coefficients.
     *
     * @return whether there are axes of frequencies
     */
    public boolean spectral() {
        return axes != null;
    }

    /** What messages call the tensor. */
    String label() {
        return name == null ? "without a name" : name;
    }
}
