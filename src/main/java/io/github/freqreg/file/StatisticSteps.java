package io.github.freqreg.file;

import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.format.Precision;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The steps with which a quantised network stores running means and variances.
 *
 * <p>A mean is stored to 1/64 of the smallest standard deviation of its layer, a variance to 1/128
 * of the smallest variance (of the variance plus the 1e-5 that DJL adds). Both are far below the
 * error of quantised weights. Steps are powers of two, so that a loaded network is saved with the
 * same ones. A tensor whose multiples have more than eleven bits takes no fewer bytes than as
 * float16 and has no step.
 */
final class StatisticSteps {

    /** The largest error of a mean, relative to the smallest standard deviation. */
    static final double MEAN_ERROR = 0x1p-6;

    /** The largest error of a variance, relative to the smallest variance. */
    static final double VARIANCE_ERROR = 0x1p-7;

    private static final double MOST_MULTIPLE = 0x1p11;

    private StatisticSteps() {}

    /**
     * Finds the steps of a network's running statistics.
     *
     * @param network the numbers of the network
     * @return the precision of each parameter that is stored as multiples of a step
     */
    static Map<Parameter, Precision> in(NetworkContent network) {
        List<NetworkTensor> tensors = network.tensors();
        Map<Parameter, Precision> found = new IdentityHashMap<>();
        for (int i = 1; i < tensors.size(); i++) {
            // A normalisation layer lists its variances right after its means.
            NetworkTensor means = tensors.get(i - 1);
            NetworkTensor variances = tensors.get(i);
            if (RunningStatistic.areOfOne(means, variances)) {
                float[] values = network.numbers(variances);
                double least = Double.MAX_VALUE;
                for (float variance : values) {
                    least = Math.min(least, Math.max(0, variance) + RunningStatistic.EPSILON);
                }
                add(found, variances.parameter(), values, 2 * VARIANCE_ERROR * least);
                float[] centres = network.numbers(means);
                add(found, means.parameter(), centres, 2 * MEAN_ERROR * Math.sqrt(least));
            }
        }
        return found;
    }

    private static void add(
            Map<Parameter, Precision> found, Parameter parameter, float[] values, double most) {
        float step = (float) Math.scalb(1.0, Math.getExponent(most));
        // A statistic that is not finite has no step; the encoder reports it.
        if (Float.isFinite(step) && Float16Range.largest(values) <= MOST_MULTIPLE * step) {
            found.put(parameter, Precision.ofStep(step));
        }
    }
}
