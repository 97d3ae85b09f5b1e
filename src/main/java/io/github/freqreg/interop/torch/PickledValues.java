package io.github.freqreg.interop.torch;

import java.util.List;
import java.util.Map;

/** Describes the values of a pickle for messages, in one short line. */
final class PickledValues {

    private static final int MAX_CHARACTERS = 120;

    private PickledValues() {}

    /** Describes a value; of a collection, which can contain itself, only its type. */
    static String describe(Object value) {
        if (value instanceof String
                || value instanceof Number
                || value instanceof Boolean
                || value == PickleMachine.NONE) {
            return value == PickleMachine.NONE ? "None" : line(value.toString());
        }
        if (value instanceof PickledObject object) {
            return line(object.type());
        }
        if (value instanceof UnreadTensor tensor) {
            return "a tensor of " + line(tensor.type());
        }
        if (value instanceof Map<?, ?>) {
            return "a dictionary";
        }
        if (value instanceof List<?>) {
            return "a list or tuple";
        }
        return value instanceof StridedView || value instanceof SparseView
                ? "a tensor"
                : "a value of another type";
    }

    /** Shortens a text of a file and replaces its control characters. */
    static String line(String text) {
        String start =
                text.length() > MAX_CHARACTERS ? text.substring(0, MAX_CHARACTERS) + "…" : text;
        return start.replaceAll("\\p{Cntrl}", " ");
    }
}
