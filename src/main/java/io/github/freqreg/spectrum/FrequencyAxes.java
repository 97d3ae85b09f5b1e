package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The axes of the cosine transform of a tensor, their weights in the zigzag order, and the start of
 * the tensor.
 *
 * <p>The paper transforms a tensor along its {@linkplain #OWN own} axes, all with weight 1. As an
 * extension, axes can be {@linkplain SplitAxes split} and {@linkplain ZigzagOrder weighted}.
 *
 * <p>As a further extension, a tensor can have a {@linkplain TensorStart start}.
 *
 * @param split the shape that splits the axes of the tensor, or null to use its own axes
 * @param weights the weight of each axis, from 1 to {@value ZigzagOrder#MAX_WEIGHT}; empty if all
 *     are 1
 * @param start to which the inverse transform of the coefficients is added, or null if there is
 *     none
 */
public record FrequencyAxes(
        @Nullable Shape split, List<Integer> weights, @Nullable TensorStart start) {

    /** The tensor's own axes with weight 1, as in the paper. */
    public static final FrequencyAxes OWN = new FrequencyAxes(null, List.of());

    /** The dimensions of a table have 1 / PARTS of the highest index sum of the words as weight. */
    private static final int PARTS = 10;

    /** The bound on the index sum of the word axes, unless a prime factor is larger. */
    private static final int MAX_SUM = 64;

    /** A larger prime factor of a vocabulary would need a basis of a gigabyte or more. */
    private static final long MAX_FACTOR = 1 << 13;

    /**
     * Normalises weights that are all 1 to an empty list, and a split into no axes to none.
     *
     * @param split the shape that splits the axes, or null
     * @param weights the weight of each axis, or an empty list
     * @param start of the tensor, or null
     */
    public FrequencyAxes {
        split = split == null || split.dimension() == 0 ? null : new Shape(split.getShape());
        weights = weights.stream().allMatch(w -> w == 1) ? List.of() : List.copyOf(weights);
    }

    /**
     * Makes axes of a tensor that has no start.
     *
     * @param split the shape that splits the axes, or null
     * @param weights the weight of each axis, or an empty list
     */
    public FrequencyAxes(@Nullable Shape split, List<Integer> weights) {
        this(split, weights, null);
    }

    /**
     * Returns these axes with a start.
     *
     * @param newStart of the tensor
     * @return axes of the same split shape and weights
     */
    public FrequencyAxes startingAt(TensorStart newStart) {
        return new FrequencyAxes(split, weights, newStart);
    }

    /**
     * Returns these axes without a start.
     *
     * @return axes of the same split shape and weights
     */
    public FrequencyAxes withoutStart() {
        return new FrequencyAxes(split, weights);
    }

    /**
     * Returns whether the tensor is the sum of a start and its coefficients.
     *
     * @return whether there is a start
     */
    public boolean hasStart() {
        return start != null;
    }

    /**
     * Returns the axes for the table of an embedding, of shape (words, dimensions).
     *
     * <p>The order of the words carries no information, so a low-pass along their axis would only
     * merge neighbours in the dictionary. This method splits that axis into factors n_1 · n_2 · …,
     * for example 10,000 words into (16, 25, 25). The highest index sum of the word axes, h = Σ
     * (n_i - 1), is then below 64 instead of 9,999. The zigzag order sorts by
     *
     * <pre>
     * Σ k_i + w · k_dimension,   w = h / 10, from 1 to 64
     * </pre>
     *
     * <p>so that truncation mostly removes high frequencies of the dimensions. With about four
     * coefficients per word, and 1,000 words or more, every frequency of the words is kept. With w
     * = 64, the first dimension would keep all word frequencies before the second keeps any: a text
     * classifier was one point better that way with eight coefficients per word, and ten points
     * worse with two.
     *
     * <p>A large prime factor of the number of words makes h large and cuts more of the word
     * frequencies. If a factor exceeds 8192, or the table is not a matrix, the result is {@link
     * #OWN}. Pad such a vocabulary to a multiple of 1,000.
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
        // A weighted order has at most MAX_WEIGHTED_SHELLS shells.
        long room = (ZigzagOrder.MAX_WEIGHTED_SHELLS - 1 - highest) / (table.get(1) - 1);
        long weight = Math.min(highest / PARTS, ZigzagOrder.MAX_WEIGHT);
        List<Integer> weights = new ArrayList<>(Collections.nCopies(factors.size(), 1));
        weights.add((int) Math.max(1, Math.min(room, weight)));
        factors.add(table.get(1));
        long[] split = factors.stream().mapToLong(Long::longValue).toArray();
        return new FrequencyAxes(split.length == 2 ? null : new Shape(split), weights);
    }

    /** Returns the prime factors, the smallest multiplied while the index sum is below MAX_SUM. */
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

    /** Returns the highest index sum of axes with these extents. */
    private static long highest(List<Long> factors) {
        return factors.stream().mapToLong(factor -> factor - 1).sum();
    }

    /**
     * Returns the shape whose axes are transformed.
     *
     * @param own the shape of the tensor
     * @return the split shape, or the shape of the tensor
     */
    public Shape shape(Shape own) {
        return split == null ? own : split;
    }

    /**
     * Returns the mask of a tensor along these axes.
     *
     * @param own the shape of the tensor
     * @param kept the number of coefficients to keep
     * @return the mask
     * @throws IllegalArgumentException if the axes do not fit the shape, or the kept number is out
     *     of range
     */
    public ZigzagMask mask(Shape own, long kept) {
        Shape shape = shape(own);
        SplitAxes.of(own, shape);
        checkStart(own);
        return ZigzagMask.of(shape, order(shape), kept);
    }

    private void checkStart(Shape own) {
        if (start != null && !start.fits(own)) {
            throw new IllegalArgumentException(
                    "Expected a tensor with the start "
                            + start.describe()
                            + " to have "
                            + start.needs()
                            + ", but its shape is "
                            + own);
        }
    }

    private ZigzagOrder order(Shape shape) {
        return weights.isEmpty()
                ? ZigzagOrder.of(shape)
                : ZigzagOrder.of(shape, weights.stream().mapToInt(w -> w).toArray());
    }

    /**
     * Checks that the axes fit a tensor.
     *
     * @param own the shape of the tensor
     * @throws IllegalArgumentException if they do not fit
     */
    public void check(Shape own) {
        Shape shape = shape(own);
        SplitAxes.of(own, shape);
        checkStart(own);
        order(shape);
    }

    /**
     * Describes the axes of a tensor for a message or a report.
     *
     * @param own the shape of the tensor
     * @return the extents, followed by the weights unless all are 1, and by the start if there is
     *     one, such as {@code 500x50x4x4 weighted 1:2:3:3 seed 7}
     */
    public String describe(Shape own) {
        String extents =
                LongStream.of(shape(own).getShape())
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining("x"));
        String order = weights.stream().map(String::valueOf).collect(Collectors.joining(":"));
        return extents
                + (order.isEmpty() ? "" : " weighted " + order)
                + (start == null ? "" : " " + start.describe());
    }
}
