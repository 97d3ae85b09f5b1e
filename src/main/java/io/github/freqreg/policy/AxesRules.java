package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
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
        check(tensor, () -> of(tensor).check(tensor.shape()));
    }

    /**
     * Checks that a tensor whose shape is known can keep as many coefficients as it starts with.
     *
     * @throws IllegalArgumentException if it cannot, as its axes have too large weights
     */
    void check(PlannedTensor tensor, TensorSpec spec) {
        check(tensor, () -> spec.axes().mask(tensor.shape(), spec.start()));
    }

    private static void check(PlannedTensor tensor, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "The axes for " + tensor.name() + " do not fit. " + e.getMessage(), e);
        }
    }
}
