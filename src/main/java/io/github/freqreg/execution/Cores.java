package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import io.github.freqreg.Internal;
import java.util.function.Supplier;

/** The small weights, see {@link LayerExecutor}, that a layer has computed with in one pass. */
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
