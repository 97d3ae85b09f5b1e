package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;

/**
 * The kinds of layer of a network's tensors.
 *
 * <p>A tensor of a DJL layer has the kind of that layer. A TorchScript network is a single block
 * with the tensors of many layers; the kind of each follows from the rank of the tensor.
 */
final class ModuleLayers {

    private ModuleLayers() {}

    /** Returns the kind of layer that a tensor belongs to. */
    static LayerType of(NetworkTensor tensor) {
        if (!tensor.isInModule()) {
            return LayerType.of(tensor.owner());
        }
        Shape shape = tensor.knownShape();
        if (shape.dimension() < 2 || tensor.parameter().getType() != Parameter.Type.WEIGHT) {
            return LayerType.OTHER;
        }
        return shape.dimension() == 2 ? LayerType.LINEAR : LayerType.CONVOLUTION;
    }
}
