package io.github.freqreg.spectrum;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import io.github.freqreg.Internal;

/** Tells whether a gradient graph refers to an array. */
@Internal
public final class GradientGraph {

    private GradientGraph() {}

    /**
     * Returns whether the gradient of an array may be computed.
     *
     * <p>{@code NDArray.hasGradient} tells it of parameters, but not of what is computed from them.
     * Of these, PyTorch refuses to remove the gradient, which is how they are recognised.
     *
     * @param array any array, which stays as it is
     * @return true for parameters that are trained, and for all that is computed from them while
     *     gradients are recorded; finding the latter costs an exception
     */
    public static boolean contains(NDArray array) {
        if (array.hasGradient()) {
            return true;
        }
        try {
            array.setRequiresGradient(false);
            return false;
        } catch (EngineException e) {
            return true;
        }
    }
}
