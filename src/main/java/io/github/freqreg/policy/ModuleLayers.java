package io.github.freqreg.policy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.ScriptModules;
import io.github.freqreg.interop.torch.TorchScriptArchive;
import io.github.freqreg.interop.torch.TorchScriptOperator;
import io.github.freqreg.interop.torch.TorchScriptParameter;
import java.io.IOException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kinds of layer of a network's tensors.
 *
 * <p>A tensor of a DJL layer has the kind of that layer. A TorchScript network is a single block
 * with the tensors of many layers: there the kind follows from the operator that takes the tensor
 * in the network's code, or from the tensor's rank where the code does not tell.
 */
final class ModuleLayers {

    private static final Logger logger = LoggerFactory.getLogger(ModuleLayers.class);

    private final Map<Block, Map<String, TorchScriptOperator>> operators = new IdentityHashMap<>();

    /** Returns the kind of layer that a tensor belongs to. */
    LayerType of(NetworkTensor tensor) {
        if (!tensor.isInModule()) {
            return LayerType.of(tensor.owner());
        }
        String name = tensor.parameter().getName();
        return Optional.ofNullable(operators(tensor.owner()).get(name))
                .map(ModuleLayers::layer)
                .orElseGet(() -> byRank(tensor));
    }

    private Map<String, TorchScriptOperator> operators(Block module) {
        return operators.computeIfAbsent(module, ModuleLayers::read);
    }

    private static Map<String, TorchScriptOperator> read(Block module) {
        Map<String, TorchScriptOperator> found = new HashMap<>();
        try {
            for (TorchScriptParameter each : TorchScriptArchive.of(module).parameters()) {
                each.operator().ifPresent(operator -> found.put(each.name(), operator));
            }
        } catch (IOException | MalformedModelException e) {
            logger.warn("The code of the TorchScript network cannot be read: {}", e.getMessage());
        }
        return found;
    }

    /**
     * Returns why the tensors of a TorchScript network cannot be wrapped.
     *
     * @param block any block
     * @return the reason, or nothing if it is no such network or there is none
     */
    static Optional<String> obstacle(Block block) {
        try {
            return ScriptModules.isModule(block)
                    ? TorchScriptArchive.of(block).obstacle()
                    : Optional.empty();
        } catch (IOException | MalformedModelException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static LayerType layer(TorchScriptOperator operator) {
        return switch (operator) {
            case CONVOLUTION -> LayerType.CONVOLUTION;
            case TRANSPOSED_CONVOLUTION -> LayerType.TRANSPOSED_CONVOLUTION;
            case LINEAR -> LayerType.LINEAR;
            case EMBEDDING -> LayerType.EMBEDDING;
            case RECURRENT -> LayerType.RECURRENT;
            case NORMALIZATION -> LayerType.NORMALIZATION;
        };
    }

    private static LayerType byRank(NetworkTensor tensor) {
        Shape shape = tensor.knownShape();
        if (shape.dimension() < 2 || tensor.parameter().getType() != Parameter.Type.WEIGHT) {
            return LayerType.OTHER;
        }
        return shape.dimension() == 2 ? LayerType.LINEAR : LayerType.CONVOLUTION;
    }
}
