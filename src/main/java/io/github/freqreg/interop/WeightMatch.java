package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Matches named arrays with the parameters of a network, and collects all problems.
 *
 * <p>A tensor of the network with several names takes an array under one of them, or several equal
 * ones.
 */
final class WeightMatch {

    /** PyTorch's batch counter of batch normalisation, which DJL does not have. */
    static final String SKIPPED = "num_batches_tracked";

    private static final int MAX_TOLD = 16;

    /** Endings of array names and the types of parameter that they may belong to. */
    private static final Map<String, List<Parameter.Type>> KINDS =
            Map.of(
                    "weight", List.of(Parameter.Type.WEIGHT, Parameter.Type.GAMMA),
                    "bias", List.of(Parameter.Type.BIAS, Parameter.Type.BETA),
                    "running_mean", List.of(Parameter.Type.RUNNING_MEAN),
                    "running_var", List.of(Parameter.Type.RUNNING_VAR));

    private final Map<String, NetworkTensor> places;
    private final Map<String, NetworkTensor> tensors = new LinkedHashMap<>();
    private final Set<String> tied = new LinkedHashSet<>();
    private final UnaryOperator<String> names;
    private final List<String> faults = new ArrayList<>();

    /**
     * Prepares to match arrays.
     *
     * @param places the tensors of the network by all of their names, initialised
     * @param names maps the name of a parameter to the name of its array
     */
    WeightMatch(Map<String, NetworkTensor> places, UnaryOperator<String> names) {
        this.places = places;
        this.names = names;
        for (NetworkTensor tensor : places.values()) {
            if (tensors.put(tensor.name(), tensor) != null) {
                tied.add(tensor.name());
            }
        }
    }

    /** Returns the array for each tensor, by the tensor's first name. */
    Map<String, NDArray> of(NDList arrays) throws MalformedModelException {
        Map<String, NDArray> given = given(arrays);
        Map<String, NDArray> found;
        if (places.keySet().stream().map(names).anyMatch(given::containsKey)) {
            found = byName(given, names);
        } else if (places.keySet().stream().anyMatch(given::containsKey)) {
            found = byName(given, UnaryOperator.identity());
        } else {
            found = inOrder(given);
        }
        return checked(found);
    }

    /** Returns the array for each tensor by a table, which need not use all arrays. */
    Map<String, NDArray> of(NDList arrays, NameTable table) throws MalformedModelException {
        Map<String, NDArray> given = given(arrays);
        Map<String, NDArray> found = new LinkedHashMap<>();
        for (String name : table.parameters()) {
            if (!places.containsKey(name)) {
                faults.add("the network has no " + name + ", which the table of names has");
            }
        }
        places.forEach(
                (name, tensor) ->
                        table.arrayOf(name)
                                .map(given::get)
                                .ifPresent(array -> take(found, tensor, array)));
        tensors.forEach(
                (name, tensor) -> {
                    if (!found.containsKey(name)) {
                        faults.add(
                                namesOf(tensor).stream()
                                        .flatMap(each -> table.arrayOf(each).stream())
                                        .findFirst()
                                        .map(theirs -> theirs + ", for " + name + ", is missing")
                                        .orElseGet(
                                                () ->
                                                        "the table of names has no line for "
                                                                + name
                                                                + " "
                                                                + shape(tensor)));
                    }
                });
        return checked(found);
    }

    private List<String> namesOf(NetworkTensor tensor) {
        return places.keySet().stream().filter(name -> tensor.equals(places.get(name))).toList();
    }

    private static Shape shape(NetworkTensor tensor) {
        return tensor.parameter().getArray().getShape();
    }

    /** Takes the array of one name of a tensor; those of its other names must be equal. */
    private void take(Map<String, NDArray> found, NetworkTensor tensor, NDArray array) {
        NDArray first = found.putIfAbsent(tensor.name(), array);
        if (first != null && !isEqual(first, array)) {
            faults.add(
                    first.getName()
                            + " and "
                            + array.getName()
                            + " differ, and the network has one tensor for both, "
                            + tensor.name());
        }
    }

    private static boolean isEqual(NDArray first, NDArray second) {
        if (first == second) {
            return true;
        }
        if (!first.getShape().equals(second.getShape())) {
            return false;
        }
        try (NDArray typed = second.toType(first.getDataType(), true)) {
            return first.contentEquals(typed);
        }
    }

    private Map<String, NDArray> given(NDList arrays) {
        Map<String, NDArray> given = new LinkedHashMap<>();
        for (NDArray array : arrays) {
            String name = array.getName();
            if (name == null) {
                faults.add("an array of " + array.getShape() + " has no name");
            } else if (!name.endsWith(SKIPPED) && given.put(name, array) != null) {
                faults.add(name + " is there twice");
            }
        }
        return given;
    }

    private Map<String, NDArray> checked(Map<String, NDArray> found)
            throws MalformedModelException {
        found.forEach((name, array) -> check(name, array));
        if (!faults.isEmpty()) {
            int more = faults.size() - MAX_TOLD;
            throw new MalformedModelException(
                    "expected the "
                            + tensors.size()
                            + " arrays of the network but "
                            + String.join(
                                    "; ", faults.subList(0, Math.min(MAX_TOLD, faults.size())))
                            + (more > 0 ? "; and " + more + " more" : ""));
        }
        return found;
    }

    private Map<String, NDArray> byName(Map<String, NDArray> given, UnaryOperator<String> naming) {
        Map<String, NDArray> left = new LinkedHashMap<>(given);
        Map<String, NDArray> found = new LinkedHashMap<>();
        places.forEach(
                (name, tensor) ->
                        Optional.ofNullable(left.remove(naming.apply(name)))
                                .ifPresent(array -> take(found, tensor, array)));
        for (String name : tensors.keySet()) {
            if (!found.containsKey(name)) {
                faults.add(naming.apply(name) + " is missing");
            }
        }
        left.values().forEach(array -> checkTied(found, array));
        return found;
    }

    /** Rejects an array without a parameter, unless it is a further name of a tied tensor. */
    private void checkTied(Map<String, NDArray> found, NDArray array) {
        // A file may have more names than can be compared in reasonable time.
        List<NDArray> alike =
                faults.size() >= MAX_TOLD
                        ? List.of()
                        : tied.stream()
                                .flatMap(name -> Optional.ofNullable(found.get(name)).stream())
                                .filter(first -> first.getShape().equals(array.getShape()))
                                .toList();
        if (alike.stream().anyMatch(first -> isEqual(first, array))) {
            return;
        }
        String hint =
                alike.isEmpty()
                        ? ""
                        : ", and its values are not those of the tied " + alike.get(0).getName();
        faults.add(array.getName() + " is unknown" + hint);
    }

    /** Matches arrays in order: one for each tensor, or one for each name of a tensor. */
    private Map<String, NDArray> inOrder(Map<String, NDArray> given) {
        Map<String, NDArray> found = new LinkedHashMap<>();
        Map<String, NetworkTensor> order = given.size() == tensors.size() ? tensors : places;
        if (given.size() != order.size()) {
            faults.add("found " + given.size() + ", none with a name that it knows");
            return found;
        }
        List<String> theirs = List.copyOf(given.keySet());
        for (int i = 1; i < theirs.size(); i++) {
            if (NameOrder.goesDown(theirs.get(i - 1), theirs.get(i))) {
                faults.add(
                        theirs.get(i)
                                + " is behind "
                                + theirs.get(i - 1)
                                + ", and where none has a name that the network knows, numbers in"
                                + " names must go up");
                return found;
            }
        }
        int index = 0;
        for (Map.Entry<String, NetworkTensor> each : order.entrySet()) {
            String name = theirs.get(index++);
            Parameter.Type type = each.getValue().parameter().getType();
            KINDS.forEach(
                    (ending, types) -> {
                        // DJL uses OTHER for weights and biases of unknown type.
                        if (name.endsWith(ending)
                                && type != Parameter.Type.OTHER
                                && !types.contains(type)) {
                            faults.add(name + " is in the place of " + each.getKey());
                        }
                    });
            take(found, each.getValue(), Objects.requireNonNull(given.get(name)));
        }
        return found;
    }

    private void check(String name, NDArray array) {
        NDArray own = Objects.requireNonNull(tensors.get(name)).parameter().getArray();
        String found = array.getName() + ", for " + name + ", is ";
        if (!Arrays.equals(own.getShape().getShape(), array.getShape().getShape())) {
            faults.add(found + array.getShape() + " and not " + own.getShape());
        } else if (!array.getDataType().isFloating()) {
            faults.add(found + array.getDataType() + " and not floating point");
        } else if (overflows(array, own.getDataType())) {
            faults.add(found + "too large for " + own.getDataType());
        }
    }

    /** Returns whether a finite value would become infinite in another type. */
    private static boolean overflows(NDArray array, DataType type) {
        if (array.getDataType() == type || array.isEmpty()) {
            return false;
        }
        try (NDArray cast = array.toType(type, true)) {
            return infinite(cast) > infinite(array);
        }
    }

    private static long infinite(NDArray array) {
        try (NDArray infinite = array.isInfinite();
                NDArray counts = infinite.toType(DataType.INT64, true);
                NDArray sum = counts.sum()) {
            return sum.getLong();
        }
    }
}
