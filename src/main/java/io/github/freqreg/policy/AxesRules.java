package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Along which axes each tensor is transformed: those that the user sets, or those that are found
 * from the shapes of the network, or the tensor's own.
 *
 * @param splits shapes that split the axes of tensors, by name
 * @param weights weights of axes in the zigzag order, by name
 * @param finder finds axes of other tensors
 */
record AxesRules(NamePatterns<Shape> splits, NamePatterns<List<Integer>> weights, Finder finder) {

    /** How axes are found that the user does not set. */
    enum Finder {
        /** As in the paper: all tensors have their own axes. */
        NONE,
        /** From the shapes of the network. */
        SHAPES
    }

    /** Returns the axes that the shapes of a network tell, for the weights of its blocks. */
    Map<Block, FoundAxes> trace(Block root) {
        return finder == Finder.SHAPES ? ShapeTrace.of(root) : Map.of();
    }

    /** Returns the axes that the shapes of weights tell, for tensors of TorchScript networks. */
    Map<Parameter, FoundAxes> trace(List<NetworkTensor> tensors, ModuleLayers layers) {
        return finder == Finder.SHAPES ? ModuleTrace.of(tensors, layers) : Map.of();
    }

    /** Returns the axes of a tensor of a shape. */
    FrequencyAxes of(PlannedTensor tensor, Shape shape) {
        Optional<Shape> split = splits.find(tensor.name());
        Optional<List<Integer>> its = weights.find(tensor.name());
        if (split.isPresent() || its.isPresent()) {
            return new FrequencyAxes(split.orElse(null), its.orElse(List.of()));
        }
        if (tensor.layer() == LayerType.EMBEDDING) {
            return FrequencyAxes.ofTable(shape);
        }
        return find(tensor, shape).map(FoundAxes::axes).orElse(FrequencyAxes.OWN);
    }

    private Optional<FoundAxes> find(PlannedTensor tensor, Shape shape) {
        if (finder == Finder.NONE || tensor.parameter().getType() != Parameter.Type.WEIGHT) {
            return Optional.empty();
        }
        return switch (tensor.layer()) {
            case CONVOLUTION, TRANSPOSED_CONVOLUTION -> FoundAxes.kernel(shape);
            case LINEAR -> tensor.traced();
            default -> Optional.empty();
        };
    }

    /** Returns the axes of a tensor whose shape is known. */
    FrequencyAxes of(PlannedTensor tensor) {
        return of(tensor, tensor.shape());
    }

    /**
     * Adds the axes of a chosen tensor to the reason of its choice, if they are not its own with
     * equal weights.
     */
    PlannedTensor explain(PlannedTensor tensor) {
        Shape shape = tensor.tensor().shape();
        if (!tensor.isChosen() || shape == null) {
            return tensor;
        }
        FrequencyAxes axes = of(tensor);
        if (axes.equals(FrequencyAxes.OWN)) {
            return tensor;
        }
        return tensor.because("axes " + axes.describe(shape) + ": " + reason(tensor));
    }

    private String reason(PlannedTensor tensor) {
        if (splits.find(tensor.name()).isPresent()) {
            return "set by addSplit";
        } else if (weights.find(tensor.name()).isPresent()) {
            return "set by addAxisWeights";
        }
        return find(tensor, tensor.shape()).map(FoundAxes::reason).orElse("words have no order");
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
