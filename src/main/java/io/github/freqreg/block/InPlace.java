package io.github.freqreg.block;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/**
 * Overwrites the elements of an array that others refer to, inside the engine's memory.
 *
 * <p>{@link NDArray#copyTo} of DJL 0.36 is no replacement: it makes the target refer to a buffer in
 * Java's memory, and it calls a deprecated function of PyTorch, which prints a warning to standard
 * error.
 */
final class InPlace {

    private static final NDIndex ALL = new NDIndex("...");

    private InPlace() {}

    /**
     * Returns whether an array can be written to. The check overwrites it with its own elements.
     *
     * @param array an array
     * @return false for an array of a TorchScript network that was loaded for inference
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
