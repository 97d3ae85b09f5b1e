package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The scales and shifts with which the normalisation layers of a {@link ReferenceNetwork} predict,
 * computed again only if the network has changed.
 *
 * <p>Those of each device are kept together with a copy of the parameters that they were computed
 * with. Comparing parameters notices every change, whether by an optimiser, a loader or the user.
 *
 * <p>Safe for concurrent use: passes of inputs hold the read lock, and the pass of the references
 * holds the write lock.
 */
final class ReferenceStatistics {

    private final Map<Device, Known> known = new HashMap<>();
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    /**
     * Runs a pass of inputs; before that, a pass of the references if the network has changed.
     *
     * @param now the state of the network
     * @param references passes the references through all layers
     * @param inputs passes the inputs
     * @return what the pass of the inputs returns
     */
    <T> T computeWith(State now, Runnable references, Supplier<T> inputs) {
        lock.readLock().lock();
        try {
            if (isKnown(now)) {
                return inputs.get();
            }
        } finally {
            lock.readLock().unlock();
        }
        lock.writeLock().lock();
        try {
            if (!isKnown(now)) {
                renew(now, references);
            }
            lock.readLock().lock();
        } finally {
            lock.writeLock().unlock();
        }
        try {
            return inputs.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    private boolean isKnown(State now) {
        Known last = known.get(now.device());
        return last != null && last.isOf(now);
    }

    private void renew(State now, Runnable references) {
        Known old = known.remove(now.device());
        if (old != null) {
            old.close();
        }
        Known fresh = new Known(now);
        known.put(now.device(), fresh);
        boolean complete = false;
        try {
            references.run();
            complete = true;
        } finally {
            if (!complete) {
                known.remove(now.device());
                fresh.close();
            }
        }
    }

    /**
     * Returns the scales and shifts of a layer. While the references pass, it computes them.
     *
     * @param device of the pass
     * @param layer one layer of the network
     * @param computed computes them from the references, with a manager for what is not kept
     * @throws IllegalStateException if the references did not pass through the layer once, or no
     *     pass of the network runs on this thread
     */
    Affine get(Device device, ReferenceNorm layer, Function<NDManager, Affine> computed) {
        if (lock.getReadHoldCount() == 0 && !lock.isWriteLockedByCurrentThread()) {
            throw new IllegalStateException(
                    "This normalisation layer needs its network: call the block that"
                            + " ReferenceBatch.network returned, not a part of it");
        }
        Known current = known.get(device);
        @Nullable Affine found = current == null ? null : current.affines.get(layer);
        boolean computes = lock.isWriteLockedByCurrentThread();
        if (current == null || computes == (found != null)) {
            throw new IllegalStateException(
                    "Expected the references to pass through each normalisation layer once, but"
                            + " they "
                            + (computes ? "passed through one twice" : "skipped one")
                            + ": each place of a network needs a layer of its own, which all"
                            + " examples reach");
        }
        return found == null ? current.keep(layer, computed) : found;
    }

    /** Frees all that is kept. */
    void forget() {
        lock.writeLock().lock();
        try {
            known.values().forEach(Known::close);
            known.clear();
        } finally {
            lock.writeLock().unlock();
        }
    }

    /**
     * The state of a network at the start of a pass.
     *
     * @param device the device of the pass
     * @param owner the manager of what is kept
     * @param sources the arrays from which the values of all parameters follow
     * @param others whatever else determines the outputs
     */
    record State(Device device, NDManager owner, List<NDArray> sources, List<Object> others) {}

    /**
     * Normalises a channel as x · scale + shift.
     *
     * @param scale one number for each channel
     * @param shift one number for each channel
     */
    record Affine(NDArray scale, NDArray shift) {}

    /** The statistics of a device, and the state that they were computed in. */
    private static final class Known {

        private final Device device;
        private final NDManager owner;
        private final List<Object> others;
        private final List<Snapshot> sources = new ArrayList<>();
        private final Map<ReferenceNorm, Affine> affines = new IdentityHashMap<>();

        private Known(State state) {
            device = state.device();
            owner = state.owner();
            others = state.others();
            for (NDArray source : state.sources()) {
                sources.add(new Snapshot(source, owner));
            }
        }

        private boolean isOf(State now) {
            List<NDArray> found = now.sources();
            if (found.size() != sources.size() || !now.others().equals(others)) {
                return false;
            }
            for (int i = 0; i < found.size(); i++) {
                if (!sources.get(i).isOf(found.get(i))) {
                    return false;
                }
            }
            return true;
        }

        private Affine keep(ReferenceNorm layer, Function<NDManager, Affine> computed) {
            try (NDManager scratch = owner.newSubManager(device)) {
                Affine result = computed.apply(scratch);
                Affine kept =
                        new Affine(
                                Snapshot.copy(result.scale(), owner),
                                Snapshot.copy(result.shift(), owner));
                affines.put(layer, kept);
                return kept;
            }
        }

        private void close() {
            sources.forEach(Snapshot::close);
            for (Affine each : affines.values()) {
                each.scale().close();
                each.shift().close();
            }
        }
    }
}
