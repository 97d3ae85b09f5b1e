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
 * <p>Safe for concurrent use: passes share a lock, and a pass of the references has it alone.
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
        Known old = known.put(now.device(), new Known(now));
        if (old != null) {
            old.close();
        }
        boolean complete = false;
        try {
            references.run();
            complete = true;
        } finally {
            if (!complete) {
                known.remove(now.device()).close();
            }
        }
    }

    /**
     * Returns the scales and shifts of a layer. While the references pass, it computes them.
     *
     * @param device of the pass
     * @param layer one layer of the network
     * @param computed computes them from the references, with a manager for what is not kept
     * @throws IllegalStateException if the references did not pass through the layer, or no pass of
     *     the network runs on this thread
     */
    Affine get(Device device, ReferenceNorm layer, Function<NDManager, Affine> computed) {
        if (lock.getReadHoldCount() == 0 && !lock.isWriteLockedByCurrentThread()) {
            throw new IllegalStateException(
                    "This normalisation layer needs its network: call the block that"
                            + " ReferenceBatch.network returned, not a part of it");
        }
        Known current = known.get(device);
        @Nullable Affine found = current == null ? null : current.affines.get(layer);
        if (found != null) {
            return found;
        }
        if (current == null || !lock.isWriteLockedByCurrentThread()) {
            throw new IllegalStateException(
                    "Expected that the references pass through all normalisation layers on "
                            + device
                            + ", as the inputs do, but they missed one");
        }
        return current.keep(layer, computed);
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
     * What a network computes with.
     *
     * @param device where
     * @param owner the manager of the network's parameters
     * @param parameters the values of all its parameters
     * @param blocks what else its blocks depend on
     */
    record State(Device device, NDManager owner, List<NDArray> parameters, List<Object> blocks) {}

    /**
     * Normalises a channel as x · scale + shift.
     *
     * @param scale one number for each channel
     * @param shift one number for each channel
     */
    record Affine(NDArray scale, NDArray shift) {}

    /** The statistics of a device, and the state that they were computed in. */
    private static final class Known {

        private final State state;
        private final List<Snapshot> parameters = new ArrayList<>();
        private final List<Snapshot> kept = new ArrayList<>();
        private final Map<ReferenceNorm, Affine> affines = new IdentityHashMap<>();

        private Known(State state) {
            this.state = state;
            for (NDArray value : state.parameters()) {
                parameters.add(new Snapshot(value, state.owner()));
            }
        }

        private boolean isOf(State now) {
            List<NDArray> values = now.parameters();
            if (values.size() != parameters.size() || !now.blocks().equals(state.blocks())) {
                return false;
            }
            for (int i = 0; i < values.size(); i++) {
                if (!parameters.get(i).isOf(values.get(i))) {
                    return false;
                }
            }
            return true;
        }

        private Affine keep(ReferenceNorm layer, Function<NDManager, Affine> computed) {
            try (NDManager scratch = state.owner().newSubManager(state.device())) {
                Affine result = computed.apply(scratch);
                Affine lasting = new Affine(keep(result.scale()), keep(result.shift()));
                affines.put(layer, lasting);
                return lasting;
            }
        }

        private NDArray keep(NDArray numbers) {
            Snapshot copy = new Snapshot(numbers, state.owner());
            kept.add(copy);
            return copy.get();
        }

        private void close() {
            parameters.forEach(Snapshot::close);
            kept.forEach(Snapshot::close);
        }
    }
}
