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
 */
record PlannedTensor(NetworkTensor tensor, TensorChoice choice, Optional<String> remedy) {

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
}
