package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDList;

/**
 * Feature maps (batch, channels, …) that are computed on first access. Until then, batch
 * normalisation can be fused into the computation.
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
}
