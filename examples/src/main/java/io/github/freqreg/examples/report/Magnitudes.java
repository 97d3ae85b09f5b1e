package io.github.freqreg.examples.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Arrays;
import java.util.Locale;

/**
 * A logarithmic scale of magnitudes.
 *
 * @param low the decimal logarithm of the lower end
 * @param high the decimal logarithm of the upper end, greater than {@code low}
 */
record Magnitudes(double low, double high) {

    /** The largest number of decades in a scale. */
    private static final int MOST = 5;

    private static final double LEAST = 0.1;
    private static final double ROUNDING = 1e-9;

    /** Returns the scale from the smallest to the largest magnitude, ignoring zeros and NaN. */
    static Magnitudes of(float[] values) {
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (float value : values) {
            double magnitude = Math.abs(value);
            if (magnitude > 0) {
                least = Math.min(least, magnitude);
                most = Math.max(most, magnitude);
            }
        }
        if (most == 0) {
            return new Magnitudes(-1, 0);
        }
        double high = Math.log10(most);
        return new Magnitudes(
                Math.min(Math.max(Math.log10(least), high - MOST), high - LEAST), high);
    }

    /**
     * Returns the scale as {@link #of} does, but without the given share of smallest magnitudes.
     */
    static Magnitudes withoutLeast(float[] values, double share) {
        float[] sorted = new float[values.length];
        int count = 0;
        for (float value : values) {
            if (Math.abs(value) > 0) {
                sorted[count++] = Math.abs(value);
            }
        }
        Arrays.sort(sorted, 0, count);
        return of(Arrays.copyOfRange(sorted, (int) (share * count), count));
    }

    /** Extends the scale to whole decades; the lowest decades are dropped if there are too many. */
    Magnitudes wholeDecades() {
        double upper = Math.max(Math.ceil(high), Math.floor(low) + 1);
        return new Magnitudes(Math.max(Math.floor(low), upper - MOST), upper);
    }

    /**
     * Returns the position of a magnitude on the logarithmic scale, from 0 at its lower end to 1 at
     * its upper end. Magnitudes beyond the ends are clamped.
     */
    double place(double magnitude) {
        return Math.max(0, Math.min(1, (Math.log10(magnitude) - low) / (high - low)));
    }

    /** Returns whether a magnitude is below the lower end. */
    boolean isBelow(double magnitude) {
        return Math.log10(magnitude) < low - ROUNDING;
    }

    /** Formats the magnitude with the given decimal logarithm, with two digits. */
    static String label(double logarithm) {
        BigDecimal value = new BigDecimal(Math.pow(10, logarithm)).round(new MathContext(2));
        return logarithm > -3.5 && logarithm < 4
                ? value.stripTrailingZeros().toPlainString()
                : new DecimalFormat("0.#E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
                        .format(value);
    }
}
