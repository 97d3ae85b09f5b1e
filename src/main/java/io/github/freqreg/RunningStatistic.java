package io.github.freqreg;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.Precision;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

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

    /**
     * The largest error, of a mean as a share of the channel's deviation, of a variance of itself.
     */
    private static final double MEAN_ERROR = 0x1p-9;

    private static final double VARIANCE_ERROR = 0x1p-8;

    /** What normalisation adds to a variance, by DJL's default. */
    private static final double EPSILON = 1e-5;

    /** Coefficients up to this share of the largest are none, for each precision. */
    private static final double HALF_SHARE = 0x1p-12;

    private static final double FLOAT_SHARE = 0x1p-20;

    /** So many of the highest frequencies tell soon that there are too many. */
    private static final int SOON = 4;

    static boolean isOne(Parameter parameter) {
        return parameter.getType() == Parameter.Type.RUNNING_MEAN
                || parameter.getType() == Parameter.Type.RUNNING_VAR;
    }

    /**
     * Finds the statistics of a network that few coefficients are enough for.
     *
     * @param block a network, initialised
     * @return these of each parameter; none where nothing is regularised
     */
    static Map<Parameter, RunningStatistic> in(Block block) {
        Map<Parameter, RunningStatistic> found = new IdentityHashMap<>();
        if (BlockTree.frequencyBlocks(block).isEmpty()) {
            return found;
        }
        Map.Entry<String, Parameter> last = null;
        for (Map.Entry<String, Parameter> entry : BlockTree.parameters(block).entrySet()) {
            // A normalisation has its means right before its variances.
            if (last != null && areOfOne(last.getValue(), entry.getValue())) {
                float[] variances = FrequencyFile.values(entry);
                putIfEnough(found, last.getValue(), ofMeans(FrequencyFile.values(last), variances));
                putIfEnough(found, entry.getValue(), ofVariances(variances));
            }
            last = entry;
        }
        return found;
    }

    private static boolean areOfOne(Parameter means, Parameter variances) {
        return means.getType() == Parameter.Type.RUNNING_MEAN
                && variances.getType() == Parameter.Type.RUNNING_VAR
                && means.getShape().dimension() == 1
                && means.getShape().equals(variances.getShape());
    }

    private static void putIfEnough(
            Map<Parameter, RunningStatistic> found, Parameter parameter, RunningStatistic few) {
        if (few != null) {
            found.put(parameter, few);
        }
    }

    /**
     * Finds the coefficients of means.
     *
     * @param means of the channels
     * @param variances of the channels, by which an error is measured
     * @return the coefficients, or null where they are too many or not exact enough
     */
    static RunningStatistic ofMeans(float[] means, float[] variances) {
        double[] allowed = new double[means.length];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = MEAN_ERROR * Math.sqrt(Math.max(variances[i], 0) + EPSILON);
        }
        return of(means, allowed);
    }

    /**
     * Finds the coefficients of variances.
     *
     * @param variances of the channels
     * @return the coefficients, or null where they are too many or not exact enough
     */
    static RunningStatistic ofVariances(float[] variances) {
        double[] allowed = new double[variances.length];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = VARIANCE_ERROR * variances[i];
        }
        return of(variances, allowed);
    }

    /** How many numbers a statistic of n elements needs that has some frequencies. */
    static long count(long n, long frequencies) {
        return 2 * frequencies <= n ? frequencies : n;
    }

    private static RunningStatistic of(float[] values, double[] allowed) {
        int n = values.length;
        if (n < 2) {
            return null;
        }
        double[] cosines = cosines(n);
        double most = Math.sqrt(n) * FrequencyFile.maxOf(values);
        for (int k = n - 1; k >= Math.max(n / 2, n - SOON); k--) {
            if (!(Math.abs(coefficient(values, k, cosines)) <= HALF_SHARE * most)) {
                return null;
            }
        }
        double[] all = new double[n];
        for (int k = 0; k < n; k++) {
            all[k] = coefficient(values, k, cosines);
        }
        RunningStatistic halves = of(all, values, allowed, Precision.FLOAT16, HALF_SHARE);
        return halves != null ? halves : of(all, values, allowed, Precision.FLOAT32, FLOAT_SHARE);
    }

    /**
     * Those up to the last that is more than a share of the largest. The share, rather than the
     * error, tells how many, so that what is loaded has as many when it is saved again.
     */
    private static RunningStatistic of(
            double[] all, float[] values, double[] allowed, Precision precision, double share) {
        int n = all.length;
        float[] coefficients = new float[n];
        for (int k = 0; k < n; k++) {
            coefficients[k] = rounded((float) all[k], precision);
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
        return precision.equals(Precision.FLOAT16)
                ? Float16Utils.halfToFloat(Float16Utils.floatToHalf(value))
                : value;
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
        double[] sums = new double[n];
        for (int k = 0; k < coefficients.length; k++) {
            double scaled = coefficients[k] * scale(k, n);
            int at = k;
            for (int i = 0; i < n; i++) {
                sums[i] += scaled * cosines[at];
                at = next(at, k, n);
            }
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) sums[i];
        }
        return values;
    }

    private static double coefficient(float[] values, int k, double[] cosines) {
        int n = values.length;
        double sum = 0;
        int at = k;
        for (float value : values) {
            sum += value * cosines[at];
            at = next(at, k, n);
        }
        return sum * scale(k, n);
    }

    /**
     * cos(π j / 2n), of which every function of {@link io.github.freqreg.spectrum.Dct} has its
     * values: of frequency k, that of element i is at j = (2i + 1) k, which repeats after 4n.
     */
    private static double[] cosines(int n) {
        double[] cosines = new double[4 * n];
        for (int j = 0; j < cosines.length; j++) {
            cosines[j] = Math.cos(Math.PI * j / (2.0 * n));
        }
        return cosines;
    }

    private static int next(int at, int k, int n) {
        int next = at + 2 * k;
        return next < 4 * n ? next : next - 4 * n;
    }

    private static double scale(int k, int n) {
        return Math.sqrt((k == 0 ? 1.0 : 2.0) / n);
    }
}
