package io.github.freqreg.file;

import ai.djl.nn.Parameter;
import ai.djl.util.Float16Utils;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.CosineSeries;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The coefficients of a running mean or variance that a file stores instead of the elements.
 *
 * <p>If a layer's weight has K frequencies along the output channels and no start, its outputs have
 * these K frequencies, too. The mean as a function of the channel is then a sum of these K
 * frequencies, and the variance, a sum of their products, a sum of the first 2K - 1. These
 * coefficients are all that a file needs. Training keeps the elements.
 *
 * @param precision how the coefficients are stored
 * @param coefficients the first coefficients, rounded to that precision
 */
record RunningStatistic(Precision precision, float[] coefficients) {

    /** The largest error of a mean, relative to the standard deviation of its channel. */
    private static final double MEAN_ERROR = 0x1p-9;

    /** The largest relative error of a variance. */
    private static final double VARIANCE_ERROR = 0x1p-8;

    /** What DJL's normalisation layers add to a variance by default. */
    static final double EPSILON = 1e-5;

    /** Float16 coefficients up to this share of the largest count as zero. */
    private static final double HALF_SHARE = 0x1p-12;

    /** Float32 coefficients up to this share of the largest count as zero. */
    private static final double FLOAT_SHARE = 0x1p-20;

    /** How many of the highest frequencies are checked first, to give up early. */
    private static final int CHECKED_FIRST = 4;

    /**
     * Finds the statistics of a network that can be stored as few coefficients.
     *
     * @param tensors all tensors of a network, initialised
     * @param elements returns those of a statistic
     * @return the coefficients of each such parameter; empty if the network is not wrapped
     */
    static Map<Parameter, RunningStatistic> in(
            List<NetworkTensor> tensors, Function<NetworkTensor, float[]> elements) {
        Map<Parameter, RunningStatistic> found = new IdentityHashMap<>();
        if (tensors.stream().allMatch(tensor -> tensor.spectral().isEmpty())) {
            return found;
        }
        for (int i = 1; i < tensors.size(); i++) {
            // A normalisation layer lists its variances right after its means.
            NetworkTensor means = tensors.get(i - 1);
            NetworkTensor variances = tensors.get(i);
            if (areOfOne(means, variances)) {
                float[] ofChannels = elements.apply(variances);
                ofMeans(elements.apply(means), ofChannels)
                        .ifPresent(few -> found.put(means.parameter(), few));
                ofVariances(ofChannels).ifPresent(few -> found.put(variances.parameter(), few));
            }
        }
        return found;
    }

    /** Returns whether two tensors are the mean and the variance of one layer. */
    static boolean areOfOne(NetworkTensor means, NetworkTensor variances) {
        return means.parameter().getType() == Parameter.Type.RUNNING_MEAN
                && variances.parameter().getType() == Parameter.Type.RUNNING_VAR
                && means.knownShape().dimension() == 1
                && means.knownShape().equals(variances.knownShape());
    }

    /**
     * Transforms running means.
     *
     * @param means of the channels
     * @param variances of the channels, which limit the error
     * @return the coefficients, or nothing if they are too many or not exact enough
     */
    static Optional<RunningStatistic> ofMeans(float[] means, float[] variances) {
        double[] allowed = new double[means.length];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = MEAN_ERROR * Math.sqrt(Math.max(variances[i], 0) + EPSILON);
        }
        return of(means, allowed);
    }

    /**
     * Transforms running variances.
     *
     * @param variances of the channels
     * @return the coefficients, or nothing if they are too many or not exact enough
     */
    static Optional<RunningStatistic> ofVariances(float[] variances) {
        double[] allowed = new double[variances.length];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = VARIANCE_ERROR * variances[i];
        }
        return of(variances, allowed);
    }

    private static Optional<RunningStatistic> of(float[] values, double[] allowed) {
        int n = values.length;
        if (n < 2) {
            return Optional.empty();
        }
        CosineSeries series = CosineSeries.of(n);
        double most = Math.sqrt(n) * Float16Range.largest(values);
        for (int k = n - 1; k >= Math.max(n / 2, n - CHECKED_FIRST); k--) {
            if (!(Math.abs(series.coefficient(values, k)) <= HALF_SHARE * most)) {
                return Optional.empty();
            }
        }
        double[] all = new double[n];
        for (int k = 0; k < n; k++) {
            all[k] = series.coefficient(values, k);
        }
        return of(series, all, values, allowed, Precision.FLOAT16, HALF_SHARE)
                .or(() -> of(series, all, values, allowed, Precision.FLOAT32, FLOAT_SHARE));
    }

    /**
     * Keeps the coefficients up to the last that does not count as zero. That rule, and not the
     * error, decides the number, so that a loaded statistic keeps as many when it is saved again.
     */
    private static Optional<RunningStatistic> of(
            CosineSeries series,
            double[] all,
            float[] values,
            double[] allowed,
            Precision precision,
            double share) {
        int n = all.length;
        float[] coefficients = new float[n];
        for (int k = 0; k < n; k++) {
            coefficients[k] = rounded((float) all[k], precision);
        }
        double least = share * Float16Range.largest(coefficients);
        int count = n;
        while (count > 1 && Math.abs(coefficients[count - 1]) <= least) {
            count--;
        }
        if (NetworkTensor.storedStatistic(n, count) == n) {
            return Optional.empty();
        }
        float[] first = Arrays.copyOf(coefficients, count);
        float[] rebuilt = series.rebuild(first);
        for (int i = 0; i < n; i++) {
            if (!(Math.abs(rebuilt[i] - values[i]) <= allowed[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(new RunningStatistic(precision, first));
    }

    private static float rounded(float value, Precision precision) {
        return precision.equals(Precision.FLOAT16)
                ? Float16Utils.halfToFloat(Float16Utils.floatToHalf(value))
                : value;
    }

    /**
     * Rebuilds the elements of a statistic.
     *
     * @param coefficients the first coefficients
     * @param n the number of elements
     * @return the elements
     */
    static float[] rebuild(float[] coefficients, int n) {
        return CosineSeries.of(n).rebuild(coefficients);
    }
}
