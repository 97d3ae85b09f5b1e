package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The parameters and buffers of a module and its submodules, by name, in the order in which
 * LibTorch lists them: that of the attributes in the source of each class, depth first.
 */
final class ModuleTensors {

    /** A module that is shared many times over has many names. */
    private static final int MAX_ATTRIBUTES = 1 << 20;

    private static final int MAX_DEPTH = 200;

    private final ScriptSource source;
    private final Map<String, PickleNode.Call> parameters = new LinkedHashMap<>();
    private final Map<String, PickleNode.Call> buffers = new LinkedHashMap<>();
    private final Map<PickleNode.Call, List<String>> names = new IdentityHashMap<>();
    private int attributes;

    ModuleTensors(ScriptSource source, PickleNode.Instance root) throws MalformedModelException {
        this.source = source;
        add("", root, 0);
    }

    /** Returns the parameters by name. */
    Map<String, PickleNode.Call> parameters() {
        return parameters;
    }

    /** Returns the buffers by name. */
    Map<String, PickleNode.Call> buffers() {
        return buffers;
    }

    /** Returns the names of a parameter or buffer. */
    List<String> names(PickleNode.Call tensor) {
        return names.getOrDefault(tensor, List.of());
    }

    private void add(String prefix, PickleNode.Instance module, int depth)
            throws MalformedModelException {
        ScriptClass type =
                moduleType(source, module)
                        .orElseThrow(
                                () ->
                                        new MalformedModelException(
                                                "the archive has no source for the class of the"
                                                        + " module "
                                                        + (prefix.isEmpty()
                                                                ? "itself"
                                                                : PickledValues.line(prefix))));
        for (String attribute : type.attributes().keySet()) {
            if (++attributes > MAX_ATTRIBUTES || depth > MAX_DEPTH) {
                throw new MalformedModelException(
                        "expected at most "
                                + MAX_ATTRIBUTES
                                + " attributes of modules, nested at most "
                                + MAX_DEPTH
                                + " deep");
            }
            String name = prefix + attribute;
            Object value = attribute(module, attribute);
            if (value instanceof PickleNode.Call tensor && TensorView.isTensor(tensor)) {
                if (type.parameters().contains(attribute)) {
                    put(name, tensor, parameters);
                } else if (type.buffers().contains(attribute)) {
                    put(name, tensor, buffers);
                }
            } else if (value instanceof PickleNode.Instance child
                    && moduleType(source, child).isPresent()) {
                add(name + ".", child, depth + 1);
            }
        }
    }

    private void put(String name, PickleNode.Call tensor, Map<String, PickleNode.Call> tensors) {
        tensors.put(name, tensor);
        names.computeIfAbsent(tensor, same -> new ArrayList<>()).add(name);
    }

    /** Returns the class of an object, if it is a module. */
    static Optional<ScriptClass> moduleType(ScriptSource source, PickleNode.Instance object) {
        return object.type instanceof PickleNode.Global global
                ? source.type(global.qualified()).filter(ScriptClass::isModule)
                : Optional.empty();
    }

    /** Returns the value of an attribute, or None. */
    static Object attribute(PickleNode.Instance object, String name) {
        Object value = object.state instanceof Map<?, ?> state ? state.get(name) : null;
        return value == null ? PickleMachine.NONE : value;
    }
}
