package io.github.freqreg.file;

import ai.djl.nn.Parameter;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.MultiplesCost;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.CosineSeries;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Folds the running statistics of a batch normalisation into its scale and shift.
 *
 * <p>In inference, a channel with the running mean μ and variance σ² becomes
 *
 * <pre>
 * y = γ (x - μ) / √(σ² + ε) + β = γ' x / √(v + ε) + β'
 * γ' = γ √(v + ε) / √(σ² + ε)        β' = β - γ' μ / √(v + ε)
 * </pre>
 *
 * <p>for any v. So a file needs two numbers of each channel instead of four: it stores γ' and β',
 * the means 0, and one variance v near 1 for all channels. γ' and β' have steps that change the
 * outputs by 1/24 of their root mean square, or by less where the weights of the network are
 * rounded finely. β' is computed from the rounded γ', so that the rounding of γ' does not move the
 * mean of the outputs.
 *
 * <p>A loaded network gives the same predictions, up to the rounding of γ' and β'. In training mode
 * it is another network, whose batches are normalised by their own statistics as always, but scaled
 * and shifted by γ' and β' instead of γ and β.
 */
final class FoldedNormalization {

    /** The coarsest steps of γ' and β' relative to the outputs. */
    private static final double COARSEST = 1.0 / 24;

    /** The finest, whose error is near that of float16. */
    private static final double FINEST = 0x1p-12;

    /** The largest ratio of these steps to those of weights, both relative. */
    private static final double OF_WEIGHTS = 1.0 / 8;

    /**
     * Below this multiple of ε, the variance of a channel is negligible: its normalised output
     * varies by less than 1/32 of its scale. Such channels are not amplified, which would take many
     * bits.
     */
    private static final double DEAD = 1.0 / 1024;

    private static final double LARGEST = 0x1p100;

    /** The parameters of a layer: scale, shift, means and variances. */
    private static final int PARAMETERS = 4;

    private FoldedNormalization() {}

    /**
     * Returns the scales and shifts that a quantised file of a network stores folded. They need no
     * steps of their own.
     *
     * @param tensors all tensors of the network
     * @return their names
     */
    static Set<String> scalesAndShifts(List<NetworkTensor> tensors) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i + PARAMETERS <= tensors.size(); i++) {
            List<NetworkTensor> layer = tensors.subList(i, i + PARAMETERS);
            if (epsilon(layer).isPresent()
                    && layer.stream().limit(2).allMatch(FoldedNormalization::hasOwnAxes)) {
                names.add(tensors.get(i).name());
                names.add(tensors.get(i + 1).name());
            }
        }
        return names;
    }

    private static boolean hasOwnAxes(NetworkTensor tensor) {
        return tensor.spectral()
                .filter(each -> each.getAxes().equals(FrequencyAxes.OWN))
                .isPresent();
    }

    /**
     * Folds the layers of a quantised network, where that takes fewer bits.
     *
     * @param network the numbers of the network
     * @param entries what a file would store for each of them
     * @return what it stores instead
     */
    static List<FrqEntry> fold(NetworkContent network, List<FrqEntry> entries) {
        List<NetworkTensor> tensors = network.tensors();
        List<FrqEntry> folded = new ArrayList<>(entries);
        double ofWeights = OF_WEIGHTS * stepOfWeights(entries);
        double step = Math.max(FINEST, Math.min(COARSEST, ofWeights));
        for (int i = 0; i + PARAMETERS <= tensors.size(); i++) {
            List<NetworkTensor> layer = tensors.subList(i, i + PARAMETERS);
            OptionalDouble epsilon = epsilon(layer);
            if (epsilon.isEmpty() || !areSpectral(entries.get(i), entries.get(i + 1))) {
                continue;
            }
            List<FrqEntry> before = entries.subList(i, i + PARAMETERS);
            float[] means = network.numbers(layer.get(2));
            float[] variances = network.numbers(layer.get(3));
            List<FrqEntry> after =
                    areUsable(means, variances, epsilon.getAsDouble())
                            ? fold(before, means, variances, epsilon.getAsDouble(), step)
                            : before;
            if (bits(after) < bits(before)) {
                for (int j = 0; j < PARAMETERS; j++) {
                    folded.set(i + j, after.get(j));
                }
            }
        }
        return folded;
    }

    /** Returns the median step of the weights relative to their root mean squares. */
    private static double stepOfWeights(List<FrqEntry> entries) {
        double[] steps =
                entries.stream()
                        .filter(each -> each.spectral() && each.shape().dimension() > 1)
                        .mapToDouble(
                                each ->
                                        each.precision().step()
                                                / Quantization.rootMeanSquare(each.values()))
                        .filter(step -> !Double.isNaN(step))
                        .sorted()
                        .toArray();
        return steps.length == 0 ? 0 : steps[steps.length / 2];
    }

    /** Returns the ε of a layer that can be folded, or nothing. */
    private static OptionalDouble epsilon(List<NetworkTensor> layer) {
        NetworkTensor first = layer.get(0);
        boolean whole =
                first.parameter().getType() == Parameter.Type.GAMMA
                        && layer.get(1).parameter().getType() == Parameter.Type.BETA
                        && RunningStatistic.areOfOne(layer.get(2), layer.get(3))
                        && layer.stream()
                                .allMatch(
                                        each ->
                                                each.owner() == first.owner()
                                                        && each.knownShape()
                                                                .equals(first.knownShape()));
        return whole && first.owner() instanceof FrequencyBlock owner
                ? owner.foldedEpsilon()
                : OptionalDouble.empty();
    }

    private static boolean areSpectral(FrqEntry scale, FrqEntry shift) {
        return Stream.of(scale, shift)
                .allMatch(each -> each.spectral() && each.axes().equals(FrequencyAxes.OWN));
    }

    /** Folds a layer with usable statistics. */
    private static List<FrqEntry> fold(
            List<FrqEntry> entries, float[] means, float[] variances, double epsilon, double step) {
        int n = means.length;
        CosineSeries series = CosineSeries.of(n);
        double mean = 0;
        for (float variance : variances) {
            mean += (Math.max(variance, 0) + epsilon) / n;
        }
        Optional<Precision> before = folded(series, means, variances);
        Precision precision = before.orElseGet(() -> coefficientOf(1, n));
        double deviation = Math.sqrt(variance(series, precision) + epsilon);
        float[] scale = series.rebuild(rounded(entries.get(0)));
        float[] shift = series.rebuild(rounded(entries.get(1)));
        double outputs = Quantization.rootMeanSquare(scale);
        FrqEntry noMeans = coefficients(entries.get(2), precision, 0);
        FrqEntry sameVariances = coefficients(entries.get(3), precision, precision.step());
        boolean known = entries.stream().limit(2).allMatch(FoldedNormalization::hasSteps);
        if (known && before.isPresent()) {
            return List.of(entries.get(0), entries.get(1), noMeans, sameVariances);
        }
        for (int i = 0; i < n; i++) {
            double own = Math.sqrt(Math.max(variances[i], 0) + epsilon);
            boolean dead = variances[i] < DEAD * epsilon;
            scale[i] *= (float) (deviation / (dead ? Math.max(own, deviation) : own));
        }
        FrqEntry folded =
                entry(entries.get(0), series, scale, step * outputs * deviation / Math.sqrt(mean));
        float[] kept = series.rebuild(folded.values());
        for (int i = 0; i < n; i++) {
            shift[i] -= (float) (kept[i] * means[i] / deviation);
        }
        return List.of(
                folded,
                entry(
                        entries.get(1),
                        series,
                        shift,
                        outputs > 0 ? step * outputs : FINEST * Quantization.rootMeanSquare(shift)),
                noMeans,
                sameVariances);
    }

    /**
     * Returns the power of two nearest to the first coefficient of n equal variances, which is the
     * step of which the coefficient is stored as the multiple 1.
     */
    private static Precision coefficientOf(double variance, int n) {
        double exponent = (Math.log(variance) + Math.log(n) / 2) / Math.log(2);
        return Precision.ofStep(Math.scalb(1f, (int) Math.rint(exponent)));
    }

    private static float variance(CosineSeries series, Precision coefficient) {
        return series.rebuild(new float[] {coefficient.step()})[0];
    }

    /**
     * Returns the stored coefficient of the variances, if they come from a file that folded them.
     */
    private static Optional<Precision> folded(
            CosineSeries series, float[] means, float[] variances) {
        for (int i = 0; i < means.length; i++) {
            if (means[i] != 0 || variances[i] != variances[0]) {
                return Optional.empty();
            }
        }
        if (variances[0] < Float.MIN_NORMAL) {
            return Optional.empty();
        }
        Precision coefficient = coefficientOf(variances[0], means.length);
        return variance(series, coefficient) == variances[0]
                ? Optional.of(coefficient)
                : Optional.empty();
    }

    private static boolean areUsable(float[] means, float[] variances, double epsilon) {
        for (int i = 0; i < means.length; i++) {
            double variance = Math.max(variances[i], 0) + epsilon;
            if (!Float.isFinite(means[i])
                    || !(variance >= Float.MIN_NORMAL && variance < LARGEST)) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasSteps(FrqEntry entry) {
        return entry.precision().kind() == Precision.Kind.STEPS;
    }

    /** Returns the numbers that the network computes with. */
    private static float[] rounded(FrqEntry entry) {
        float[] values = entry.values().clone();
        for (int i = 0; i < values.length && hasSteps(entry); i++) {
            values[i] = entry.precision().nearest(values[i]);
        }
        return values;
    }

    private static FrqEntry entry(
            FrqEntry before, CosineSeries series, float[] elements, double wanted) {
        float[] coefficients = new float[elements.length];
        for (int k = 0; k < coefficients.length; k++) {
            coefficients[k] = (float) series.coefficient(elements, k);
        }
        Precision precision = Precision.ofStep(wanted > 0 ? Quantization.stepOf(wanted) : 1);
        precision = precision.holding(Float16Range.largest(coefficients));
        int kept = 1;
        for (int k = 0; k < coefficients.length; k++) {
            coefficients[k] = precision.nearest(coefficients[k]);
            kept = coefficients[k] == 0 ? kept : k + 1;
        }
        return coefficients(before, precision, Arrays.copyOf(coefficients, kept));
    }

    private static FrqEntry coefficients(FrqEntry before, Precision precision, float... values) {
        return new FrqEntry(before.name(), before.shape(), FrequencyAxes.OWN, precision, values);
    }

    /** Returns the bits of entries in a file, about. */
    private static double bits(List<FrqEntry> entries) {
        double bits = 0;
        for (FrqEntry entry : entries) {
            Precision precision = entry.precision();
            bits +=
                    switch (precision.kind()) {
                        case FLOAT32 -> (double) Float.SIZE * entry.values().length;
                        case FLOAT16 -> (double) Short.SIZE * entry.values().length;
                        case STEPS -> bits(entry.values(), precision.step());
                    };
        }
        return bits;
    }

    private static double bits(float[] values, float step) {
        MultiplesCost cost = new MultiplesCost();
        cost.start();
        double bits = 0;
        for (float value : values) {
            int multiple = Math.round(value / step);
            bits += cost.bits(multiple);
            cost.add(multiple);
        }
        return bits;
    }
}
