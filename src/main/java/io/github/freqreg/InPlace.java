package io.github.freqreg;

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
     * Copies all elements.
     *
     * @param source the values
     * @param target of the same shape, type and device, and without a gradient
     */
    static void copy(NDArray source, NDArray target) {
        target.set(ALL, source);
    }
}
