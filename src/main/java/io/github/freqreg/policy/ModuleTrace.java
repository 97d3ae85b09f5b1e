package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the axes of linear layers of TorchScript networks from the shapes of their weights.
 *
 * <p>A TorchScript network exposes neither its input shape nor the operations between its layers.
 * But a linear layer of n inputs that follows a convolution of M outputs takes M maps of k × k
 * pixels if n = M · k · k.
 */
final class ModuleTrace {

    private ModuleTrace() {}

    /** Returns the axes found for the weights among the tensors of a network. */
    static Map<Parameter, FoundAxes> of(List<NetworkTensor> tensors, ModuleLayers layers) {
        Map<Parameter, FoundAxes> found = new IdentityHashMap<>();
        Optional<Shape> convolution = Optional.empty();
        for (NetworkTensor tensor : tensors) {
            if (!tensor.isInModule() || tensor.knownShape().dimension() < 2) {
                continue;
            }
            Shape weight = tensor.knownShape();
            LayerType layer = layers.of(tensor);
            if (layer == LayerType.LINEAR && weight.dimension() == 2) {
                convolution
                        .flatMap(last -> maps(last, weight.get(1)))
                        .flatMap(maps -> flattened(weight.get(0), maps))
                        .ifPresent(axes -> found.put(tensor.parameter(), axes));
            }
            convolution = layer == LayerType.CONVOLUTION ? Optional.of(weight) : Optional.empty();
        }
        return found;
    }

    private static Optional<Shape> maps(Shape convolution, long inputs) {
        return FoundAxes.maps(convolution.get(0), convolution.dimension() - 2, inputs);
    }

    private static Optional<FoundAxes> flattened(long units, Shape maps) {
        return FoundAxes.flattened(units, maps, FoundAxes.Layout.MAPS_FIRST);
    }
}
