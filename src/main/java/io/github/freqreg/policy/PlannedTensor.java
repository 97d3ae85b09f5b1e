package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import java.util.Optional;

/**
 * A tensor of a network and what a policy does with it.
 *
 * @param tensor the tensor
 * @param choice whether it is wrapped, and why
 * @param remedy the builder method that lets a tensor be chosen that is not
 * @param traced the axes that the shapes of the network tell for the weight of its layer
 * @param isInSequence whether no skip connection bypasses its layer
 */
record PlannedTensor(
        NetworkTensor tensor,
        TensorChoice choice,
        Optional<String> remedy,
        Optional<FoundAxes> traced,
        boolean isInSequence) {

    PlannedTensor(NetworkTensor tensor, TensorChoice choice, Optional<String> remedy) {
        this(tensor, choice, remedy, Optional.empty(), false);
    }

    /** Returns this tensor with what the shapes and the blocks of the network tell. */
    PlannedTensor traced(Optional<FoundAxes> axes, boolean inSequence) {
        return new PlannedTensor(tensor, choice, remedy, axes, inSequence);
    }

    /** Returns this tensor with one more reason of its choice. */
    PlannedTensor because(String more) {
        return chosen(choice.regularized(), choice.reason() + "; " + more, remedy);
    }

    /** Returns this tensor as one that is left alone after all. */
    PlannedTensor spared() {
        return chosen(
                false,
                "its class would have to be wrapped as a whole",
                Optional.of("optParameterTypes"));
    }

    private PlannedTensor chosen(boolean wrapped, String reason, Optional<String> remedy) {
        TensorChoice other =
                new TensorChoice(choice.name(), choice.layer(), choice.shape(), wrapped, reason);
        return new PlannedTensor(tensor, other, remedy, traced, isInSequence);
    }

    /** Returns whether it belongs to a class that has layers, too. */
    boolean isBesideLayers() {
        return !owner().getChildren().isEmpty();
    }

    String name() {
        return tensor.name();
    }

    LayerType layer() {
        return choice.layer();
    }

    Parameter parameter() {
        return tensor.parameter();
    }

    Block owner() {
        return tensor.owner();
    }

    /** Returns the shape, which must be known. */
    Shape shape() {
        return tensor.knownShape();
    }

    boolean isChosen() {
        return choice.regularized();
    }

    /** Returns whether it has a single axis, as biases, scales and shifts have. */
    boolean isVector() {
        return shape().dimension() == 1;
    }

    /** Returns whether it is the wrapped weight of a layer. */
    boolean isChosenWeight() {
        return isChosen() && parameter().getType() == Parameter.Type.WEIGHT;
    }
}
