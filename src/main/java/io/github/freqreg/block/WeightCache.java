package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;

/**
 * The dense weights of one regularised tensor outside of the gradient graph.
 *
 * <p>{@link RebuiltWeights} serves layers of DJL, {@link ModuleWeights} those of a TorchScript
 * network.
 */
interface WeightCache {

    /**
     * Returns the weights outside of any gradient graph, which are rebuilt if the coefficients have
     * changed.
     *
     * @param vector the coefficients
     * @return the weights on the device of the coefficients, which the cache owns
     */
    NDArray of(NDArray vector);

    /** Forgets from which coefficients the weights were rebuilt. The dense array stays. */
    void forget();

    /** Frees what can be freed, as the coefficients are going to be closed. */
    void clear();

    /** Frees the dense weights until they are needed, if that is possible. */
    void discard();
}
