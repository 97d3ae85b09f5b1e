package io.github.freqreg.interop.torch;

import io.github.freqreg.interop.torch.ScriptExpression.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the operators that take the parameters of a module, by following its source.
 *
 * <p>Starting with {@code forward}, each call of a method or function is followed with what its
 * arguments are: a module, the names of a parameter, a list of these, or unknown. All branches are
 * followed, loops once. What is not understood is unknown, so parameters can be left without an
 * operator.
 */
final class OperatorSearch {

    private static final String FORWARD = "forward";
    private static final String OWN = "__torch__.";

    private static final int MAX_STEPS = 1 << 22;
    private static final int MAX_DEPTH = 300;
    private static final int MAX_NAMES = 32;
    private static final int MAX_NAME = 1000;

    private static final Object UNKNOWN = PickleMachine.NONE;

    private final ScriptSource source;
    private final ModuleTensors tensors;
    private final Map<String, TorchScriptOperator> found = new HashMap<>();
    private int steps;
    private int depth;

    private OperatorSearch(ScriptSource source, ModuleTensors tensors) {
        this.source = source;
        this.tensors = tensors;
    }

    /** A module of the network: its name with a dot behind, and the object. */
    private record Module(String prefix, PickleNode.Instance object) {}

    /** A parameter, or a view of it, by its names. */
    private record Weight(Set<String> names) {}

    /** A list or tuple. */
    private record Items(List<Object> values) {}

    /** A function, by its qualified name, or the start of such a name. */
    private record Function(String name) {}

    /** Returns the first operator of each parameter of a module. */
    static Map<String, TorchScriptOperator> find(
            ScriptSource source, ModuleTensors tensors, PickleNode.Instance root) {
        OperatorSearch search = new OperatorSearch(source, tensors);
        Module module = new Module("", root);
        Map<String, ScriptFunction> methods =
                ModuleTensors.moduleType(source, root).map(ScriptClass::methods).orElse(Map.of());
        if (methods.containsKey(FORWARD)) {
            search.method(module, FORWARD, List.of());
        } else {
            methods.keySet().forEach(name -> search.method(module, name, List.of()));
        }
        return search.found;
    }

    private Object method(Module module, String name, List<Object> arguments) {
        Optional<ScriptFunction> method =
                ModuleTensors.moduleType(source, module.object())
                        .map(type -> type.methods().get(name));
        List<Object> all = new ArrayList<>(List.of(module));
        all.addAll(arguments);
        return method.map(function -> run(function, all)).orElse(UNKNOWN);
    }

    /** Follows the statements of a function and returns what it returns first. */
    private Object run(ScriptFunction function, List<Object> arguments) {
        Map<String, Object> variables = new HashMap<>();
        for (int i = 0; i < Math.min(arguments.size(), function.parameters().size()); i++) {
            variables.put(function.parameters().get(i), arguments.get(i));
        }
        Object result = UNKNOWN;
        for (ScriptStatement statement : function.body()) {
            List<Object> values = evaluate(statement.values(), variables);
            if (statement.isReturn()) {
                Object value = values.size() == 1 ? values.get(0) : new Items(values);
                result = result.equals(UNKNOWN) ? value : result;
            }
            assign(statement, values, variables);
        }
        return result;
    }

    private static void assign(
            ScriptStatement statement, List<Object> values, Map<String, Object> variables) {
        List<String> targets = statement.targets();
        List<Object> each = values;
        if (values.size() == 1 && targets.size() > 1) {
            Object value = values.get(0);
            // Pieces of a weight are weights.
            each =
                    value instanceof Items items
                            ? items.values()
                            : Collections.nCopies(targets.size(), value);
        }
        for (int i = 0; i < Math.min(targets.size(), each.size()); i++) {
            Object value = each.get(i);
            if (statement.depth() > 0) {
                value = either(variables.getOrDefault(targets.get(i), UNKNOWN), value);
            }
            variables.put(targets.get(i), value);
        }
    }

    /** Returns what a variable is after a branch that may be taken. */
    private static Object either(Object before, Object value) {
        if (before instanceof Weight first && value instanceof Weight second) {
            Set<String> names = new LinkedHashSet<>(first.names());
            names.addAll(second.names());
            return names.size() > MAX_NAMES ? before : new Weight(names);
        }
        return value.equals(UNKNOWN) ? before : value;
    }

    private List<Object> evaluate(
            List<ScriptExpression> expressions, Map<String, Object> variables) {
        List<Object> values = new ArrayList<>();
        for (ScriptExpression expression : expressions) {
            values.add(evaluate(expression, variables));
        }
        return values;
    }

    private Object evaluate(ScriptExpression expression, Map<String, Object> variables) {
        if (++steps > MAX_STEPS || depth == MAX_DEPTH) {
            return UNKNOWN;
        }
        depth++;
        Object value = value(expression, variables);
        depth--;
        return value;
    }

    private Object value(ScriptExpression expression, Map<String, Object> variables) {
        List<ScriptExpression> parts = expression.parts();
        return switch (expression.kind()) {
            case NAME -> name(expression.text(), variables);
            case ATTRIBUTE -> attribute(evaluate(parts.get(0), variables), expression.text());
            case CALL -> call(parts, variables);
            case ARGUMENT -> evaluate(parts.get(0), variables);
            case ITEMS -> new Items(evaluate(parts, variables));
            case ELEMENT -> element(evaluate(parts, variables), parts);
            case OTHER -> {
                evaluate(parts, variables);
                yield UNKNOWN;
            }
            case LITERAL -> UNKNOWN;
        };
    }

    private static Object name(String name, Map<String, Object> variables) {
        Object value = variables.get(name);
        if (value != null) {
            return value;
        }
        return name.equals("True") || name.equals("False")
                ? (Object) name.equals("True")
                : new Function(name);
    }

    private Object attribute(Object object, String name) {
        if (object instanceof Function function) {
            return function.name().length() > MAX_NAME
                    ? UNKNOWN
                    : new Function(function.name() + "." + name);
        }
        if (object instanceof Module module) {
            Object value = ModuleTensors.attribute(module.object(), name);
            return value(module.prefix() + name, value);
        }
        return UNKNOWN;
    }

    /** Returns what the value of an attribute is. */
    private Object value(String name, Object value) {
        if (value instanceof Boolean) {
            return value;
        }
        if (value instanceof PickleNode.Instance child
                && ModuleTensors.moduleType(source, child).isPresent()) {
            return new Module(name + ".", child);
        }
        if (value instanceof PickleNode.Call call) {
            if (TensorView.isTensor(call)) {
                return new Weight(Set.of(name));
            }
            // A typed list is the result of a function of the list.
            return call.arguments.isEmpty() ? UNKNOWN : list(call.arguments.get(0));
        }
        return list(value);
    }

    /** Returns the items of a list; its tensors go by their own names. */
    private Object list(Object value) {
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            for (Object each : list) {
                items.add(
                        each instanceof PickleNode.Call tensor
                                ? new Weight(Set.copyOf(tensors.names(tensor)))
                                : UNKNOWN);
            }
            return new Items(items);
        }
        return UNKNOWN;
    }

    private static Object element(List<Object> values, List<ScriptExpression> parts) {
        if (values.get(0) instanceof Items items
                && parts.size() == 2
                && parts.get(1).kind() == Kind.LITERAL
                && parts.get(1).text().matches("[0-9]{1,9}")) {
            int index = Integer.parseInt(parts.get(1).text());
            return index < items.values().size() ? items.values().get(index) : UNKNOWN;
        }
        return values.get(0) instanceof Weight weight ? weight : UNKNOWN;
    }

    private Object call(List<ScriptExpression> parts, Map<String, Object> variables) {
        ScriptExpression called = parts.get(0);
        List<ScriptExpression> given = parts.subList(1, parts.size());
        List<Object> arguments = evaluate(given, variables);
        if (called.kind() == Kind.ATTRIBUTE
                && evaluate(called.parts().get(0), variables) instanceof Module module) {
            return method(module, called.text(), arguments);
        }
        return evaluate(called, variables) instanceof Function function
                ? function(function.name(), given, arguments)
                : UNKNOWN;
    }

    private Object function(String name, List<ScriptExpression> given, List<Object> arguments) {
        if (name.startsWith(OWN)) {
            return source.function(name)
                    .map(function -> run(function, arguments))
                    .orElse(new Items(arguments));
        }
        if (arguments.size() == 2) {
            if (name.equals("getattr") && given.get(1).kind() == Kind.LITERAL) {
                String quoted = given.get(1).text();
                return attribute(arguments.get(0), quoted.substring(1, quoted.length() - 1));
            }
            if (name.equals("unchecked_cast") || name.equals("annotate")) {
                return arguments.get(1);
            }
        }
        OperatorSignature.of(name, arguments)
                .ifPresent(
                        signature -> {
                            for (int position : signature.arguments()) {
                                if (position < arguments.size()) {
                                    note(arguments.get(position), signature.operator());
                                }
                            }
                        });
        return OperatorSignature.isView(name) && !arguments.isEmpty() ? arguments.get(0) : UNKNOWN;
    }

    private void note(Object argument, TorchScriptOperator operator) {
        if (argument instanceof Weight weight) {
            weight.names().forEach(name -> found.putIfAbsent(name, operator));
        } else if (argument instanceof Items items) {
            for (Object each : items.values()) {
                if (each instanceof Weight weight) {
                    weight.names().forEach(name -> found.putIfAbsent(name, operator));
                }
            }
        }
    }
}
