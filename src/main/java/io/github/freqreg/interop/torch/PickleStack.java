package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The stack and the memo of a {@link PickleMachine}. */
final class PickleStack {

    private static final Object MARK = new Object();

    private final List<Object> values = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    void push(Object value) {
        values.add(value);
    }

    void pushMark() {
        values.add(MARK);
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    Object top() throws MalformedModelException {
        if (values.isEmpty() || values.get(values.size() - 1) == MARK) {
            throw new MalformedModelException("the pickle takes a value from an empty stack");
        }
        return values.get(values.size() - 1);
    }

    Object pop() throws MalformedModelException {
        Object value = top();
        values.remove(values.size() - 1);
        return value;
    }

    /** Pops some values and returns them in the order in which they were pushed. */
    List<Object> pop(int count) throws MalformedModelException {
        List<Object> popped = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            popped.add(pop());
        }
        Collections.reverse(popped);
        return popped;
    }

    /** Pops all values down to the last mark, and the mark. */
    List<Object> popToMark() throws MalformedModelException {
        int mark = values.lastIndexOf(MARK);
        if (mark < 0) {
            throw new MalformedModelException("the pickle collects values without a mark");
        }
        List<Object> above = values.subList(mark, values.size());
        List<Object> popped = new ArrayList<>(above.subList(1, above.size()));
        above.clear();
        return popped;
    }

    /** Stores the top of the stack in the memo. */
    void memoize(int key) throws MalformedModelException {
        memo.put(key, top());
    }

    /** Pushes a value of the memo. */
    void recall(int key) throws MalformedModelException {
        Object value = memo.get(key);
        if (value == null) {
            throw new MalformedModelException("the pickle recalls the unknown memo key " + key);
        }
        push(value);
    }
}
