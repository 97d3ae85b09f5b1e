package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The relation between the axes of a tensor and those of a shape that splits them. For example,
 * (500, 50, 4, 4) splits (500, 800), the weight of a linear layer after 50 maps of 4×4 pixels.
 *
 * <p>The elements keep their row-major order, as in a reshape. The DCT along the split axes
 * separates maps, rows and columns; along the original axis it would see one sequence of 800
 * numbers.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
@Internal
public final class SplitAxes {

    private final Shape split;
    private final int[] ends;

    private SplitAxes(Shape split, int[] ends) {
        this.split = split;
        this.ends = ends;
    }

    /**
     * Matches the axes of a tensor with those of a split shape.
     *
     * @param shape the shape of the tensor
     * @param split the split shape; each extent of the tensor is the product of consecutive extents
     *     of it
     * @return the relation
     * @throws IllegalArgumentException if the extents do not multiply up to those of the tensor
     */
    public static SplitAxes of(Shape shape, Shape split) {
        int[] ends = new int[shape.dimension()];
        int at = 0;
        for (long extent : split.getShape()) {
            at = extent < 1 ? -1 : at;
        }
        for (int axis = 0; axis < ends.length && at >= 0; axis++) {
            long product = 1;
            boolean last = axis == ends.length - 1;
            int begin = at;
            while (at < split.dimension()
                    && (at == begin || product < shape.get(axis) || last && split.get(at) == 1)) {
                // A product that would overflow matches no extent either.
                product = saturated(product, split.get(at++));
            }
            if (at == begin || product != shape.get(axis)) {
                at = -1;
                break;
            }
            ends[axis] = at;
        }
        if (at != split.dimension()) {
            throw new IllegalArgumentException(
                    "Expected a shape whose extents make up those of "
                            + shape
                            + " in order, such as (500, 50, 4, 4) those of (500, 800), but it is "
                            + split);
        }
        return new SplitAxes(split, ends);
    }

    private static long saturated(long one, long other) {
        return other > Long.MAX_VALUE / one ? Long.MAX_VALUE : one * other;
    }

    /**
     * Returns the axis of the split shape that equals an axis of the tensor, apart from axes of one
     * element.
     *
     * @param axis the axis of the tensor, from 0
     * @return the axis of the split shape, or nothing if the axis is split in two or more
     */
    public OptionalInt whole(int axis) {
        int[] longer = parts(axis).filter(part -> split.get(part) > 1).toArray();
        if (longer.length > 1) {
            return OptionalInt.empty();
        }
        return longer.length == 1 ? OptionalInt.of(longer[0]) : parts(axis).findFirst();
    }

    /**
     * Returns the axes of the split shape that make up an axis of the tensor.
     *
     * @param axis the axis of the tensor, from 0
     * @return consecutive axes, one or more
     */
    public IntStream parts(int axis) {
        return IntStream.range(axis == 0 ? 0 : ends[axis - 1], ends[axis]);
    }

    /**
     * Returns the product of the extents of a box over the parts of one axis of the tensor.
     *
     * @param axis the axis of the tensor, from 0
     * @param box a shape with the rank of the split shape, such as a box of frequencies
     * @return the product
     */
    public long size(int axis, Shape box) {
        return parts(axis).mapToLong(box::get).reduce(1, (one, other) -> one * other);
    }
}
