package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Along which axes the frequencies of a tensor are, and how the index of each counts in the zigzag
 * order.
 *
 * <p>The paper takes a tensor's {@linkplain #OWN own} axes, and each index as it is. Beyond it,
 * axes can be {@linkplain SplitAxes split}, and {@linkplain ZigzagOrder weighted}.
 *
 * @param split the shape that splits the tensor's axes, or null for the tensor's own
 * @param weights of the axes in the order, from 1 to {@value ZigzagOrder#MAX_WEIGHT}; none where
 *     all are 1
 */
public record FrequencyAxes(Shape split, List<Integer> weights) {

    /** The tensor's own axes, each with the weight 1: the paper's. */
    public static final FrequencyAxes OWN = new FrequencyAxes(null, List.of());

    /** A dimension more is kept for each tenth of the words' frequencies. */
    private static final int PARTS = 10;

    /** The highest sum of the words' frequencies, where their factors allow it. */
    private static final int MAX_SUM = 64;

    /** Larger prime factors of a vocabulary would need bases of a gigabyte and more. */
    private static final long MAX_FACTOR = 1 << 13;

    /**
     * Takes weights of 1 alone as none.
     *
     * @param split the shape that splits the axes, or null
     * @param weights of the axes, or none
     */
    public FrequencyAxes {
        split = split == null ? null : new Shape(split.getShape());
        weights = weights.stream().allMatch(w -> w == 1) ? List.of() : List.copyOf(weights);
    }

    /**
     * Returns the axes for an embedding's table of shape (words, dimensions).
     *
     * <p>Words have no order, so a low-pass along their axis would merge words that only stand side
     * by side in the dictionary. Here that axis is split into factors n_1 · n_2 · …, 10,000 words
     * into (16, 25, 25), so that the highest sum of their frequencies, h = Σ (n_i - 1), is below 64
     * instead of 9,999. In the zigzag order
     *
     * <pre>
     * Σ k_i + w · k_dimension,   w = h / 10, from 1 to 64
     * </pre>
     *
     * <p>the cut is along the dimensions: with some coefficients for each word (four, where there
     * are 1,000 words or more) no frequency of the words is missing. With a weight of 64 the first
     * dimension would get all of them before the second gets any: a classifier of text was a point
     * better so with eight coefficients for each word, and ten points worse with two.
     *
     * <p>Where a prime factor of the words is large, h is too, and more of the words' frequencies
     * are cut. Where one is above 8192, or the table is no matrix, the axes are {@link #OWN}. Fill
     * such a vocabulary up to a multiple of 1,000.
     *
     * @param table the shape of the table
     * @return the axes
     */
    public static FrequencyAxes ofTable(Shape table) {
        if (table.dimension() != 2 || table.get(0) < 2 || table.get(1) < 2) {
            return OWN;
        }
        List<Long> factors = factors(table.get(0));
        if (Collections.max(factors) > MAX_FACTOR) {
            return OWN;
        }
        long highest = highest(factors);
        // No shell may be above the largest of a weighted order.
        long room = (ZigzagOrder.MAX_WEIGHTED_SHELLS - 1 - highest) / (table.get(1) - 1);
        long weight = Math.min(highest / PARTS, ZigzagOrder.MAX_WEIGHT);
        List<Integer> weights = new ArrayList<>(Collections.nCopies(factors.size(), 1));
        weights.add((int) Math.max(1, Math.min(room, weight)));
        factors.add(table.get(1));
        long[] split = factors.stream().mapToLong(Long::longValue).toArray();
        return new FrequencyAxes(split.length == 2 ? null : new Shape(split), weights);
    }

    /** The prime factors; the smallest are multiplied as long as the highest sum is below 64. */
    private static List<Long> factors(long number) {
        List<Long> factors = new ArrayList<>();
        long rest = number;
        for (long factor = 2; factor * factor <= rest; factor++) {
            while (rest % factor == 0) {
                factors.add(factor);
                rest /= factor;
            }
        }
        if (rest > 1) {
            factors.add(rest);
        }
        while (factors.size() > 1) {
            List<Long> fewer = new ArrayList<>(factors.subList(2, factors.size()));
            fewer.add(factors.get(0) * factors.get(1));
            Collections.sort(fewer);
            if (highest(fewer) >= MAX_SUM) {
                break;
            }
            factors = fewer;
        }
        return factors;
    }

    /** The highest sum of frequencies. */
    private static long highest(List<Long> factors) {
        return factors.stream().mapToLong(factor -> factor - 1).sum();
    }

    /**
     * Returns the shape along whose axes the frequencies are.
     *
     * @param own the tensor's shape
     * @return the split shape, or the tensor's own
     */
    public Shape shape(Shape own) {
        return split == null ? own : split;
    }

    /**
     * Returns the mask of a tensor.
     *
     * @param own the tensor's shape
     * @param kept how many coefficients are kept
     * @return the mask, along these axes
     * @throws IllegalArgumentException if the axes do not fit the shape, or the kept number is out
     *     of range
     */
    public ZigzagMask mask(Shape own, long kept) {
        Shape shape = shape(own);
        SplitAxes.of(own, shape);
        return ZigzagMask.of(shape, order(shape), kept);
    }

    private ZigzagOrder order(Shape shape) {
        return weights.isEmpty()
                ? ZigzagOrder.of(shape)
                : ZigzagOrder.of(shape, weights.stream().mapToInt(w -> w).toArray());
    }

    /**
     * Checks that the axes fit a tensor.
     *
     * @param own the tensor's shape
     * @throws IllegalArgumentException if they do not
     */
    public void check(Shape own) {
        Shape shape = shape(own);
        SplitAxes.of(own, shape);
        order(shape);
    }

    /**
     * Tells the axes of a tensor in words.
     *
     * @param own the tensor's shape
     * @return the extents, and the weights if there are
     */
    public String describe(Shape own) {
        String extents = Arrays.toString(shape(own).getShape());
        return weights.isEmpty() ? extents : extents + " weighted " + weights;
    }
}
