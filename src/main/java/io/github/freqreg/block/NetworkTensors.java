package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists the tensors of a network.
 *
 * <p>A tensor has several names if a block or a parameter occurs in several places, if several
 * parameters hold one array, or if they are one tensor of a TorchScript network. It is listed once,
 * under its first name. Whether parameters of DJL's layers are tied is known only while they hold
 * the array, the same {@link NDArray}: not in a network that is not initialised.
 */
@Internal
public final class NetworkTensors {

    /** DJL's name of a child that was wrapped before it was added to its parent. */
    private static final Pattern WRAPPED_FIRST =
            Pattern.compile("(\\d+)" + FrequencyBlock.class.getSimpleName());

    private final Map<String, Found> places = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();
    private final Map<Parameter, Found> byParameter = new IdentityHashMap<>();
    private final Map<NDArray, Found> byArray = new IdentityHashMap<>();

    private NetworkTensors() {}

    /** A tensor and the parameters that are tied to it so far. */
    private record Found(
            String name, Parameter parameter, Block owner, Map<String, Parameter> tied) {

        NetworkTensor toTensor() {
            Optional<SpectralParameter> spectral =
                    owner instanceof FrequencyBlock wrapper
                            ? wrapper.findSpectral(parameter)
                            : Optional.empty();
            Map<String, Parameter> others = Collections.unmodifiableMap(tied);
            return NetworkTensor.of(name, parameter, Fusion.undo(owner), others, spectral);
        }
    }

    /**
     * Lists the tensors of a network in its order.
     *
     * @param root of the network
     * @return the tensors, each once
     * @throws IllegalStateException if two tensors have the same name, or a TorchScript network is
     *     a skeleton without memory for its tensors
     */
    public static List<NetworkTensor> of(Block root) {
        return places(root).values().stream().distinct().toList();
    }

    /**
     * Returns the tensor of each name that a network shows, also of the further names of a tensor.
     *
     * @param root of the network
     * @return the tensors by name, in the network's order
     * @throws IllegalStateException if two tensors have the same name
     */
    public static Map<String, NetworkTensor> places(Block root) {
        NetworkTensors tensors = new NetworkTensors();
        tensors.add(root, "");
        Map<Found, NetworkTensor> made = new IdentityHashMap<>();
        Map<String, NetworkTensor> places = new LinkedHashMap<>();
        tensors.places.forEach(
                (name, found) -> places.put(name, made.computeIfAbsent(found, Found::toTensor)));
        return places;
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
        return root.isInitialized() || ScriptModules.isModule(root);
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
        boolean inModule = ScriptModules.isModule(block);
        Map<Shape, List<Found>> modules = new HashMap<>();
        for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            String name = prefix + entry.getKey();
            Parameter parameter = entry.getValue();
            Optional<Found> same = Optional.ofNullable(byParameter.get(parameter));
            if (same.isEmpty() && inModule) {
                same = inModule(parameter.getArray(), modules);
            } else if (same.isEmpty() && parameter.isInitialized()) {
                same = Optional.ofNullable(byArray.get(parameter.getArray()));
                same.ifPresent(first -> first.tied.put(name, parameter));
            }
            if (same.isPresent()) {
                byParameter.put(parameter, same.get());
                places.putIfAbsent(name, same.get());
                continue;
            }
            if (!names.add(name)) {
                throw new IllegalStateException(
                        "Two parameters of the network are named "
                                + name
                                + ". Add their blocks to the network under different names:"
                                + " parameters are told apart by name");
            }
            Found first = new Found(name, parameter, block, new LinkedHashMap<>());
            byParameter.put(parameter, first);
            // An alias yields to the tensor that has this name as its own.
            places.remove(name);
            places.put(name, first);
            if (inModule) {
                modules.computeIfAbsent(parameter.getArray().getShape(), shape -> new ArrayList<>())
                        .add(first);
            } else if (parameter.isInitialized()) {
                byArray.put(parameter.getArray(), first);
            }
        }
        for (Pair<String, Block> child : block.getChildren()) {
            add(child.getValue(), prefix + nameOf(child) + "_");
        }
    }

    /** Returns the tensor of a TorchScript network that an array is another name of. */
    private static Optional<Found> inModule(NDArray array, Map<Shape, List<Found>> before) {
        if (ModuleOperators.isEmptied(array)) {
            throw new IllegalStateException(
                    "The TorchScript network is a skeleton, whose tensors have no memory of their"
                            + " own: load it with TorchScript.load");
        }
        List<Found> alike = before.getOrDefault(array.getShape(), List.of());
        if (alike.isEmpty()) {
            return Optional.empty();
        }
        List<NDArray> arrays = alike.stream().map(each -> each.parameter.getArray()).toList();
        int index = ModuleOperators.find(array, arrays);
        return index == alike.size() ? Optional.empty() : Optional.of(alike.get(index));
    }

    /**
     * Returns the name of a child as it appears in the names of its parameters.
     *
     * <p>DJL names a child by its number and its class. For a child that was wrapped before it was
     * added to its parent, the class of the wrapped layer takes the place of {@code
     * FrequencyBlock}, so that a parameter's name does not depend on when its layer was wrapped.
     */
    private static String nameOf(Pair<String, Block> child) {
        Matcher numbered = WRAPPED_FIRST.matcher(child.getKey());
        if (!numbered.matches()) {
            return child.getKey();
        }
        // Under this name there may also be a layer that is plain again.
        Class<?> type =
                child.getValue() instanceof FrequencyBlock block
                        ? block.getWrappedType()
                        : child.getValue().getClass();
        return numbered.group(1) + type.getSimpleName();
    }
}
