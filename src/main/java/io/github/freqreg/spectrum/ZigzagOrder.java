package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * The zigzag order of the coefficients of a tensor: ascending sum of the indices, and inside one
 * sum lexicographic ascending.
 *
 * <p>All coordinates of one index sum form a <em>shell</em>. Shell 0 holds the constant coefficient
 * alone; the higher the shell, the higher the frequency. The order is the one of the published
 * implementation of <em>Frequency Regularization</em> (arXiv 2304.07973, section 3).
 *
 * <p>Nothing of the tensor's size is stored: coordinates are walked, shells are counted. Instances
 * are immutable and safe for concurrent use.
 */
public final class ZigzagOrder {

    private final long[] extents;
    private final long size;

    private ZigzagOrder(long[] extents) {
        this.extents = extents;
        long product = 1;
        for (long extent : extents) {
            if (extent > Long.MAX_VALUE / product) {
                throw new IllegalArgumentException(
                        "The size of a tensor must fit 63 bits, but its extents are "
                                + Arrays.toString(extents));
            }
            product *= extent;
        }
        size = product;
    }

    /**
     * Returns the zigzag order of a tensor.
     *
     * @param shape the tensor's shape, of rank 1 or more, every extent 1 or more
     * @return the order
     * @throws IllegalArgumentException if the rank is 0, an extent is below 1, or the size passes
     *     63 bits
     */
    public static ZigzagOrder of(Shape shape) {
        long[] extents = shape.getShape();
        if (extents.length == 0) {
            throw new IllegalArgumentException(
                    "A zigzag order needs a tensor of rank 1 or more, but the shape is " + shape);
        }
        for (long extent : extents) {
            if (extent < 1) {
                throw new IllegalArgumentException(
                        "A zigzag order needs extents of 1 or more, but the shape is " + shape);
            }
        }
        return new ZigzagOrder(extents.clone());
    }

    /**
     * Returns the number of coefficients, the product of all extents.
     *
     * @return the number of coefficients
     */
    public long size() {
        return size;
    }

    /**
     * Returns the first coordinates of the order.
     *
     * @param count how many, from 0 to {@link #size()}
     * @return {@code count} coordinates, each of the tensor's rank
     * @throws IllegalArgumentException if {@code count} is out of range
     */
    public int[][] first(int count) {
        if (count < 0 || count > size) {
            throw new IllegalArgumentException(
                    "The count must be 0 to " + size + " but is " + count);
        }
        int[][] coordinates = new int[count][];
        Walk walk = new Walk();
        for (int i = 0; i < count; i++) {
            coordinates[i] = walk.coordinate.clone();
            walk.next();
        }
        return coordinates;
    }

    /** Starts a walk at the constant coefficient. */
    Walk walk() {
        return new Walk();
    }

    /**
     * Counts the coordinates of each shell, for shells 0 to the one that holds coefficient {@code
     * last}. The count of shell s is the coefficient of x^s in the product of (1 + x + … + x^(n_d -
     * 1)) over the axes d.
     */
    long[] shellSizes(long last) {
        int shells = 16;
        while (true) {
            long[] counts = countShells(shells);
            long total = 0;
            for (int s = 0; s < shells; s++) {
                total += counts[s];
                if (total > last) {
                    return Arrays.copyOf(counts, s + 1);
                }
            }
            shells *= 2;
        }
    }

    private long[] countShells(int shells) {
        long[] counts = new long[shells];
        counts[0] = 1;
        for (long extent : extents) {
            long[] wider = new long[shells];
            long window = 0;
            for (int s = 0; s < shells; s++) {
                window += counts[s];
                if (s >= extent) {
                    window -= counts[(int) (s - extent)];
                }
                wider[s] = window;
            }
            counts = wider;
        }
        return counts;
    }

    /** A walk along the order. */
    final class Walk {

        final int[] coordinate = new int[extents.length];
        private int shell;

        /** Starts the walk at the first coordinate of a shell that exists. */
        void startShell(int sum) {
            shell = sum;
            fillFromRight(0, sum);
        }

        /** Moves to the next coordinate; past the last one the walk stays where it is. */
        void next() {
            int moved = 0;
            // The next in lexicographic order raises the rightmost axis that can take one from the
            // axes to its right, and gives the rest to the last axes.
            for (int axis = coordinate.length - 1; axis >= 0; axis--) {
                if (moved > 0 && coordinate[axis] + 1 < extents[axis]) {
                    coordinate[axis]++;
                    fillFromRight(axis + 1, moved - 1);
                    return;
                }
                moved += coordinate[axis];
            }
            long highest = 0;
            for (long extent : extents) {
                highest += extent - 1;
            }
            if (shell < highest) {
                startShell(shell + 1);
            }
        }

        private void fillFromRight(int from, int sum) {
            int rest = sum;
            for (int axis = coordinate.length - 1; axis >= from; axis--) {
                coordinate[axis] = (int) Math.min(rest, extents[axis] - 1);
                rest -= coordinate[axis];
            }
        }
    }
}
