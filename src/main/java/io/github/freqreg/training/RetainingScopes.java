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
import org.jspecify.annotations.Nullable;

/**
 * A replacement for DJL's per-thread stack of {@link NDScope}s. It retains the buffers of all
 * arrays that are created while a gradient collector is open.
 *
 * <p>The constructor of a PyTorch array ends with {@code NDScope.register(this)}, which puts the
 * array into the map of the innermost scope. This is the only hook at which an array still has its
 * buffer, since {@code close()} drops it. This class therefore replaces the stack of the thread,
 * and replaces the map of each scope by one that inspects every array. Scopes of the user work as
 * before. A bottom scope, which holds no arrays, makes DJL register arrays even outside them.
 *
 * <p>{@link Fields#find} looks up all private fields of DJL that this needs.
 */
@SuppressWarnings("serial") // An ArrayDeque is serializable, but this one is never written.
final class RetainingScopes extends ArrayDeque<NDScope> {

    /** The engine whose arrays drop their buffers. */
    static final String ENGINE = "PyTorch";

    private static final ThreadLocal<RetainingScopes> INSTALLED = new ThreadLocal<>();

    private final Fields fields;
    private final NDScope bottom;
    private final List<Object> retained = new ArrayList<>();

    private RetainingScopes(Fields fields, NDScope bottom) {
        this.fields = fields;
        this.bottom = bottom;
        watch(bottom, new BottomArrays());
    }

    /**
     * Replaces DJL's stack of scopes in the calling thread by an instance of this class.
     *
     * @return false if that has been done in this thread before
     * @throws IllegalStateException if this version of DJL lacks a private field that is needed
     */
    static boolean install() {
        if (INSTALLED.get() != null) {
            return false;
        }
        Fields fields = Fields.find();
        Deque<NDScope> plain = fields.stacks.get();
        NDScope bottom = new NDScope();
        plain.remove(bottom); // The constructor of a scope pushes it.
        RetainingScopes scopes = new RetainingScopes(fields, bottom);
        plain.forEach(scopes::addLast);
        fields.stacks.set(scopes);
        INSTALLED.set(scopes);
        return true;
    }

    /** Returns the number of buffers that the calling thread retains. */
    static int retainedHere() {
        RetainingScopes scopes = INSTALLED.get();
        return scopes == null ? 0 : scopes.retained.size();
    }

    /** Returns false, because DJL registers arrays only if the stack is not empty. */
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
        watch(scope, new WatchedArrays());
        super.addLast(scope);
    }

    private void watch(NDScope scope, WatchedArrays arrays) {
        try {
            arrays.putAll(fields.arraysOf(scope));
            fields.scopeArrays.set(scope, arrays);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private void created(NDArray array) {
        if (!fields.collecting.get()) {
            // The collector is closed and its graph is gone.
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

    /** The arrays of a scope, retaining the buffer of each. */
    @SuppressWarnings("serial") // As above.
    private class WatchedArrays extends IdentityHashMap<NDArray, NDArray> {

        @Override
        public @Nullable NDArray put(NDArray array, NDArray same) {
            created(array);
            return super.put(array, same);
        }
    }

    /** The map of the bottom scope: retains buffers but holds no arrays. */
    @SuppressWarnings("serial") // As above.
    private final class BottomArrays extends WatchedArrays {

        @Override
        public @Nullable NDArray put(NDArray array, NDArray same) {
            created(array);
            return null;
        }
    }

    /**
     * The private fields of DJL.
     *
     * @param stacks the stack of scopes of each thread
     * @param scopeArrays the map of arrays of a scope
     * @param arrayClass the class of the arrays of {@link #ENGINE}
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
