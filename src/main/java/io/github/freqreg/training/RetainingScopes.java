package io.github.freqreg.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A thread's stack of {@link NDScope}s that also retains the buffers of all arrays that are made
 * while gradients are collected.
 *
 * <p>The constructor of a PyTorch array ends with {@code NDScope.register(this)}, which puts the
 * array into the map of the scope on top of the thread's stack. That is the only place where other
 * code sees an array that still has its buffer: {@code close()} drops it. So this stack takes the
 * place of the thread's own, and a map that looks at each array takes the place of each scope's
 * map. The user's scopes work as before; the scope below them holds no arrays.
 *
 * <p>All private fields of DJL that this needs are found by {@link Fields#find}.
 */
@SuppressWarnings("serial") // An ArrayDeque is serializable, but this one is never written.
final class RetainingScopes extends ArrayDeque<NDScope> {

    /** The engine whose arrays lose their buffers. */
    static final String ENGINE = "PyTorch";

    private static final ThreadLocal<RetainingScopes> INSTALLED = new ThreadLocal<>();

    private final Fields fields;
    private final NDScope bottom;
    private final List<Object> retained = new ArrayList<>();

    private RetainingScopes(Fields fields, NDScope bottom) {
        this.fields = fields;
        this.bottom = bottom;
        watch(bottom, false);
    }

    /**
     * Installs the stack in the calling thread.
     *
     * @return false if it was there already
     * @throws IllegalStateException if DJL lacks one of the fields
     */
    static boolean install() {
        if (INSTALLED.get() != null) {
            return false;
        }
        Fields fields = Fields.find();
        Deque<NDScope> plain = fields.stacks.get();
        NDScope bottom = new NDScope();
        plain.remove(bottom); // A new scope is on the stack from the start.
        RetainingScopes scopes = new RetainingScopes(fields, bottom);
        plain.forEach(scopes::addLast);
        fields.stacks.set(scopes);
        INSTALLED.set(scopes);
        return true;
    }

    /** Returns how many buffers the calling thread retains. */
    static int retainedHere() {
        RetainingScopes scopes = INSTALLED.get();
        return scopes == null ? 0 : scopes.retained.size();
    }

    /** Returns false always: DJL registers arrays only where a scope is open. */
    @Override
    public boolean isEmpty() {
        return false;
    }

    @Override
    public NDScope getLast() {
        return super.isEmpty() ? bottom : super.getLast();
    }

    @Override
    public void addLast(NDScope scope) {
        watch(scope, true);
        super.addLast(scope);
    }

    private void watch(NDScope scope, boolean holds) {
        try {
            IdentityHashMap<NDArray, NDArray> arrays = new WatchedArrays(holds);
            arrays.putAll(fields.arraysOf(scope));
            fields.scopeArrays.set(scope, arrays);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private void made(NDArray array) {
        if (!fields.collecting.get()) {
            // The first array after a pass. Nothing is left to be held for its graph.
            retained.clear();
        } else if (fields.arrayClass.isInstance(array)) {
            try {
                Object buffer = fields.arrayBuffer.get(array);
                if (buffer != null) {
                    retained.add(buffer);
                }
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** The arrays of a scope. */
    @SuppressWarnings("serial") // As above.
    private final class WatchedArrays extends IdentityHashMap<NDArray, NDArray> {

        private final boolean holds;

        WatchedArrays(boolean holds) {
            this.holds = holds;
        }

        @Override
        public NDArray put(NDArray array, NDArray same) {
            made(array);
            return holds ? super.put(array, same) : null;
        }
    }

    /**
     * The private fields of DJL.
     *
     * @param stacks each thread's stack of scopes
     * @param scopeArrays a scope's map of arrays
     * @param arrayClass the arrays of {@link #ENGINE}
     * @param arrayBuffer the Java memory of such an array; null if the engine owns its memory
     * @param collecting whether a gradient collector is open
     */
    private record Fields(
            ThreadLocal<Deque<NDScope>> stacks,
            Field scopeArrays,
            Class<?> arrayClass,
            Field arrayBuffer,
            AtomicBoolean collecting) {

        private static final String PACKAGE = "ai.djl.pytorch.engine.";
        private static final String NAMES =
                "NDScope.SCOPE_STACK and resources, PtNDArray.dataRef and"
                        + " PtGradientCollector.isCollecting";

        @SuppressWarnings("unchecked")
        static Fields find() {
            try {
                ClassLoader loader = Engine.getEngine(ENGINE).getClass().getClassLoader();
                Class<?> arrayClass = Class.forName(PACKAGE + "PtNDArray", false, loader);
                Class<?> collector = Class.forName(PACKAGE + "PtGradientCollector", true, loader);
                return new Fields(
                        (ThreadLocal<Deque<NDScope>>) open(NDScope.class, "SCOPE_STACK").get(null),
                        open(NDScope.class, "resources"),
                        arrayClass,
                        open(arrayClass, "dataRef"),
                        (AtomicBoolean) open(collector, "isCollecting").get(null));
            } catch (ReflectiveOperationException
                    | ClassCastException
                    | InaccessibleObjectException e) {
                throw new IllegalStateException(
                        "Cannot retain the buffers of arrays: expected the private fields of DJL"
                                + " 0.36, "
                                + NAMES
                                + ", but: "
                                + e,
                        e);
            }
        }

        @SuppressWarnings("unchecked")
        Map<NDArray, NDArray> arraysOf(NDScope scope) throws IllegalAccessException {
            return (Map<NDArray, NDArray>) scopeArrays.get(scope);
        }

        private static Field open(Class<?> owner, String name) throws NoSuchFieldException {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        }
    }
}
