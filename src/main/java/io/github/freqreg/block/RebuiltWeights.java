package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.github.freqreg.nn.Snapshot;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The dense weights that inference uses, rebuilt only if the coefficients have changed.
 *
 * <p>The weights of each device are cached together with a copy of the coefficients that they were
 * rebuilt from. Comparing the two reads the kept numbers only, and it notices every change, whether
 * by an optimiser, a loader or the user. On the parameter's own device the weights are the dense
 * parameter's array.
 *
 * <p>Safe for concurrent use, except for {@link #forget} and {@link #discard}.
 */
final class RebuiltWeights implements WeightCache {

    private final DenseTensor dense;
    private final Rebuild rebuild;
    private final Map<Device, Rebuilt> cache = new HashMap<>();
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean denseIsCurrent;

    /**
     * Creates an empty cache.
     *
     * @param dense holds the weights on its device
     * @param rebuild rebuilds the weights from coefficients
     */
    RebuiltWeights(DenseTensor dense, Rebuild rebuild) {
        this.dense = dense;
        this.rebuild = rebuild;
    }

    /** {@inheritDoc} */
    @Override
    public NDArray of(NDArray vector) {
        lock.readLock().lock();
        try {
            Rebuilt last = cache.get(vector.getDevice());
            if (last != null && last.snapshot.isOf(vector)) {
                return last.weights;
            }
        } finally {
            lock.readLock().unlock();
        }
        lock.writeLock().lock();
        try {
            Rebuilt last = cache.get(vector.getDevice());
            return last != null && last.snapshot.isOf(vector) ? last.weights : renew(vector);
        } finally {
            lock.writeLock().unlock();
        }
    }

    private NDArray renew(NDArray vector) {
        Device device = vector.getDevice();
        NDManager manager = dense.getArray().getManager();
        try (NDManager scratch = manager.newSubManager(device);
                NDArray detached = vector.stopGradient()) {
            NDArray target = rebuild.weights(detached, scratch);
            if (!device.equals(dense.getArray().getDevice())) {
                target.attach(manager);
            } else if (denseIsCurrent) {
                InPlace.copy(target, dense.getArray());
                target = dense.getArray();
            } else {
                target.attach(manager);
                dense.replace(target);
                denseIsCurrent = true;
            }
            // A scope of the caller would close them.
            NDScope.unregister(target);
            Rebuilt old = cache.put(device, new Rebuilt(new Snapshot(vector, manager), target));
            if (old != null) {
                free(old, target);
            }
            return target;
        }
    }

    private static void free(Rebuilt old, NDArray staying) {
        old.snapshot.close();
        if (old.weights != staying) {
            old.weights.close();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void forget() {
        lock.writeLock().lock();
        try {
            cache.values().forEach(last -> free(last, dense.getArray()));
            cache.clear();
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        forget();
        denseIsCurrent = false;
        dense.close();
    }

    /** Replaces the dense array by a {@link Placeholder}, so that unused weights take no memory. */
    @Override
    public void discard() {
        NDArray weights = dense.getArray();
        try (NDManager there = weights.getManager().newSubManager(weights.getDevice())) {
            NDArray placeholder = Placeholder.of(there, weights.getShape(), weights.getDataType());
            placeholder.attach(weights.getManager());
            dense.replace(placeholder);
        }
        denseIsCurrent = false;
    }

    /** Rebuilds weights from coefficients. */
    @FunctionalInterface
    interface Rebuild {

        /**
         * Returns the weights.
         *
         * @param vector the coefficients
         * @param scratch the manager of the result
         */
        NDArray weights(NDArray vector, NDManager scratch);
    }

    /** Weights and the coefficients that they were rebuilt from. */
    private record Rebuilt(Snapshot snapshot, NDArray weights) {}
}
