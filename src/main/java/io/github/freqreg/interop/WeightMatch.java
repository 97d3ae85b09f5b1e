package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** Matches named arrays with the parameters of a network, and collects all problems. */
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

    private final Map<String, Parameter> parameters;
    private final UnaryOperator<String> names;
    private final List<String> faults = new ArrayList<>();

    /**
     * Prepares to match arrays.
     *
     * @param parameters of the network by name, initialised
     * @param names maps the name of a parameter to the name of its array
     */
    WeightMatch(Map<String, Parameter> parameters, UnaryOperator<String> names) {
        this.parameters = parameters;
        this.names = names;
    }

    /** Returns the array for each parameter, by the parameter's name. */
    Map<String, NDArray> of(NDList arrays) throws MalformedModelException {
        Map<String, NDArray> given = given(arrays);
        Map<String, NDArray> found;
        if (parameters.keySet().stream().map(names).anyMatch(given::containsKey)) {
            found = byName(given, names);
        } else if (parameters.keySet().stream().anyMatch(given::containsKey)) {
            found = byName(given, UnaryOperator.identity());
        } else {
            found = inOrder(given);
        }
        return checked(found);
    }

    /** Returns the array for each parameter by a table, which need not use all arrays. */
    Map<String, NDArray> of(NDList arrays, NameTable table) throws MalformedModelException {
        Map<String, NDArray> given = given(arrays);
        Map<String, NDArray> found = new LinkedHashMap<>();
        for (String name : table.parameters()) {
            if (!parameters.containsKey(name)) {
                faults.add("the network has no " + name + ", which the table of names has");
            }
        }
        parameters.forEach(
                (name, parameter) -> {
                    String theirs = table.arrayOf(name).orElse("");
                    NDArray array = given.get(theirs);
                    if (array != null) {
                        found.put(name, array);
                    } else if (theirs.isEmpty()) {
                        Shape shape = parameter.getArray().getShape();
                        faults.add("the table of names has no line for " + name + " " + shape);
                    } else {
                        faults.add(theirs + ", for " + name + ", is missing");
                    }
                });
        return checked(found);
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
                            + parameters.size()
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
        for (String name : parameters.keySet()) {
            NDArray array = left.remove(naming.apply(name));
            if (array != null) {
                found.put(name, array);
            } else {
                faults.add(naming.apply(name) + " is missing");
            }
        }
        left.keySet().forEach(name -> faults.add(name + " is unknown"));
        return found;
    }

    private Map<String, NDArray> inOrder(Map<String, NDArray> given) {
        Map<String, NDArray> found = new LinkedHashMap<>();
        if (given.size() != parameters.size()) {
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
        for (Map.Entry<String, Parameter> each : parameters.entrySet()) {
            String name = theirs.get(index++);
            Parameter.Type type = each.getValue().getType();
            KINDS.forEach(
                    (ending, types) -> {
                        // DJL uses OTHER for weights and biases of unknown type.
                        if (name.endsWith(ending)
                                && type != Parameter.Type.OTHER
                                && !types.contains(type)) {
                            faults.add(name + " is in the place of " + each.getKey());
                        }
                    });
            found.put(each.getKey(), given.get(name));
        }
        return found;
    }

    private void check(String name, NDArray array) {
        NDArray own = Objects.requireNonNull(parameters.get(name)).getArray();
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
