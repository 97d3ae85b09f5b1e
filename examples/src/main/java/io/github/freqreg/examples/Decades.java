package io.github.freqreg.examples;

import java.math.BigDecimal;

/**
 * The powers of ten between which magnitudes are drawn.
 *
 * @param low the exponent of the lower end
 * @param high the exponent of the upper end, above it
 */
record Decades(int low, int high) {

    private static final int MOST = 5;

    /** Those that hold the largest of some values, and of the others what is not far smaller. */
    static Decades of(float[] values) {
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (float value : values) {
            double magnitude = Math.abs(value);
            most = Math.max(most, magnitude);
            least = magnitude > 0 ? Math.min(least, magnitude) : least;
        }
        if (most == 0) {
            return new Decades(-1, 0);
        }
        int high = (int) Math.floor(Math.log10(most)) + 1;
        return new Decades(Math.max((int) Math.floor(Math.log10(least)), high - MOST), high);
    }

    int count() {
        return high - low;
    }

    /** Where a magnitude stands, from 0 at the lower end to 1; what is below it is at 0. */
    double place(double magnitude) {
        return Math.max(0, Math.min(1, (Math.log10(magnitude) - low) / count()));
    }

    /** Whether a magnitude is below the lower end. */
    boolean isBelow(double magnitude) {
        return magnitude < Math.pow(10, low);
    }

    /** A power of ten in the shortest form. */
    static String label(int exponent) {
        return exponent >= -3 && exponent <= 3
                ? BigDecimal.ONE.scaleByPowerOfTen(exponent).toPlainString()
                : "1e" + exponent;
    }
}
