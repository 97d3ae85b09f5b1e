package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Interprets pickles of protocol 2, as data.
 *
 * <p>It implements the instructions for dictionaries, lists, tuples, strings, numbers and objects.
 * A {@link World} decides what global names stand for, what calling them returns, what becomes of
 * objects and what persistent ids stand for, so a pickle runs no code but that of the world. Each
 * instruction takes at least one byte and pushes at most one value, so the length of the pickle
 * bounds the stack and the memo.
 *
 * <p>Values are {@code Long}, {@code BigInteger} (beyond 64 bits), {@code Double}, {@code Boolean},
 * {@code String}, {@link List} (for lists and tuples), {@link Map}, {@link #NONE}, and what the
 * world returns, such as a {@link PickledObject}.
 */
final class PickleMachine {

    /** Python's None. */
    static final Object NONE = new Object();

    private static final int MAX_PROTOCOL = 2;

    private final PickleInput in;
    private final World world;
    private final PickleStack stack = new PickleStack();

    PickleMachine(byte[] pickle, World world) {
        in = new PickleInput(pickle);
        this.world = world;
    }

    /** The names that a pickle may use. */
    interface World {

        /** Returns what a global name, module and attribute, stands for, or refuses it. */
        Object global(String name) throws MalformedModelException;

        /** Calls a function that {@link #global} returned. */
        Object call(Object function, List<?> arguments) throws MalformedModelException;

        /** Creates an object of a class that {@link #global} returned, without its state. */
        Object create(Object type, List<?> arguments) throws MalformedModelException;

        /** Sets the state of an object, usually a dictionary of attributes, or ignores it. */
        void setState(Object object, Object state) throws MalformedModelException;

        /** Returns what a persistent id stands for. */
        Object persistent(Object id) throws MalformedModelException;
    }

    /** Runs the pickle and returns its value. */
    Object run() throws MalformedModelException {
        try {
            while (true) {
                int at = in.position();
                int instruction = in.unsignedByte();
                if (instruction == '.') {
                    return stop();
                }
                step(instruction, at);
            }
        } catch (BufferUnderflowException e) {
            throw new MalformedModelException("the pickle is truncated", e);
        } catch (ClassCastException e) {
            throw new MalformedModelException(
                    "the pickle uses a value of the wrong type: " + e.getMessage(), e);
        }
    }

    private Object stop() throws MalformedModelException {
        Object result = stack.pop();
        if (!stack.isEmpty() || !in.isAtEnd()) {
            throw new MalformedModelException(
                    "expected the pickle to end with a single value, but values or bytes are left");
        }
        return result;
    }

    private void step(int instruction, int at) throws MalformedModelException {
        switch (instruction) {
            case 0x80 -> checkProtocol(in.unsignedByte());
            case '(' -> stack.pushMark();
            case 'N' -> stack.push(NONE);
            case 0x88 -> stack.push(true);
            case 0x89 -> stack.push(false);
            case 'J' -> stack.push((long) in.int32());
            case 'K' -> stack.push((long) in.unsignedByte());
            case 'M' -> stack.push((long) in.unsignedShort());
            case 0x8a -> stack.push(in.integer());
            case 'G' -> stack.push(in.float64());
            case 'X' -> stack.push(in.string());
            case 'c' -> stack.push(world.global(in.line() + " " + in.line()));
            case 'q' -> stack.memoize(in.unsignedByte());
            case 'r' -> stack.memoize(in.int32());
            case 'h' -> stack.recall(in.unsignedByte());
            case 'j' -> stack.recall(in.int32());
            case 'Q' -> stack.push(world.persistent(stack.pop()));
            case 'R' -> call();
            case 0x81 -> create();
            case 'b' -> setState();
            default -> collect(instruction, at);
        }
    }

    private static void checkProtocol(int protocol) throws MalformedModelException {
        if (protocol > MAX_PROTOCOL) {
            throw new MalformedModelException("expected pickle protocol 2 but found " + protocol);
        }
    }

    private void call() throws MalformedModelException {
        List<?> arguments = (List<?>) stack.pop();
        stack.push(world.call(stack.pop(), arguments));
    }

    private void create() throws MalformedModelException {
        List<?> arguments = (List<?>) stack.pop();
        stack.push(world.create(stack.pop(), arguments));
    }

    private void setState() throws MalformedModelException {
        Object state = stack.pop();
        world.setState(stack.top(), state);
    }

    /** Runs an instruction that makes or fills a collection. */
    private void collect(int instruction, int at) throws MalformedModelException {
        switch (instruction) {
            case '}' -> stack.push(new LinkedHashMap<>());
            case ']' -> stack.push(new ArrayList<>());
            case ')' -> stack.push(List.of());
            case 't' -> stack.push(Collections.unmodifiableList(stack.popToMark()));
            case 0x85, 0x86, 0x87 ->
                    stack.push(Collections.unmodifiableList(stack.pop(instruction - 0x84)));
            case 's' -> put(stack.pop(2));
            case 'u' -> put(stack.popToMark());
            case 'a' -> append(stack.pop(1));
            case 'e' -> append(stack.popToMark());
            default ->
                    throw new MalformedModelException(
                            String.format(
                                    Locale.ROOT,
                                    "the pickle's instruction %s (%02x) at byte %d is not allowed",
                                    RefusedInstructions.name(instruction),
                                    instruction,
                                    at));
        }
    }

    /** Adds keys and values in turn to the dictionary on the stack. */
    private void put(List<Object> pairs) throws MalformedModelException {
        if (stack.top() instanceof PickledObject) {
            return;
        }
        Map<Object, Object> map = map(stack.top());
        if (pairs.size() % 2 != 0) {
            throw new MalformedModelException("the pickle has a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            if (map.put(key(pairs.get(i)), pairs.get(i + 1)) != null) {
                throw new MalformedModelException(
                        "the key " + PickledValues.describe(pairs.get(i)) + " appears twice");
            }
        }
    }

    /**
     * Returns a key that hashes in constant time: a tuple, which can hold itself many times over,
     * is replaced by an object.
     */
    private static Object key(Object key) {
        return key instanceof List<?> || key instanceof Map<?, ?>
                ? new PickledObject("tuple")
                : key;
    }

    /** Adds values to the list on the stack, which is no tuple. */
    private void append(List<Object> values) throws MalformedModelException {
        if (stack.top() instanceof PickledObject) {
            return;
        }
        if (!(stack.top() instanceof ArrayList<?>)) {
            throw new MalformedModelException("the pickle appends to a value that is not a list");
        }
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) stack.top();
        list.addAll(values);
    }

    private static Map<Object, Object> map(Object value) {
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) value;
        return map;
    }
}
