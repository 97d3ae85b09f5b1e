package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;

/**
 * Feature maps (batch, channels, …) that are computed on first access. Until then, batch
 * normalisation can be fused into the computation, and the next layer may need their projections
 * only.
 */
public interface LazyMaps {

    /**
     * Tells whether the maps have been computed.
     *
     * @return true after the first access
     */
    boolean isComputed();

    /**
     * Returns the device of the maps, without computing them.
     *
     * @return the device
     */
    Device getDevice();

    /**
     * Returns the shape of the maps, without computing them.
     *
     * @return the shape (batch, channels, …)
     */
    Shape getShape();

    /**
     * Returns the data type of the maps, without computing them.
     *
     * @return the type
     */
    DataType getDataType();

    /**
     * Tells whether the maps are part of a gradient graph.
     *
     * @return whether gradients are recorded
     */
    boolean inGraph();

    /**
     * Tells whether batch normalisation can be fused.
     *
     * @return false once the maps are computed, after a ReLU, and if each channel has one number
     *     only, which has no variance
     */
    boolean canNormalize();

    /**
     * Fuses batch normalisation.
     *
     * @param norm what is computed of each channel
     * @return the normalised maps, not computed yet
     */
    NDList normalize(ChannelNorm norm);

    /**
     * Tells whether the maps can be projected without being stored.
     *
     * @return false once the maps are computed, and for a ReLU in a gradient graph, which needs
     *     them
     */
    boolean canProject();

    /**
     * Computes products of the channels with a matrix.
     *
     * @param basis the matrix (channels, K)
     * @param manager the manager of the result
     * @return the projections (batch, K, …)
     */
    NDArray project(NDArray basis, NDManager manager);

    /**
     * Pads the maps with zeros, see {@link ChannelConcat}.
     *
     * @param places the extents after the channels
     * @return the padded maps, not computed yet, or nothing if the maps must be computed first
     */
    Optional<NDList> pad(Shape places);

    /**
     * Returns a list as maps that can be projected without being stored.
     *
     * @param list any list
     * @return the maps, or nothing for an ordinary list
     */
    static Optional<LazyMaps> projectable(NDList list) {
        return list instanceof LazyMaps maps && maps.canProject()
                ? Optional.of(maps)
                : Optional.empty();
    }
}
