package io.github.freqreg;

import ai.djl.nn.Parameter;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.Precision;
import java.util.Arrays;

/**
 * A running statistic of a normalisation as the coefficients that are enough for it.
 *
 * <p>What a layer of K frequencies along its channels answers has no others: the mean of each
 * channel is a sum of these K, and the variance, a sum of their products, one of the first 2K - 1.
 * So behind a regularised layer a file needs no more numbers of either, though training keeps them
 * whole.
 *
 * @param precision how the coefficients are stored
 * @param coefficients the first ones, rounded to it
 */
record RunningStatistic(Precision precision, float[] coefficients) {

    /** The largest error of a mean, as a share of the largest mean. */
    private static final double MEAN_ERROR = 0x1p-10;

    /** The largest error of a variance, as a share of itself. */
    private static final double VARIANCE_ERROR = 0x1p-8;

    /** Fewer coefficients than one for so many elements are few. */
    private static final int FEW = 2;

    static boolean is(Parameter parameter) {
        return parameter.getType() == Parameter.Type.RUNNING_MEAN
                || parameter.getType() == Parameter.Type.RUNNING_VAR;
    }

    /**
     * Finds the fewest coefficients that are enough.
     *
     * @param parameter a running statistic
     * @param values its elements
     * @return the coefficients, or null where the statistic has too many frequencies
     */
    static RunningStatistic of(Parameter parameter, float[] values) {
        double[] allowed = new double[values.length];
        boolean variance = parameter.getType() == Parameter.Type.RUNNING_VAR;
        Arrays.fill(allowed, MEAN_ERROR * FrequencyFile.maxOf(values));
        for (int i = 0; variance && i < values.length; i++) {
            allowed[i] = VARIANCE_ERROR * Math.abs(values[i]);
        }
        RunningStatistic halves = of(values, allowed, Precision.FLOAT16, 0x1p-12);
        return halves != null ? halves : of(values, allowed, Precision.FLOAT32, 0x1p-20);
    }

    /**
     * Those up to the last that is no less than a share of the largest. The share, rather than the
     * error, tells how many: what is loaded is saved as it was.
     */
    private static RunningStatistic of(
            float[] values, double[] allowed, Precision precision, double share) {
        int n = values.length;
        double[] cosines = cosines(n);
        float[] coefficients = new float[n];
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += values[i] * basis(cosines, n, i, k);
            }
            coefficients[k] = rounded((float) sum, precision);
        }
        double least = share * FrequencyFile.maxOf(coefficients);
        int count = n;
        while (count > 1 && Math.abs(coefficients[count - 1]) <= least) {
            count--;
        }
        if (count(n, count) == n) {
            return null;
        }
        float[] first = Arrays.copyOf(coefficients, count);
        float[] rebuilt = rebuild(first, n);
        for (int i = 0; i < n; i++) {
            if (!(Math.abs(rebuilt[i] - values[i]) <= allowed[i])) {
                return null;
            }
        }
        return new RunningStatistic(precision, first);
    }

    private static float rounded(float value, Precision precision) {
        return precision == Precision.FLOAT16
                ? Float16Utils.halfToFloat(Float16Utils.floatToHalf(value))
                : value;
    }

    /** How many numbers a statistic of n elements needs that has some frequencies. */
    static long count(long n, long frequencies) {
        return frequencies <= n / FEW ? frequencies : n;
    }

    /**
     * Rebuilds a statistic.
     *
     * @param coefficients its first ones
     * @param n how many elements it has
     * @return the elements
     */
    static float[] rebuild(float[] coefficients, int n) {
        double[] cosines = cosines(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int k = 0; k < coefficients.length; k++) {
                sum += coefficients[k] * basis(cosines, n, i, k);
            }
            values[i] = (float) sum;
        }
        return values;
    }

    /** cos(π j / 2n), of which every basis function of the DCT has its values. */
    private static double[] cosines(int n) {
        double[] cosines = new double[4 * n];
        for (int j = 0; j < cosines.length; j++) {
            cosines[j] = Math.cos(Math.PI * j / (2.0 * n));
        }
        return cosines;
    }

    /** As of {@link io.github.freqreg.spectrum.Dct}. */
    private static double basis(double[] cosines, int n, int i, int k) {
        double scale = Math.sqrt((k == 0 ? 1.0 : 2.0) / n);
        return scale * cosines[(int) ((2L * i + 1) * k % cosines.length)];
    }
}
