package io.github.freqreg.interop.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value of a pickle other than a number, a string or a collection, as it is written there.
 *
 * <p>Nothing is called or created, so any pickle can be read into such values and written again.
 * They are equal only to themselves.
 */
abstract sealed class PickleNode {

    /** Returns what a value of a pickle is made of, in the order in which it is written. */
    static List<Object> parts(Object value) {
        List<Object> parts = new ArrayList<>();
        if (value instanceof List<?> list) {
            parts.addAll(list);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach(
                    (key, each) -> {
                        parts.add(key);
                        parts.add(each);
                    });
        } else if (value instanceof Call call) {
            parts.add(call.function);
            parts.add(call.arguments);
        } else if (value instanceof Instance instance) {
            parts.add(instance.type);
            parts.add(instance.arguments);
            if (instance.state != null) {
                parts.add(instance.state);
            }
        } else if (value instanceof Persistent persistent) {
            parts.add(persistent.id);
        }
        return parts;
    }

    /** The name of a class or function: module and name, separated by a space. */
    static final class Global extends PickleNode {

        final String name;

        Global(String name) {
            this.name = name;
        }

        /** Returns the name with a dot in place of the space. */
        String qualified() {
            return name.replace(' ', '.');
        }
    }

    /** The result of a function. */
    static final class Call extends PickleNode {

        final Object function;
        final List<?> arguments;

        Call(Object function, List<?> arguments) {
            this.function = function;
            this.arguments = arguments;
        }

        /** Returns whether the function has a name. */
        boolean calls(String name) {
            return function instanceof Global global && global.name.equals(name);
        }
    }

    /** An object of a class. */
    static final class Instance extends PickleNode {

        final Object type;
        final List<?> arguments;
        @Nullable Object state;

        Instance(Object type, List<?> arguments) {
            this.type = type;
            this.arguments = arguments;
        }
    }

    /** A value outside the pickle, such as a storage. */
    static final class Persistent extends PickleNode {

        final Object id;

        Persistent(Object id) {
            this.id = id;
        }
    }
}
