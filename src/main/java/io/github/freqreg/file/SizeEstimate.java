package io.github.freqreg.file;

import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * Estimates the size of a large file from the bits of its coefficients, so that a search need not
 * code the network in each trial. Files that are coded calibrate it.
 */
final class SizeEstimate {

    /** Networks with at most as many coefficients are coded in each trial. */
    private static final long SMALL = 1 << 17;

    /** How many files are coded to use the bytes well, and how many to fit at all. */
    private static final int RUNS = 4;

    private static final int MOST_RUNS = 20;

    /** A search ends when this share of the bytes is used. */
    static final double ENOUGH = 0.99;

    /** The size of a file whose coefficients are all zero. */
    private final long rest;

    private double ratio = 1;

    /**
     * Begins without calibration.
     *
     * @param rest the size of a file whose coefficients are all zero
     */
    SizeEstimate(long rest) {
        this.rest = rest;
    }

    /** Returns whether sizes of a network with so many coefficients are estimated. */
    static boolean isNeeded(long coefficients) {
        return coefficients > SMALL;
    }

    /** Returns the size of a file with these bits of coefficients. */
    long bytes(double bits) {
        return Math.round(rest + ratio * bits / Byte.SIZE);
    }

    /**
     * Repeats a search, calibrated by its results, until one fits and uses the bytes, or fits and
     * is found again.
     *
     * @param bytes the largest size of the file
     * @param smallest the result whose coefficients are all zero, which fits
     * @param search finds the best result by this estimate
     * @param bits the uncalibrated bits of a result
     * @param coder codes a result and returns the size of the file
     * @return the largest result that fits
     */
    <T> T search(
            long bytes,
            T smallest,
            Supplier<T> search,
            ToDoubleFunction<T> bits,
            ToLongFunction<T> coder) {
        T best = smallest;
        long most = 0;
        for (int run = 0; run < RUNS || most == 0 && run < MOST_RUNS; run++) {
            T found = search.get();
            long size = coder.applyAsLong(found);
            if (size == most || size <= bytes && size >= ENOUGH * bytes) {
                return found;
            }
            if (size <= bytes && size > most) {
                best = found;
                most = size;
            }
            // A small margin, growing with each run, in case the same result is found again.
            double margin = size > bytes ? 1 + 1e-3 * run : 1;
            double coded = Math.max(1, size - rest) * Byte.SIZE;
            ratio = margin * coded / Math.max(1, bits.applyAsDouble(found));
        }
        return best;
    }
}
