package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;

/**
 * A tensor seen in a shape that splits its axes: (500, 800) as (500, 50, 4, 4), the weight of a
 * linear layer behind 50 maps of 4×4.
 *
 * <p>Elements stay in their order. Frequencies along the split axes tell maps, rows and columns
 * apart, where those along the axis as a whole see one long row of numbers.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
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
     * @param shape of the tensor
     * @param split whose extents, in order, make up each extent of the tensor by their product
     * @return which axes belong to which
     * @throws IllegalArgumentException if they do not
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
                // Too large a product is none of these extents either.
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
     * Returns the axis of the split shape that an axis of the tensor is.
     *
     * @param axis of the tensor, from 0
     * @return the axis, or -1 where several of more than one element make it up
     */
    public int whole(int axis) {
        int found = -1;
        int begin = axis == 0 ? 0 : ends[axis - 1];
        for (int part = begin; part < ends[axis]; part++) {
            if (split.get(part) > 1) {
                if (found >= 0) {
                    return -1;
                }
                found = part;
            }
        }
        return found >= 0 ? found : begin;
    }

    /**
     * Returns the product of the extents that a shape has along the axes of which an axis of the
     * tensor is made up.
     *
     * @param axis of the tensor, from 0
     * @param box a shape of as many axes as the split one, such as a box of frequencies
     * @return the product
     */
    public long size(int axis, Shape box) {
        return box.slice(axis == 0 ? 0 : ends[axis - 1], ends[axis]).size();
    }
}
