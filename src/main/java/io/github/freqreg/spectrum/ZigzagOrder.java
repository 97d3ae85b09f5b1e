package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * The zigzag order of the coefficients of a tensor: by ascending index sum, and lexicographically
 * among coordinates of equal sum.
 *
 * <p>The coordinates of one index sum form a <em>shell</em>. Shell 0 contains the constant
 * coefficient alone; higher shells have higher frequencies. The order equals that of the published
 * implementation of <em>Frequency Regularization</em> (arXiv 2304.07973, section 3).
 *
 * <p>As an extension, each axis can have a weight: with weights v_d, shell s contains the
 * coordinates k with Σ_d v_d · k_d = s. A prefix then has fewer frequencies along an axis of larger
 * weight. In the paper all weights are 1.
 *
 * <p>Coordinates are enumerated and shells are counted; no index of the tensor's size is stored.
 * Instances are immutable and safe for concurrent use.
 */
public final class ZigzagOrder {

    /** The largest weight. */
    public static final int MAX_WEIGHT = 64;

    /** The bound on tables with one entry per shell, for long axes with large weights. */
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
     * Returns the zigzag order of a tensor, as in the paper.
     *
     * @param shape the shape of the tensor, of rank 1 or more, every extent 1 or more
     * @return the order
     * @throws IllegalArgumentException if the rank is 0, an extent is below 1, or the size exceeds
     *     63 bits
     */
    public static ZigzagOrder of(Shape shape) {
        int[] ones = new int[shape.dimension()];
        Arrays.fill(ones, 1);
        return of(shape, ones);
    }

    /**
     * Returns the weighted zigzag order of a tensor.
     *
     * @param shape the shape of the tensor, of rank 1 or more, every extent 1 or more
     * @param weights the weight of each axis, from 1 to {@value #MAX_WEIGHT}
     * @return the order
     * @throws IllegalArgumentException if the rank is 0, an extent is below 1, the size exceeds 63
     *     bits, a weight is out of range, or the number of weights is not the rank
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
     * @return one weight per axis, all 1 in the order of the paper
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
     * @param count the number of coordinates, from 0 to {@link #size()}
     * @return {@code count} coordinates, each with one index per axis
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

    /** Returns a walk that starts at the constant coefficient. */
    Walk walk() {
        return new Walk();
    }

    /**
     * Counts the coordinates of each shell, from shell 0 to the one that contains coefficient
     * number {@code last}. The count of shell s is the coefficient of x^s in the product of (1 +
     * x^v_d + … + x^(v_d (n_d - 1))) over the axes d.
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
                "The axis weights "
                        + Arrays.toString(weights)
                        + " are too large for the shape "
                        + Arrays.toString(extents)
                        + ": the weighted sum of the frequencies of coefficient "
                        + last
                        + " exceeds "
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

    /** Multiplies the generating function of the counts by that of one more axis. */
    private long[] widened(long[] counts, int axis) {
        int weight = weights[axis];
        long[] wider = new long[counts.length];
        for (int s = 0; s < counts.length; s++) {
            wider[s] = counts[s] + (s >= weight ? wider[s - weight] : 0);
            // Removes indices beyond the extent of the axis.
            long cut = s - extents[axis] * weight;
            if (cut >= 0) {
                wider[s] -= counts[(int) cut];
            }
        }
        return wider;
    }

    /** Returns the highest weighted index sum over the axes {@code from} and later. */
    private long highest(int from) {
        long sum = 0;
        for (int axis = from; axis < extents.length; axis++) {
            sum += (extents[axis] - 1) * weights[axis];
        }
        return sum;
    }

    /** Enumerates the coordinates in order. */
    final class Walk {

        final int[] coordinate = new int[extents.length];
        private int shell;

        /** For each axis and sum, the number of coordinates of this and all later axes. */
        private long[][] counts = {{}};

        /** Moves to the first coordinate of a shell, which must not be empty. */
        void startShell(int sum) {
            shell = sum;
            fill(0, sum);
        }

        /** Moves to the next coordinate, or stays at the last one. */
        void next() {
            long moved = 0;
            // The lexicographic successor increases the rightmost index that can grow at the
            // expense of later axes, and moves the rest of the sum to the last axes.
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

        /** Whether the axes {@code axis} and later have a coordinate with this sum. */
        private boolean exists(int axis, long sum) {
            if (sum >= counts[0].length) {
                counts = new long[extents.length + 1][];
                counts[extents.length] = new long[Math.toIntExact(2 * sum + 16)];
                counts[extents.length][0] = 1;
                for (int from = extents.length - 1; from >= 0; from--) {
                    counts[from] = widened(counts[from + 1], from);
                }
            }
            return counts[axis][(int) sum] > 0;
        }

        /** Increases one index by as little as possible, at the expense of later axes. */
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

        /** Sets the indices from one axis on to a sum, with as much as possible on the last. */
        private void fill(int from, long sum) {
            long rest = sum;
            if (weighted) {
                for (int axis = from; axis < coordinate.length; axis++) {
                    // At least what exceeds the highest sum of the later axes.
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
