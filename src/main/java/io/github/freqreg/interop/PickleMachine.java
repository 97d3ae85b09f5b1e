package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A machine for the pickles of protocol 2 that hold data alone.
 *
 * <p>It has the instructions that dictionaries, lists, tuples, texts and numbers need. What a name
 * stands for, what calling it gives and what a persistent id is, is the caller's to say, who
 * answers from a list of what is allowed. Each instruction pushes at most one value and takes at
 * least one byte, so stack and memo are bounded by the pickle's length.
 *
 * <p>Values are {@code Long}, {@code Double}, {@code Boolean}, {@code String}, {@link List} (lists
 * and tuples), {@link Map}, {@link #NONE}, and what the caller answers.
 */
final class PickleMachine {

    /** Python's None. */
    static final Object NONE = new Object();

    private static final Object MARK = new Object();

    /** What the pickle format calls the instructions that are refused. */
    private static final Map<Integer, String> NAMES =
            Map.ofEntries(
                    Map.entry(0x30, "POP"),
                    Map.entry(0x31, "POP_MARK"),
                    Map.entry(0x32, "DUP"),
                    Map.entry(0x46, "FLOAT"),
                    Map.entry(0x49, "INT"),
                    Map.entry(0x4c, "LONG"),
                    Map.entry(0x50, "PERSID"),
                    Map.entry(0x53, "STRING"),
                    Map.entry(0x54, "BINSTRING"),
                    Map.entry(0x55, "SHORT_BINSTRING"),
                    Map.entry(0x56, "UNICODE"),
                    Map.entry(0x42, "BINBYTES"),
                    Map.entry(0x43, "SHORT_BINBYTES"),
                    Map.entry(0x64, "DICT"),
                    Map.entry(0x67, "GET"),
                    Map.entry(0x69, "INST"),
                    Map.entry(0x6c, "LIST"),
                    Map.entry(0x6f, "OBJ"),
                    Map.entry(0x70, "PUT"),
                    Map.entry(0x81, "NEWOBJ"),
                    Map.entry(0x82, "EXT1"),
                    Map.entry(0x83, "EXT2"),
                    Map.entry(0x84, "EXT4"),
                    Map.entry(0x8b, "LONG4"),
                    Map.entry(0x8c, "SHORT_BINUNICODE"),
                    Map.entry(0x8d, "BINUNICODE8"),
                    Map.entry(0x8e, "BINBYTES8"),
                    Map.entry(0x8f, "EMPTY_SET"),
                    Map.entry(0x90, "ADDITEMS"),
                    Map.entry(0x91, "FROZENSET"),
                    Map.entry(0x92, "NEWOBJ_EX"),
                    Map.entry(0x93, "STACK_GLOBAL"),
                    Map.entry(0x94, "MEMOIZE"),
                    Map.entry(0x95, "FRAME"),
                    Map.entry(0x96, "BYTEARRAY8"),
                    Map.entry(0x97, "NEXT_BUFFER"),
                    Map.entry(0x98, "READONLY_BUFFER"));

    private static final int MAX_PROTOCOL = 2;
    private static final int MAX_TEXT = 1 << 16;

    private final ByteBuffer in;
    private final World world;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    PickleMachine(byte[] pickle, World world) {
        in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
        this.world = world;
    }

    /** What lies outside of the pickle. */
    interface World {

        /** Returns what a name stands for, or throws if it is not allowed. */
        Object global(String name) throws MalformedModelException;

        /** Calls what {@link #global} returned. */
        Object call(Object function, List<?> arguments) throws MalformedModelException;

        /** Returns what a persistent id stands for. */
        Object persistent(Object id) throws MalformedModelException;
    }

    /** Runs the pickle to its end. */
    Object run() throws MalformedModelException {
        try {
            while (true) {
                int at = in.position();
                int instruction = in.get() & 0xff;
                if (instruction == '.') {
                    Object result = pop();
                    if (!stack.isEmpty() || in.hasRemaining()) {
                        throw new MalformedModelException(
                                "expected the pickle to end with its one value, but values or bytes"
                                        + " are left");
                    }
                    return result;
                }
                step(instruction, at);
            }
        } catch (BufferUnderflowException e) {
            throw new MalformedModelException("the pickle is cut", e);
        } catch (ClassCastException e) {
            throw new MalformedModelException(
                    "the pickle uses a value as what it is not: " + e.getMessage(), e);
        }
    }

    private void step(int instruction, int at) throws MalformedModelException {
        switch (instruction) {
            case 0x80:
                int protocol = in.get() & 0xff;
                if (protocol > MAX_PROTOCOL) {
                    throw new MalformedModelException(
                            "expected pickle protocol 2 but found " + protocol);
                }
                break;
            case '(':
                stack.add(MARK);
                break;
            case 'N':
                stack.add(NONE);
                break;
            case 0x88:
                stack.add(true);
                break;
            case 0x89:
                stack.add(false);
                break;
            case 'J':
                stack.add((long) in.getInt());
                break;
            case 'K':
                stack.add((long) (in.get() & 0xff));
                break;
            case 'M':
                stack.add((long) (in.getShort() & 0xffff));
                break;
            case 0x8a:
                stack.add(integer(in.get() & 0xff));
                break;
            case 'G':
                stack.add(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
                break;
            case 'X':
                stack.add(text(in.getInt()));
                break;
            case 'c':
                stack.add(world.global(line() + " " + line()));
                break;
            case 'q':
                memo.put(in.get() & 0xff, top());
                break;
            case 'r':
                memo.put(in.getInt(), top());
                break;
            case 'h':
                stack.add(recall(in.get() & 0xff));
                break;
            case 'j':
                stack.add(recall(in.getInt()));
                break;
            case 'Q':
                stack.add(world.persistent(pop()));
                break;
            case 'R':
                List<?> arguments = (List<?>) pop();
                stack.add(world.call(pop(), arguments));
                break;
            case 'b':
                // A dictionary's own attributes, such as a state dictionary's metadata, hold no
                // tensor.
                pop();
                checkMap(top());
                break;
            default:
                collect(instruction, at);
        }
    }

    /** The instructions that make and fill collections. */
    private void collect(int instruction, int at) throws MalformedModelException {
        switch (instruction) {
            case '}':
                stack.add(new LinkedHashMap<>());
                break;
            case ']':
                stack.add(new ArrayList<>());
                break;
            case ')':
                stack.add(List.of());
                break;
            case 't':
                stack.add(Collections.unmodifiableList(popToMark()));
                break;
            case 0x85:
            case 0x86:
            case 0x87:
                stack.add(Collections.unmodifiableList(pop(instruction - 0x84)));
                break;
            case 's':
                put(pop(2));
                break;
            case 'u':
                put(popToMark());
                break;
            case 'a':
                append(pop(1));
                break;
            case 'e':
                append(popToMark());
                break;
            default:
                throw new MalformedModelException(
                        String.format(
                                Locale.ROOT,
                                "the pickle's instruction %s (%02x) at byte %d is not allowed",
                                NAMES.getOrDefault(instruction, "unknown"),
                                instruction,
                                at));
        }
    }

    private Object top() throws MalformedModelException {
        if (stack.isEmpty() || stack.get(stack.size() - 1) == MARK) {
            throw new MalformedModelException("the pickle uses a value that is not there");
        }
        return stack.get(stack.size() - 1);
    }

    private Object pop() throws MalformedModelException {
        Object value = top();
        stack.remove(stack.size() - 1);
        return value;
    }

    private List<Object> pop(int count) throws MalformedModelException {
        List<Object> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(pop());
        }
        Collections.reverse(values);
        return values;
    }

    private List<Object> popToMark() throws MalformedModelException {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw new MalformedModelException("the pickle uses a mark that is not there");
        }
        List<Object> above = stack.subList(mark, stack.size());
        List<Object> values = new ArrayList<>(above.subList(1, above.size()));
        above.clear();
        return values;
    }

    private static Map<Object, Object> checkMap(Object value) {
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) value;
        return map;
    }

    private void put(List<Object> pairs) throws MalformedModelException {
        Map<Object, Object> map = checkMap(top());
        if (pairs.size() % 2 != 0) {
            throw new MalformedModelException("the pickle has a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            if (map.put((String) pairs.get(i), pairs.get(i + 1)) != null) {
                throw new MalformedModelException("the key " + pairs.get(i) + " appears twice");
            }
        }
    }

    private void append(List<Object> values) throws MalformedModelException {
        if (!(top() instanceof ArrayList<?>)) {
            throw new MalformedModelException("the pickle appends to what is not a list");
        }
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) top();
        list.addAll(values);
    }

    private Object recall(int key) throws MalformedModelException {
        Object value = memo.get(key);
        if (value == null) {
            throw new MalformedModelException("the pickle recalls the unknown key " + key);
        }
        return value;
    }

    private long integer(int length) throws MalformedModelException {
        if (length > Long.BYTES) {
            throw new MalformedModelException(
                    "expected an integer of at most 8 bytes but found " + length);
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            long next = i == length - 1 ? in.get() : in.get() & 0xff;
            value |= next << (8 * i);
        }
        return value;
    }

    private String text(int length) throws MalformedModelException {
        if (length < 0 || length > Math.min(MAX_TEXT, in.remaining())) {
            throw new MalformedModelException(
                    "expected a text of at most "
                            + Math.min(MAX_TEXT, in.remaining())
                            + " bytes but found "
                            + (length & 0xffffffffL));
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private String line() throws MalformedModelException {
        StringBuilder line = new StringBuilder();
        for (byte next = in.get(); next != '\n'; next = in.get()) {
            if (next < ' ' || line.length() > 255) {
                throw new MalformedModelException("the pickle has a name that is no name");
            }
            line.append((char) next);
        }
        return line.toString();
    }
}
