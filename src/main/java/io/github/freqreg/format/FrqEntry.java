package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.checks.FileChecks;
import io.github.freqreg.spectrum.FrequencyAxes;
import org.jspecify.annotations.Nullable;

/**
 * One tensor of a {@code .frq} file: its kept coefficients, or its elements.
 *
 * <p>An entry of a file without names has no {@link #name} and no {@link #shape}, and one of
 * elements has no {@link #axes}; ask {@link #isNamed} and {@link #spectral} first.
 *
 * <p>A value class. It shares its array with the caller, who must not change it.
 *
 * @param name the parameter's name in the network, or null in a file without names
 * @param shape the parameter's shape in the network, or null in a file without names
 * @param axes the axes of the transform if the values are coefficients, or null if they are the
 *     tensor's elements
 * @param precision how the values are stored; writing rounds them to it
 * @param values the kept coefficients in zigzag order, or the elements in row-major order
 */
public record FrqEntry(
        @Nullable String name,
        @Nullable Shape shape,
        @Nullable FrequencyAxes axes,
        Precision precision,
        float[] values) {

    /**
     * Checks that the values fit the shape.
     *
     * @param name the parameter's name, or null
     * @param shape the parameter's shape, or null
     * @param axes the axes of the transform, or null for elements
     * @param precision how the values are stored
     * @param values the values
     * @throws IllegalArgumentException if only one of name and shape is given, the shape cannot
     *     have so many elements or coefficients, or the axes do not fit it
     */
    public FrqEntry {
        if (name != null && shape != null) {
            checkCount(name, shape, axes, values.length);
        } else if (name != null || shape != null || axes != null && values.length == 0) {
            throw new IllegalArgumentException(
                    "Expected both a name and a shape, or neither and values, but found the name "
                            + name
                            + ", the shape "
                            + shape
                            + " and "
                            + values.length
                            + " values");
        }
    }

    private static void checkCount(
            String name, Shape shape, @Nullable FrequencyAxes axes, int count) {
        long size;
        try {
            size = FileChecks.size(name, shape.getShape());
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
     * Returns whether the entry has a name and a shape.
     *
     * @return false if the file leaves them to the network
     */
    public boolean isNamed() {
        return name != null;
    }

    /**
     * Returns the parameter's name in the network.
     *
     * @return the name
     * @throws IllegalStateException if the file has no names
     */
    @Override
    public String name() {
        return present(name, "name");
    }

    /**
     * Returns the parameter's shape in the network.
     *
     * @return the shape
     * @throws IllegalStateException if the file has no names
     */
    @Override
    public Shape shape() {
        return present(shape, "shape");
    }

    /**
     * Returns the axes of the transform.
     *
     * @return the axes
     * @throws IllegalStateException if the values are the tensor's elements
     */
    @Override
    public FrequencyAxes axes() {
        return present(axes, "axes of coefficients");
    }

    private <T> T present(@Nullable T value, String what) {
        if (value == null) {
            throw new IllegalStateException("Tensor " + label() + " has no " + what);
        }
        return value;
    }

    /**
     * Returns this entry with other values.
     *
     * @param precision how they are stored
     * @param values the values
     * @return an entry of the same name, shape and axes
     * @throws IllegalArgumentException if the shape cannot have so many
     */
    public FrqEntry withValues(Precision precision, float[] values) {
        return new FrqEntry(name, shape, axes, precision, values);
    }

    /** Returns a copy with the given name and shape, or without both if they are null. */
    FrqEntry renamed(@Nullable String name, @Nullable Shape shape) {
        return new FrqEntry(name, shape, axes, precision, values);
    }

    /**
     * Returns whether the values are coefficients.
     *
     * @return false if they are the tensor's elements
     */
    public boolean spectral() {
        return axes != null;
    }

    /** Returns the name for error messages. */
    String label() {
        return name == null ? "without a name" : name;
    }
}
