package io.github.freqreg.nn;

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
     * Tells whether batch normalisation can be fused.
     *
     * @return false once the maps are computed, or after a ReLU
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
