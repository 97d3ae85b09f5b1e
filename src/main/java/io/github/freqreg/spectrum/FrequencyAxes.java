package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
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
