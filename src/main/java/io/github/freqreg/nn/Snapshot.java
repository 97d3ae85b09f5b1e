package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.github.freqreg.Internal;

/**
 * A copy of an array outside of any gradient graph, which tells whether the array has changed
 * since.
 */
@Internal
public final class Snapshot implements AutoCloseable {

    private final NDArray copy;

    /**
     * Takes a snapshot.
     *
     * @param array any array
     * @param owner the manager that the copy belongs to until the snapshot is closed
     */
    public Snapshot(NDArray array, NDManager owner) {
        copy = copy(array, owner);
    }

    /** Copies an array outside of any gradient graph and of any scope of the caller. */
    static NDArray copy(NDArray array, NDManager owner) {
        try (NDArray detached = array.stopGradient()) {
            NDArray copy = detached.duplicate();
            copy.attach(owner);
            // A scope of the caller would close it.
            NDScope.unregister(copy);
            return copy;
        }
    }

    /**
     * Compares an array with the copy.
     *
     * @param array an array on the same device
     * @return whether shapes, data types and all values are equal; false if the owner was closed
     */
    public boolean isOf(NDArray array) {
        return !copy.isReleased() && copy.contentEquals(array);
    }

    /** {@inheritDoc} */
    @Override
    public void close() {
        copy.close();
    }
}
