package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * The kept coefficients of a tensor: the first {@code kept} in its {@link ZigzagOrder}.
 *
 * <p>The kept coefficients lie in a <em>box</em>, the lowest {@code K_d} of the {@code n_d}
 * frequencies of each axis d, and the cost of a transform depends on that box. Cutting the tail
 * yields a new, shorter mask; a mask never grows.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
public final class ZigzagMask {

    private final Shape shape;
    private final ZigzagOrder order;
    private final int kept;
    private final Shape box;

    private ZigzagMask(Shape shape, ZigzagOrder order, int kept) {
        this.shape = shape;
        this.order = order;
        this.kept = kept;
        this.box = new Shape(findBox());
    }

    /**
     * Returns the mask that keeps the first coefficients in zigzag order.
     *
     * @param shape the shape of the tensor, of rank 1 or more
     * @param kept the number of coefficients to keep, from 1 to the number of elements
     * @return the mask
     * @throws IllegalArgumentException if the shape has no zigzag order or {@code kept} is out of
     *     range
     */
    public static ZigzagMask of(Shape shape, long kept) {
        return of(shape, ZigzagOrder.of(shape), kept);
    }

    /**
     * Returns the mask that keeps the first coefficients of a weighted order.
     *
     * @param shape the shape of the tensor, of rank 1 or more
     * @param order the order of its coefficients
     * @param kept the number of coefficients to keep, from 1 to the number of elements
     * @return the mask
     * @throws IllegalArgumentException if {@code kept} is out of range, or reaches beyond shell
     *     2^16 of a weighted order
     */
    static ZigzagMask of(Shape shape, ZigzagOrder order, long kept) {
        if (kept < 1 || kept > order.size() || kept > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "The kept number of a tensor of shape "
                            + shape
                            + " must be 1 to "
                            + Math.min(order.size(), Integer.MAX_VALUE)
                            + " but is "
                            + kept);
        }
        return new ZigzagMask(shape, order, (int) kept);
    }

    /**
     * Returns the shape of the tensor.
     *
     * @return the shape
     */
    public Shape getShape() {
        return shape;
    }

    /**
     * Returns the number of kept coefficients.
     *
     * @return the kept number
     */
    public int getKept() {
        return kept;
    }

    /**
     * Returns the box: for each axis, one more than the highest frequency of a kept coefficient.
     *
     * @return a shape with the rank of the tensor, no extent larger than its own
     */
    public Shape getBox() {
        return box;
    }

    /**
     * Returns the position of each kept coefficient in the box.
     *
     * @return for each kept coefficient in zigzag order, its row-major position in an array of
     *     shape {@link #getBox()}
     */
    public long[] positions() {
        long[] positions = new long[kept];
        new Positions().fill(LongBuffer.wrap(positions));
        return positions;
    }

    /** Enumerates the positions of {@link #positions()}. */
    final class Positions {

        private final long[] strides = new long[box.dimension()];
        private final ZigzagOrder.Walk walk = order.walk();

        Positions() {
            long stride = 1;
            for (int axis = strides.length - 1; axis >= 0; axis--) {
                strides[axis] = stride;
                stride *= box.get(axis);
            }
        }

        /** Fills a buffer with the next positions. */
        void fill(LongBuffer positions) {
            while (positions.hasRemaining()) {
                long position = 0;
                for (int axis = 0; axis < strides.length; axis++) {
                    position += walk.coordinate[axis] * strides[axis];
                }
                positions.put(position);
                walk.next();
            }
        }
    }

    /**
     * Computes the box. The shells before the last one extend to min(n_d, (last - 1) / v_d + 1)
     * along an axis of weight v_d. The last shell may be incomplete and is enumerated.
     */
    private long[] findBox() {
        long[] shells = order.shellSizes(kept - 1L);
        int lastShell = shells.length - 1;
        long inLastShell = kept;
        for (int s = 0; s < lastShell; s++) {
            inLastShell -= shells[s];
        }
        long[] reach = new long[shape.dimension()];
        for (int axis = 0; axis < reach.length; axis++) {
            // Reached by the coordinate that is zero along all other axes.
            int weight = order.weight(axis);
            reach[axis] =
                    Math.max(
                            1, Math.min(shape.get(axis), Math.floorDiv(lastShell - 1, weight) + 1));
        }
        ZigzagOrder.Walk walk = order.walk();
        walk.startShell(lastShell);
        for (long i = 0; i < inLastShell; i++) {
            for (int axis = 0; axis < reach.length; axis++) {
                reach[axis] = Math.max(reach[axis], walk.coordinate[axis] + 1L);
            }
            walk.next();
        }
        return reach;
    }

    /** {@inheritDoc} */
    @Override
    public boolean equals(Object other) {
        return other instanceof ZigzagMask mask
                && mask.kept == kept
                && mask.shape.equals(shape)
                && Arrays.equals(mask.order.getWeights(), order.getWeights());
    }

    /** {@inheritDoc} */
    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape.getShape()) + kept;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return kept + " of " + shape.size() + " coefficients of " + shape + ", box " + box;
    }
}
