package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.List;
import java.util.Optional;

/**
 * Along which axes each tensor is transformed.
 *
 * @param splits shapes that split the axes of tensors, by name
 * @param weights weights of axes in the zigzag order, by name
 */
record AxesRules(NamePatterns<Shape> splits, NamePatterns<List<Integer>> weights) {

    /** Returns the axes of a tensor of a shape. */
    FrequencyAxes of(PlannedTensor tensor, Shape shape) {
        Optional<Shape> split = splits.find(tensor.name());
        Optional<List<Integer>> its = weights.find(tensor.name());
        if (tensor.layer() == LayerType.EMBEDDING && split.isEmpty() && its.isEmpty()) {
            return FrequencyAxes.ofTable(shape);
        }
        return new FrequencyAxes(split.orElse(null), its.orElse(List.of()));
    }

    /** Returns the axes of a tensor whose shape is known. */
    FrequencyAxes of(PlannedTensor tensor) {
        return of(tensor, tensor.shape());
    }

    /**
     * Checks that the axes fit a tensor whose shape is known.
     *
     * @throws IllegalArgumentException if they do not
     */
    void check(PlannedTensor tensor) {
        mask(tensor.name(), of(tensor), tensor.shape(), 1);
    }

    /**
     * Checks that a tensor whose shape is known can keep as many coefficients as it starts with.
     *
     * @throws IllegalArgumentException if it cannot, as its axes have too large weights
     */
    void check(PlannedTensor tensor, TensorSpec spec) {
        mask(tensor.name(), spec.axes(), tensor.shape(), spec.start());
    }

    /**
     * Returns the mask of a tensor.
     *
     * @throws IllegalArgumentException if its axes do not allow to keep so many coefficients; the
     *     message names the tensor
     */
    static ZigzagMask mask(String name, FrequencyAxes axes, Shape shape, long kept) {
        try {
            return axes.mask(shape, kept);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "The axes for " + name + " do not fit. " + e.getMessage(), e);
        }
    }
}
