package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import io.github.freqreg.ArrayView;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes the channels of {@link FactoredMaps}, with a ReLU if one follows.
 *
 * <p>Outside of a gradient graph, the channels are computed tile by tile, and a tile stays in the
 * processor's cache. If the next layer projects the channels again, they are never stored.
 *
 * @param relu whether a ReLU follows
 */
record ChannelEpilogue(boolean relu) {

    /** Elements of a tile: 1 MiB of float32, about the size of a core's own cache. */
    private static final long TILE = 1 << 18;

    /**
     * Computes the channels.
     *
     * @param maps the maps and the matrix that expands them
     * @param manager the manager of the result
     * @return the channels (batch, channels, …)
     */
    NDArray expand(FactoredMaps maps, NDManager manager) {
        return expand(maps, Optional.empty(), manager);
    }

    /**
     * Computes the channels and projects them: with a ReLU, tile by tile; without, by the product
     * of both matrices.
     *
     * @param maps the maps and the matrix that expands them, with a ReLU outside of any gradient
     *     graph
     * @param cosines the matrix (channels, B) of the next layer's frequencies
     * @param manager the manager of the result
     * @return the projections (batch, B, …)
     */
    NDArray project(FactoredMaps maps, NDArray cosines, NDManager manager) {
        if (relu) {
            return expand(maps, Optional.of(cosines), manager);
        }
        try (NDManager scratch = manager.newSubManager(maps.small().getDevice())) {
            NDArray down = ArrayView.of(cosines, scratch).transpose();
            return expand(maps.through(down), manager);
        }
    }

    private NDArray expand(FactoredMaps maps, Optional<NDArray> cosines, NDManager manager) {
        Shape shape = maps.small().getShape();
        Shape places = shape.slice(2);
        try (NDManager scratch = manager.newSubManager(maps.small().getDevice())) {
            NDArray small =
                    ArrayView.of(maps.small(), scratch)
                            .reshape(shape.get(0), shape.get(1), places.size());
            NDArray ones =
                    scratch.ones(new Shape(shape.get(0), 1, places.size()), small.getDataType());
            NDArray lifted = NDArrays.concat(new NDList(small, ones), 1);
            NDArray affine = affine(maps, scratch);
            NDArray down =
                    cosines.map(each -> ArrayView.of(each, scratch).transpose()).orElse(null);
            NDArray flat = maps.inGraph() ? whole(lifted, affine) : tiled(lifted, affine, down);
            NDArray result =
                    flat.reshape(new Shape(shape.get(0), flat.getShape().get(1)).addAll(places));
            result.attach(manager);
            return result;
        }
    }

    /** Returns the matrix from the maps, and a map of ones, to the channels. */
    private static NDArray affine(FactoredMaps maps, NDManager scratch) {
        NDArray matrix = ArrayView.of(maps.matrix(), scratch);
        Shape column = new Shape(matrix.getShape().get(0), 1);
        NDArray shift =
                maps.shift() == null
                        ? scratch.zeros(column, matrix.getDataType())
                        : ArrayView.of(maps.shift(), scratch).reshape(column);
        return NDArrays.concat(new NDList(matrix, shift), 1);
    }

    private NDArray whole(NDArray lifted, NDArray affine) {
        // For a matrix that has a gradient, the engine would first transpose the maps.
        Shape matrices = new Shape(lifted.getShape().get(0)).addAll(affine.getShape());
        NDArray channels = affine.expandDims(0).broadcast(matrices).matMul(lifted);
        return relu ? Activation.relu(channels) : channels;
    }

    private NDArray tiled(NDArray lifted, NDArray affine, @Nullable NDArray down) {
        NDManager scratch = lifted.getManager();
        long batch = lifted.getShape().get(0);
        long places = lifted.getShape().get(2);
        long channels = affine.getShape().get(0);
        long rows = down == null ? channels : down.getShape().get(0);
        NDArray out =
                scratch.create(
                        new Shape(batch, rows, places), lifted.getDataType(), lifted.getDevice());
        long across = Math.max(1, Math.min(places, TILE / channels));
        long images = Math.max(1, TILE / (channels * across));
        for (long image = 0; image < batch; image += images) {
            String its = image + ":" + Math.min(batch, image + images);
            for (long place = 0; place < places; place += across) {
                NDIndex tile =
                        new NDIndex(its + ",:," + place + ":" + Math.min(places, place + across));
                try (NDManager passing = scratch.newSubManager()) {
                    NDArray values =
                            ArrayView.of(affine, passing).matMul(lifted.get(passing, tile));
                    if (relu) {
                        values = Activation.relu(values);
                    }
                    if (down != null) {
                        values = ArrayView.of(down, passing).matMul(values);
                    }
                    out.set(tile, values);
                }
            }
        }
        return out;
    }
}
