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
 * <p>Beyond the paper, the index of each axis may count by a weight of its own: with the weights
 * v_d, shell s holds the coordinates k with Σ_d v_d · k_d = s. An axis of a large weight gets fewer
 * frequencies than one of a small weight. All weights are 1 in the paper.
 *
 * <p>Nothing of the tensor's size is stored: coordinates are walked, shells are counted. Instances
 * are immutable and safe for concurrent use.
 */
public final class ZigzagOrder {

    /** The largest weight. */
    public static final int MAX_WEIGHT = 64;

    /** Tables have an entry for each shell; long axes beside large weights could have too many. */
    static final int MAX_WEIGHTED_SHELLS = 1 << 16;

    private final long[] extents;
    private final int[] weights;
    private final boolean weighted;
    private final long size;

    private ZigzagOrder(long[] extents, int[] weights) {
        this.extents = extents;
        this.weights = weights;
        weighted = Arrays.stream(weights).anyMatch(weight -> weight != 1);
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
        int[] ones = new int[shape.dimension()];
        Arrays.fill(ones, 1);
        return of(shape, ones);
    }

    /**
     * Returns the weighted order of a tensor.
     *
     * @param shape the tensor's shape, of rank 1 or more, every extent 1 or more
     * @param weights of its axes, from 1 to {@value #MAX_WEIGHT} each
     * @return the order
     * @throws IllegalArgumentException if the rank is 0, an extent is below 1, the size passes 63
     *     bits, or there is not one weight in range for each axis
     */
    public static ZigzagOrder of(Shape shape, int... weights) {
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
        if (weights.length != extents.length
                || Arrays.stream(weights).anyMatch(w -> w < 1 || w > MAX_WEIGHT)) {
            throw new IllegalArgumentException(
                    "Expected a weight from 1 to "
                            + MAX_WEIGHT
                            + " for each axis of "
                            + shape
                            + " but found "
                            + Arrays.toString(weights));
        }
        return new ZigzagOrder(extents.clone(), weights.clone());
    }

    /**
     * Returns the weights of the axes.
     *
     * @return a weight for each axis, all 1 in the paper's order
     */
    public int[] getWeights() {
        return weights.clone();
    }

    int weight(int axis) {
        return weights[axis];
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
     * last}. The count of shell s is the coefficient of x^s in the product of (1 + x^v_d + … +
     * x^(v_d (n_d - 1))) over the axes d.
     */
    long[] shellSizes(long last) {
        int shells = 16;
        while (!weighted || shells <= MAX_WEIGHTED_SHELLS) {
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
        throw new IllegalArgumentException(
                "With the weights "
                        + Arrays.toString(weights)
                        + " coefficient "
                        + last
                        + " of "
                        + Arrays.toString(extents)
                        + " is in a shell above "
                        + MAX_WEIGHTED_SHELLS);
    }

    private long[] countShells(int shells) {
        long[] counts = new long[shells];
        counts[0] = 1;
        for (int axis = 0; axis < extents.length; axis++) {
            counts = widened(counts, axis);
        }
        return counts;
    }

    /** The counts with one more axis. */
    private long[] widened(long[] counts, int axis) {
        int weight = weights[axis];
        long[] wider = new long[counts.length];
        for (int s = 0; s < counts.length; s++) {
            wider[s] = counts[s] + (s >= weight ? wider[s - weight] : 0);
            // Behind the last index of the axis.
            long cut = s - extents[axis] * weight;
            if (cut >= 0) {
                wider[s] -= counts[(int) cut];
            }
        }
        return wider;
    }

    /** The highest sum of the axes from one on. */
    private long highest(int from) {
        long sum = 0;
        for (int axis = from; axis < extents.length; axis++) {
            sum += (extents[axis] - 1) * weights[axis];
        }
        return sum;
    }

    /** A walk along the order. */
    final class Walk {

        final int[] coordinate = new int[extents.length];
        private int shell;

        /** For each axis, how many coordinates of it and those behind it have each sum. */
        private long[][] counts;

        /** Starts the walk at the first coordinate of a shell that exists. */
        void startShell(int sum) {
            shell = sum;
            fill(0, sum);
        }

        /** Moves to the next coordinate; past the last one the walk stays where it is. */
        void next() {
            long moved = 0;
            // The next in lexicographic order raises the rightmost axis that can take from the axes
            // to its right, and gives the rest to the last axes.
            for (int axis = coordinate.length - 1; axis >= 0; axis--) {
                if (moved > 0 && raise(axis, moved)) {
                    return;
                }
                moved += (long) coordinate[axis] * weights[axis];
            }
            for (long sum = shell + 1L; sum <= highest(0); sum++) {
                if (!weighted || exists(0, sum)) {
                    startShell(Math.toIntExact(sum));
                    return;
                }
            }
        }

        /** Whether coordinates of the axes from one on have this sum. */
        private boolean exists(int axis, long sum) {
            if (counts == null || sum >= counts[0].length) {
                counts = new long[extents.length + 1][];
                counts[extents.length] = new long[Math.toIntExact(2 * sum + 16)];
                counts[extents.length][0] = 1;
                for (int from = extents.length - 1; from >= 0; from--) {
                    counts[from] = widened(counts[from + 1], from);
                }
            }
            return counts[axis][(int) sum] > 0;
        }

        /** Takes as little as can be taken from what the axes to the right have together. */
        private boolean raise(int axis, long moved) {
            long rest = moved - weights[axis];
            for (int index = coordinate[axis] + 1; index < extents[axis] && rest >= 0; index++) {
                if (!weighted || exists(axis + 1, rest)) {
                    coordinate[axis] = index;
                    fill(axis + 1, rest);
                    return true;
                }
                rest -= weights[axis];
            }
            return false;
        }

        /** Gives a sum to the axes from one on, as much as can be to the last. */
        private void fill(int from, long sum) {
            long rest = sum;
            if (weighted) {
                for (int axis = from; axis < coordinate.length; axis++) {
                    // What the axes behind cannot take, this one must.
                    long must = Math.max(0, rest - highest(axis + 1));
                    coordinate[axis] = (int) ((must + weights[axis] - 1) / weights[axis]);
                    rest -= (long) coordinate[axis] * weights[axis];
                    while (!exists(axis + 1, rest)) {
                        coordinate[axis]++;
                        rest -= weights[axis];
                    }
                }
                return;
            }
            for (int axis = coordinate.length - 1; axis >= from; axis--) {
                coordinate[axis] = (int) Math.min(rest, extents[axis] - 1);
                rest -= coordinate[axis];
            }
        }
    }
}
