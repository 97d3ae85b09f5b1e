package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;

/**
 * Joins arrays that are computed one after the other. Outside of a gradient graph, each is copied
 * into its place at once, so that the parts take no memory beside the whole.
 */
final class Parts implements AutoCloseable {

    private final NDManager manager;
    private final int axis;
    private final NDArray whole;
    private final NDList parts = new NDList();
    private final boolean inPlace;

    /**
     * Begins.
     *
     * @param manager the manager of the whole
     * @param like an array of the shape and type of the whole, from which the parts are computed
     * @param axis along which the parts are joined
     */
    Parts(NDManager manager, NDArray like, int axis) {
        this.manager = manager;
        this.axis = axis;
        inPlace = !like.hasGradient();
        whole = inPlace ? manager.create(like.getShape(), like.getDataType()) : like;
    }

    /**
     * Adds the next part.
     *
     * @param index where it belongs
     * @param part the part, which belongs to this from now on
     */
    void add(NDIndex index, NDArray part) {
        if (inPlace) {
            whole.set(index, part);
            part.close();
        } else {
            part.attach(manager);
            parts.add(part);
        }
    }

    /** Returns the whole. */
    NDArray join() {
        return inPlace ? whole : NDArrays.concat(parts, axis);
    }

    /** Closes the parts. */
    @Override
    public void close() {
        parts.close();
    }
}
