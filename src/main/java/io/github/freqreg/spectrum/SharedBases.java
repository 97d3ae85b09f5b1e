package io.github.freqreg.spectrum;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.ArrayView;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The cosine bases in use. The layers of a network often have axes of the same few lengths and keep
 * as many frequencies of them, so transforms share the bases of equal axes.
 *
 * <p>A basis is freed when the last manager that it was given to is closed. Safe for concurrent
 * use.
 */
final class SharedBases {

    private static final Map<Key, Shared> IN_USE = new ConcurrentHashMap<>();

    private SharedBases() {}

    /**
     * Returns the basis of an axis, see {@link Dct#basis}.
     *
     * @param manager the manager of the result, which is a view
     * @param n the number of elements of the axis
     * @param frequencies the number of columns
     * @param type the data type of the tensor
     */
    static NDArray of(NDManager manager, int n, int frequencies, DataType type) {
        String engine = manager.getEngine().getEngineName();
        Key key = new Key(engine, manager.getDevice(), type, n, frequencies);
        Shared shared =
                IN_USE.compute(
                        key,
                        (k, before) -> {
                            Shared used = before == null ? Shared.of(manager, k) : before;
                            used.users++;
                            return used;
                        });
        try {
            manager.attachInternal(UUID.randomUUID().toString(), () -> release(key));
        } catch (RuntimeException e) {
            release(key);
            throw e;
        }
        NDArray view = ArrayView.of(shared.basis, manager);
        NDScope.unregister(view);
        return view;
    }

    private static void release(Key key) {
        IN_USE.computeIfPresent(
                key,
                (k, shared) -> {
                    shared.users--;
                    if (shared.users > 0) {
                        return shared;
                    }
                    shared.manager.close();
                    return null;
                });
    }

    /** What a basis depends on. */
    private record Key(String engine, Device device, DataType type, int n, int frequencies) {}

    /** A basis on a manager of its own. */
    private static final class Shared {

        private final NDManager manager;
        private final NDArray basis;
        private int users;

        private Shared(NDManager manager, NDArray basis) {
            this.manager = manager;
            this.basis = basis;
        }

        static Shared of(NDManager like, Key key) {
            NDManager manager = like.getEngine().newBaseManager(key.device);
            try {
                NDArray basis = Dct.basis(manager, key.n, key.frequencies, key.type);
                // A scope of the caller's must not close what others use.
                NDScope.unregister(basis);
                return new Shared(manager, basis);
            } catch (RuntimeException e) {
                manager.close();
                throw e;
            }
        }
    }
}
