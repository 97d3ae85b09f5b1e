package io.github.freqreg.block;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/**
 * Writes into an array that others hold, without a way through Java's memory.
 *
 * <p>{@link NDArray#copyTo} of DJL 0.36 copies to a buffer of Java's and lets the target point
 * there. It also calls a function that PyTorch has deprecated, which prints a warning to standard
 * error.
 */
final class InPlace {

    private static final NDIndex ALL = new NDIndex("...");

    private InPlace() {}

    /**
     * Tells whether an array can be written to, by writing its own elements.
     *
     * @param array an array
     * @return false for one of a TorchScript network that was loaded for inference
     */
    static boolean canWrite(NDArray array) {
        boolean trainable = array.hasGradient();
        try {
            array.setRequiresGradient(false);
            try (NDArray same = array.duplicate()) {
                copy(same, array);
            }
            return true;
        } catch (EngineException e) {
            return false;
        } finally {
            if (trainable) {
                array.setRequiresGradient(true);
            }
        }
    }

    /**
     * Copies all elements.
     *
     * @param source the values
     * @param target of the same shape, type and device, and without a gradient
     */
    static void copy(NDArray source, NDArray target) {
        target.set(ALL, source);
    }
}
