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
     * Replaces all elements of an array, which may require a gradient and will after it, too.
     *
     * @param values of the same shape, type and device
     * @param array the array
     */
    static void overwrite(NDArray values, NDArray array) {
        boolean trainable = array.hasGradient();
        // Only an array without a gradient may be written to in place.
        array.setRequiresGradient(false);
        copy(values, array);
        array.setRequiresGradient(trainable);
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
