package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import io.github.freqreg.Internal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Lists the parameters of a network. */
@Internal
public final class NetworkTensors {

    private static final String FREQUENCY_BLOCK = FrequencyBlock.class.getSimpleName();

    private final List<NetworkTensor> found = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private NetworkTensors() {}

    /**
     * Lists the parameters of a network in its order. A parameter that occurs more than once is
     * listed once, under its first name.
     *
     * @param root of the network
     * @return the parameters
     * @throws IllegalStateException if two parameters have the same name, or a TorchScript network
     *     is a skeleton without memory for its tensors
     */
    public static List<NetworkTensor> of(Block root) {
        NetworkTensors tensors = new NetworkTensors();
        tensors.add(root, "");
        return List.copyOf(tensors.found);
    }

    /**
     * Returns the parameters of a network by name.
     *
     * @param root of the network
     * @return the parameters, in the network's order
     * @throws IllegalStateException if two parameters have the same name
     */
    public static Map<String, NetworkTensor> byName(Block root) {
        Map<String, NetworkTensor> tensors = new LinkedHashMap<>();
        of(root).forEach(tensor -> tensors.put(tensor.name(), tensor));
        return tensors;
    }

    /**
     * Returns the tensors in the frequency domain by name.
     *
     * @param root of the network
     * @return the tensors, in the network's order
     * @throws IllegalStateException if two parameters have the same name
     */
    public static Map<String, SpectralParameter> spectral(Block root) {
        Map<String, SpectralParameter> tensors = new LinkedHashMap<>();
        of(root).forEach(each -> each.spectral().ifPresent(t -> tensors.put(each.name(), t)));
        return tensors;
    }

    /**
     * Returns whether a network has numbers.
     *
     * @param root of the network
     * @return whether it is initialised, or a TorchScript network, which has numbers once it is
     *     loaded
     */
    public static boolean haveNumbers(Block root) {
        return root.isInitialized() || ModuleOperators.isModule(root);
    }

    /**
     * Returns the shapes of the inputs that a network was initialised with.
     *
     * @param root of the network
     * @return the shapes; none of a TorchScript network that was only loaded
     */
    public static List<Shape> inputShapes(Block root) {
        return root.isInitialized() ? List.of(root.getInputShapes()) : List.of();
    }

    private void add(Block block, String prefix) {
        for (Pair<String, Parameter> entry : distinct(block)) {
            String name = prefix + entry.getKey();
            Parameter parameter = entry.getValue();
            if (!seen.add(parameter)) {
                continue;
            }
            if (!names.add(name)) {
                throw new IllegalStateException(
                        "Two parameters of the network are named "
                                + name
                                + ". Add their blocks to the network under different names:"
                                + " parameters are told apart by name");
            }
            Optional<SpectralParameter> spectral =
                    block instanceof FrequencyBlock wrapper
                            ? wrapper.findSpectral(parameter)
                            : Optional.empty();
            found.add(NetworkTensor.of(name, parameter, block, spectral));
        }
        for (Pair<String, Block> child : block.getChildren()) {
            add(child.getValue(), prefix + nameOf(child) + "_");
        }
    }

    /**
     * Returns the parameters of a block; of those that are one tensor of a TorchScript network, the
     * first.
     */
    private static ParameterList distinct(Block block) {
        ParameterList all = block.getDirectParameters();
        if (!ModuleOperators.isModule(block)) {
            return all;
        }
        ParameterList distinct = new ParameterList();
        Map<Shape, List<NDArray>> byShape = new HashMap<>();
        for (Pair<String, Parameter> entry : all) {
            NDArray array = entry.getValue().getArray();
            if (ModuleOperators.isEmptied(array)) {
                throw new IllegalStateException(
                        "The TorchScript network is a skeleton, whose tensors have no memory of"
                                + " their own: load it with TorchScript.load");
            }
            List<NDArray> before =
                    byShape.computeIfAbsent(array.getShape(), shape -> new ArrayList<>());
            if (before.isEmpty() || ModuleOperators.find(array, before) == before.size()) {
                before.add(array);
                distinct.add(entry);
            }
        }
        return distinct;
    }

    /**
     * Returns the name of a child as it appears in the names of its parameters.
     *
     * <p>DJL names a child by its number and its class. For a child that was wrapped before it was
     * added to its parent, the class of the wrapped layer takes the place of {@code
     * FrequencyBlock}, so that a parameter's name does not depend on when its layer was wrapped.
     */
    private static String nameOf(Pair<String, Block> child) {
        String key = child.getKey();
        if (!key.endsWith(FREQUENCY_BLOCK)) {
            return key;
        }
        // Under this name there may also be a layer that is plain again.
        Class<?> type =
                child.getValue() instanceof FrequencyBlock block
                        ? block.getWrappedType()
                        : child.getValue().getClass();
        return key.substring(0, key.length() - FREQUENCY_BLOCK.length()) + type.getSimpleName();
    }
}
