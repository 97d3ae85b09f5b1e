package io.github.freqreg.nn;

import ai.djl.ndarray.NDList;

/**
 * Maps (batch, channels, …) that are computed when they are first read, and to which batch
 * normalisation can be added before.
 */
public interface LazyMaps {

    /**
     * Tells whether the maps are computed.
     *
     * @return true once they were read
     */
    boolean isComputed();

    /**
     * Tells whether batch normalisation can be added.
     *
     * @return false after another normalisation or a ReLU, and once the maps were read
     */
    boolean canNormalize();

    /**
     * Adds batch normalisation without scale and shift.
     *
     * @param epsilon is added to the variance
     * @return the normalised maps, not computed yet
     */
    NDList normalize(float epsilon);
}
