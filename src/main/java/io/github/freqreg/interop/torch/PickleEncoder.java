package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the values that {@link PickleTree} reads, as a pickle of protocol 2.
 *
 * <p>A value that occurs several times is written once and recalled from the memo, so that readers
 * get one object. As in PyTorch's own files, it enters the memo when it is complete; a value that
 * contains itself is rejected.
 */
final class PickleEncoder {

    /** Far deeper than any module; the encoder calls itself for each level. */
    private static final int MAX_DEPTH = 1000;

    private static final int MAX_BYTE = 0xff;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<Object, Integer> uses = new IdentityHashMap<>();
    private final Map<String, String> strings = new HashMap<>();
    private final Set<Object> unfinished = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Object, Integer> memo = new IdentityHashMap<>();

    private final Map<PickleNode, PickleNode> replacements;

    private PickleEncoder(Map<PickleNode, PickleNode> replacements) {
        this.replacements = replacements;
    }

    /**
     * Encodes a value.
     *
     * @param replacements what to write in place of values in it
     */
    static byte[] encode(Object value, Map<PickleNode, PickleNode> replacements)
            throws MalformedModelException {
        PickleEncoder encoder = new PickleEncoder(replacements);
        encoder.count(value, 0);
        encoder.out.write(0x80);
        encoder.out.write(2);
        encoder.write(value);
        encoder.out.write('.');
        return encoder.out.toByteArray();
    }

    private void count(Object original, int depth) throws MalformedModelException {
        Object value = replace(original);
        if (depth > MAX_DEPTH) {
            throw new MalformedModelException(
                    "expected values nested at most " + MAX_DEPTH + " deep in the pickle");
        }
        Object key = key(value);
        if (key == null) {
            return;
        }
        if (uses.merge(key, 1, Integer::sum) > 1) {
            if (unfinished.contains(key)) {
                throw new MalformedModelException("the pickle has a value that contains itself");
            }
            return;
        }
        unfinished.add(key);
        for (Object part : PickleNode.parts(value)) {
            count(part, depth + 1);
        }
        unfinished.remove(key);
    }

    /** Returns the object that stands for all equal values, or null if the memo is not worth it. */
    private @Nullable Object key(Object value) {
        if (value instanceof String string) {
            return strings.computeIfAbsent(string, same -> same);
        }
        boolean plain =
                value instanceof Number
                        || value instanceof Boolean
                        || value == PickleMachine.NONE
                        || value.equals(List.of()) && !(value instanceof ArrayList<?>);
        return plain ? null : value;
    }

    private Object replace(Object value) {
        PickleNode other = value instanceof PickleNode ? replacements.get(value) : null;
        return other == null ? value : other;
    }

    private void write(Object original) throws MalformedModelException {
        Object value = replace(original);
        Object key = key(value);
        if (key == null) {
            writePlain(value);
            return;
        }
        Integer recalled = memo.get(key);
        if (recalled != null) {
            number('h', 'j', recalled);
            return;
        }
        writeNew(value);
        if (uses.getOrDefault(key, 0) > 1) {
            number('q', 'r', memo.size());
            memo.put(key, memo.size());
        }
    }

    private void writePlain(Object value) throws MalformedModelException {
        if (value instanceof Boolean flag) {
            out.write(flag ? 0x88 : 0x89);
        } else if (value == PickleMachine.NONE) {
            out.write('N');
        } else if (value instanceof List<?>) {
            out.write(')');
        } else if (value instanceof Double number) {
            out.write('G');
            bytes(ByteBuffer.allocate(Double.BYTES).putDouble(number));
        } else if (value instanceof Long number) {
            integer(number);
        } else {
            throw new MalformedModelException("the pickle has an integer of more than 64 bits");
        }
    }

    private void integer(long number) {
        if (number >= 0 && number <= MAX_BYTE) {
            out.write('K');
            out.write((int) number);
        } else if (number == (int) number) {
            out.write('J');
            int32((int) number);
        } else {
            out.write(0x8a);
            out.write(Long.BYTES);
            bytes(ByteBuffer.allocate(Long.BYTES).putLong(Long.reverseBytes(number)));
        }
    }

    private void writeNew(Object value) throws MalformedModelException {
        if (value instanceof String string) {
            byte[] text = string.getBytes(StandardCharsets.UTF_8);
            out.write('X');
            int32(text.length);
            out.writeBytes(text);
        } else if (value instanceof ArrayList<?> list) {
            out.write(']');
            items('e', list);
        } else if (value instanceof List<?> tuple) {
            tuple(tuple);
        } else if (value instanceof Map<?, ?>) {
            out.write('}');
            items('u', PickleNode.parts(value));
        } else if (value instanceof PickleNode.Global global) {
            out.writeBytes(
                    ("c" + global.name.replace(' ', '\n') + "\n")
                            .getBytes(StandardCharsets.US_ASCII));
        } else if (value instanceof PickleNode.Call call) {
            write(call.function);
            write(call.arguments);
            out.write('R');
        } else if (value instanceof PickleNode.Instance instance) {
            write(instance.type);
            write(instance.arguments);
            out.write(0x81);
            if (instance.state != null) {
                write(instance.state);
                out.write('b');
            }
        } else if (value instanceof PickleNode.Persistent persistent) {
            write(persistent.id);
            out.write('Q');
        } else {
            throw new IllegalStateException("Not a value of a pickle: " + value.getClass());
        }
    }

    /** Writes what fills an empty list or dictionary. */
    private void items(int instruction, Collection<?> items) throws MalformedModelException {
        if (!items.isEmpty()) {
            out.write('(');
            for (Object item : items) {
                write(item);
            }
            out.write(instruction);
        }
    }

    private void tuple(List<?> items) throws MalformedModelException {
        boolean small = items.size() <= 3;
        if (!small) {
            out.write('(');
        }
        for (Object item : items) {
            write(item);
        }
        out.write(small ? 0x84 + items.size() : 't');
    }

    /** Writes an instruction with an argument of one byte, or its form with four. */
    private void number(int small, int large, int argument) {
        if (argument <= MAX_BYTE) {
            out.write(small);
            out.write(argument);
        } else {
            out.write(large);
            int32(argument);
        }
    }

    private void int32(int number) {
        bytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(number));
    }

    private void bytes(ByteBuffer buffer) {
        out.writeBytes(buffer.array());
    }
}
