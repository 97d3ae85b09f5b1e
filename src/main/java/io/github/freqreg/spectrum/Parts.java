package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.github.freqreg.ArrayView;

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
    private long end;

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
        inPlace = !GradientGraph.contains(like);
        whole = inPlace ? manager.create(like.getShape(), like.getDataType()) : like;
    }

    /** Adds the next part, which belongs to this from now on. */
    void add(NDArray part) {
        if (!inPlace) {
            part.attach(manager);
            parts.add(part);
            return;
        }
        long begin = end;
        end += part.getShape().get(axis);
        NDIndex place = new NDIndex();
        for (int i = 0; i < axis; i++) {
            place.addAllDim();
        }
        try (part) {
            whole.set(place.addSliceDim(begin, end), part);
        }
    }

    /** Returns the whole. */
    NDArray join() {
        if (inPlace) {
            return whole;
        }
        // DJL copies a single array, and the copy has no gradient.
        return parts.size() == 1
                ? ArrayView.of(parts.head(), manager)
                : NDArrays.concat(parts, axis);
    }

    /** Closes the parts. */
    @Override
    public void close() {
        parts.close();
    }
}
