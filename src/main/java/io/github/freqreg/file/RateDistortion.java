package io.github.freqreg.file;

import io.github.freqreg.format.MultiplesCost;
import io.github.freqreg.format.Precision;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Rounds the coefficients of a network so that error and bits together are least.
 *
 * <p>With the step Δ and the sensitivity s of its tensor, a coefficient c becomes the multiple qΔ
 * with the least
 *
 * <pre>
 * s · (c - qΔ)² + λ · bits(q)
 * </pre>
 *
 * <p>where the bits are those of the file's coder after the multiples before it. Only the two
 * multiples around c and 0 are tried. The tail is cut where leaving it out is cheaper than storing
 * it, by more than the bits of a count of its own.
 */
final class RateDistortion {

    /** The finest step relative to the root mean square; its error is near that of float16. */
    private static final double FLOOR = 0x1p-12;

    private final Map<String, float[]> tensors;
    private final Map<String, Double> units;
    private final Set<String> repeated;
    private final Map<String, Limits> limits = new HashMap<>();

    /** The finest step of a tensor, and its largest magnitude, which a step must hold. */
    private record Limits(double finest, float largest) {}

    /**
     * Prepares the rounding of a network.
     *
     * @param tensors the coefficients by name, in the network's order
     * @param units 1/√s of each tensor
     * @param repeated the tensors whose count the file repeats, see {@link RepeatedCounts}
     */
    RateDistortion(Map<String, float[]> tensors, Map<String, Double> units, Set<String> repeated) {
        this.tensors = tensors;
        this.repeated = repeated;
        this.units = units;
        tensors.forEach(
                (name, values) ->
                        limits.put(
                                name,
                                new Limits(
                                        FLOOR * Quantization.rootMeanSquare(values),
                                        Float16Range.largest(values))));
    }

    /**
     * Rounds all tensors.
     *
     * @param scale Δ√s of all tensors, before steps are rounded to four bits
     * @param price λ in units of {@code scale²}
     * @return the rounded coefficients
     */
    Rounded round(double scale, double price) {
        Rounded rounded = new Rounded(new LinkedHashMap<>(), new LinkedHashMap<>());
        MultiplesCost cost = new MultiplesCost();
        tensors.forEach(
                (name, values) -> {
                    Precision precision = precision(name, scale);
                    double own = price(name, scale, price, precision);
                    float step = precision.step();
                    float[] all = new float[values.length];
                    List<Stretch> whole = List.of(new Stretch(0, values.length, 1));
                    Cut cut =
                            round(
                                    values,
                                    whole,
                                    step,
                                    own,
                                    bitsOfCount(name),
                                    cost,
                                    (i, value) -> all[i] = value);
                    rounded.steps.put(name, step);
                    rounded.values.put(name, Arrays.copyOf(all, kept(values, cut)));
                });
        return rounded;
    }

    /** Zeros of a tensor that no step of training has changed are not cut: they will be needed. */
    private static int kept(float[] values, Cut cut) {
        for (float value : values) {
            if (value != 0) {
                return cut.kept;
            }
        }
        return values.length;
    }

    /**
     * Returns the bits of all tensors once they are rounded, about.
     *
     * @param scale as in {@link #round}
     * @param price as in {@link #round}
     */
    double bits(double scale, double price) {
        MultiplesCost cost = new MultiplesCost();
        double bits = 0;
        for (Map.Entry<String, float[]> each : tensors.entrySet()) {
            Precision precision = precision(each.getKey(), scale);
            double own = price(each.getKey(), scale, price, precision);
            float[] values = each.getValue();
            List<Stretch> some = Stretch.of(values.length);
            bits +=
                    round(
                                    values,
                                    some,
                                    precision.step(),
                                    own,
                                    bitsOfCount(each.getKey()),
                                    cost,
                                    (i, value) -> {})
                            .bits;
        }
        return bits;
    }

    private int bitsOfCount(String name) {
        return repeated.contains(name) ? RepeatedCounts.BITS : 0;
    }

    /** Returns the step of a tensor. */
    private Precision precision(String name, double scale) {
        Limits its = Objects.requireNonNull(limits.get(name));
        double wanted = Math.max(scale * unit(name), its.finest);
        return Precision.ofStep(Quantization.stepOf(wanted)).holding(its.largest);
    }

    /** Returns the price of a bit in units of the squared step of a tensor. */
    private double price(String name, double scale, double price, Precision precision) {
        return price * square(scale * unit(name) / precision.step());
    }

    private double unit(String name) {
        return Objects.requireNonNull(units.get(name));
    }

    /**
     * Rounds stretches of a tensor.
     *
     * @param price of a bit in units of the squared step
     * @param bitsOfCount what a cut must save
     * @param result takes the rounded values
     */
    private static Cut round(
            float[] values,
            List<Stretch> stretches,
            float step,
            double price,
            int bitsOfCount,
            MultiplesCost cost,
            Result result) {
        double gain = 0;
        double best = Double.NEGATIVE_INFINITY;
        double bits = 0;
        Cut cut = new Cut(1, 0);
        for (Stretch stretch : stretches) {
            cost.start();
            for (int i = stretch.from(); i < stretch.to(); i++) {
                float scaled = Math.abs(values[i]) / step;
                int low = (int) scaled;
                int chosen = 0;
                double least = Double.MAX_VALUE;
                for (int multiple = low; multiple <= low + 1; multiple++) {
                    double total = square(scaled - multiple) + price * cost.bits(multiple);
                    if (total < least) {
                        least = total;
                        chosen = multiple;
                    }
                }
                if (low > 0 && square(scaled) + price * cost.bits(0) < least) {
                    least = square(scaled) + price * cost.bits(0);
                    chosen = 0;
                }
                bits += stretch.weight() * cost.bits(chosen);
                cost.add(chosen);
                result.set(i, values[i] < 0 ? -chosen * step : chosen * step);
                // What storing the values so far gains over leaving them out.
                gain += stretch.weight() * (square(scaled) - least);
                if (gain > best) {
                    best = gain;
                    cut = new Cut(i + 1, bits);
                }
            }
        }
        return best - gain > price * bitsOfCount ? cut : new Cut(values.length, bits);
    }

    /** Where the tail of a tensor is cut, and the bits before. */
    private record Cut(int kept, double bits) {}

    /** Takes rounded values. */
    @FunctionalInterface
    private interface Result {

        /** Takes the value at a position. */
        void set(int position, float value);
    }

    private static double square(double value) {
        return value * value;
    }

    /**
     * The rounded coefficients of a network.
     *
     * @param steps of the tensors by name
     * @param values the kept multiples of the steps by name
     */
    record Rounded(Map<String, Float> steps, Map<String, float[]> values) {}
}
