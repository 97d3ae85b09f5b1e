package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads a pickle as {@link Pickled} values, of any names, without an interpretation. */
final class PickleTree implements PickleMachine.World {

    private final Map<String, Pickled.Global> globals = new HashMap<>();

    private PickleTree() {}

    /** Returns the value of a pickle. */
    static Object read(byte[] pickle) throws MalformedModelException {
        return new PickleMachine(pickle, new PickleTree()).run();
    }

    @Override
    public Object global(String name) {
        return globals.computeIfAbsent(name, Pickled.Global::new);
    }

    @Override
    public Object call(Object function, List<?> arguments) {
        return new Pickled.Call(function, arguments);
    }

    @Override
    public Object create(Object type, List<?> arguments) {
        return new Pickled.Instance(type, arguments);
    }

    @Override
    public void setState(Object object, Object state) throws MalformedModelException {
        if (!(object instanceof Pickled.Instance instance) || instance.state != null) {
            throw new MalformedModelException(
                    "the pickle sets the state of a value that is not a new object");
        }
        instance.state = state;
    }

    @Override
    public Object persistent(Object id) {
        return new Pickled.Persistent(id);
    }
}
