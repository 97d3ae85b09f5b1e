package io.github.freqreg.spectrum;

import io.github.freqreg.Internal;

/**
 * Estimates how long the engine takes for a cosine transform along one axis.
 *
 * <p>Multiplying by the basis takes 2K operations for each element, with K frequencies in the box;
 * the real FFT takes about as long as moving each element {@value #MOVES} times. The constants were
 * measured once, on two cores of an AMD EPYC; only their ratios matter. They are fixed so that a
 * network computes in the same way on every machine.
 */
@Internal
public final class TransformCost {

    /** Operations per nanosecond in a large matrix product or convolution. */
    public static final double OPERATIONS = 90;

    /** Bytes per nanosecond when data is streamed. */
    public static final double BYTES = 8;

    /** Nanoseconds of overhead per operation of the engine. */
    public static final double STEP = 8_000;

    private static final double MOVES = 40;
    private static final int STEPS = 25;

    private TransformCost() {}

    /**
     * Returns the expected time of a transform along an axis, by the faster of the two ways.
     *
     * @param elements of the tensor, with all elements of the axis
     * @param frequencies of the axis in the box
     * @return nanoseconds
     */
    public static double nanoseconds(double elements, double frequencies) {
        return Math.min(matrix(elements, frequencies), fourier(elements));
    }

    /** Returns whether the FFT is expected to be faster than a product with the basis. */
    static boolean prefersFourier(double elements, double frequencies) {
        return fourier(elements) < matrix(elements, frequencies);
    }

    /**
     * Returns the expected time of a product with the basis of an axis.
     *
     * @param elements of the tensor, with all elements of the axis
     * @param frequencies of the axis in the box
     * @return nanoseconds
     */
    public static double matrix(double elements, double frequencies) {
        return 2 * elements * frequencies / OPERATIONS;
    }

    private static double fourier(double elements) {
        return elements * MOVES * Float.BYTES / BYTES + STEPS * STEP;
    }
}
