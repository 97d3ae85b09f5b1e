package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Internal;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.TensorStart;
import java.util.function.Supplier;

/**
 * What a layer computes, see {@link LayerExecutor#forward}.
 *
 * @param strategy the strategy that the user has set
 * @param transform of the weight
 * @param coefficients computes the kept coefficients, inside or outside of the gradient graph
 * @param cores the cache of the weight's cores
 * @param store provides the bias
 * @param input of the layer
 * @param mode what the output is for
 */
@Internal
public record LayerPass(
        Strategy strategy,
        SpectralTransform transform,
        Supplier<NDArray> coefficients,
        Cores cores,
        ParameterStore store,
        LayerInput input,
        PassMode mode) {

    /** Returns whether the weight is the sum of the identity and its coefficients. */
    boolean startsAtIdentity() {
        return transform.getStart().filter(TensorStart.IDENTITY::equals).isPresent();
    }

    /** Returns whether a backward pass may follow. */
    boolean training() {
        return mode == PassMode.TRAINING || mode == PassMode.FUSIBLE_TRAINING;
    }
}
