package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads a pickle as {@link PickleNode} values, of any names, without an interpretation. */
final class PickleTree implements PickleMachine.World {

    private final Map<String, PickleNode.Global> globals = new HashMap<>();

    private PickleTree() {}

    /** Returns the value of a pickle. */
    static Object read(byte[] pickle) throws MalformedModelException {
        return new PickleMachine(pickle, new PickleTree()).run();
    }

    @Override
    public Object global(String name) {
        return globals.computeIfAbsent(name, PickleNode.Global::new);
    }

    @Override
    public Object call(Object function, List<?> arguments) {
        return new PickleNode.Call(function, arguments);
    }

    @Override
    public Object create(Object type, List<?> arguments) {
        return new PickleNode.Instance(type, arguments);
    }

    @Override
    public void setState(Object object, Object state) throws MalformedModelException {
        if (!(object instanceof PickleNode.Instance instance) || instance.state != null) {
            throw new MalformedModelException(
                    "the pickle sets the state of a value that is not a new object");
        }
        instance.state = state;
    }

    @Override
    public Object persistent(Object id) {
        return new PickleNode.Persistent(id);
    }
}
