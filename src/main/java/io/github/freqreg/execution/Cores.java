package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import io.github.freqreg.Internal;
import java.util.function.Supplier;

/**
 * Caches the cores of a layer's weight during one training pass. A core is the weight with one or
 * both channel axes left in the frequency domain.
 */
@Internal
@FunctionalInterface
public interface Cores {

    /**
     * Returns a core, computed at most once for all calls of the layer in a training pass.
     *
     * @param way how the layer computes
     * @param core computes it
     * @return the core, on a manager that lives as long as the call of the layer
     */
    NDArray of(Factorization way, Supplier<NDArray> core);
}
