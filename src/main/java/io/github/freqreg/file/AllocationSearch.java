package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.TooFewBytesException;
import io.github.freqreg.file.RateDistortion.Rounded;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToLongFunction;

/** Searches the best {@link Allocation} by bisection on the size of the file. */
final class AllocationSearch {

    /** λ / (s_t Δ_t²) at high rates, where the derivative of Δ²/12 by the bits is Δ² · ln 2 / 6. */
    private static final double PRICE = Math.log(2) / 6;

    /** The bounds of Δ√s. */
    private static final double FINEST = 0x1p-60;

    private static final double COARSEST = 1 / FINEST;
    private static final int HALVINGS = 18;
    private static final int HALVINGS_OF_PRICE = 8;

    /** The search ends when this share of the bytes is used. */
    private static final double ENOUGH = 0.999;

    private final Block block;
    private final long bytes;
    private final FileSize sizes;
    private final Map<String, float[]> tensors;

    /** Scales and shifts that the file stores folded, and with steps of its own. */
    private final Map<String, float[]> unrounded = new LinkedHashMap<>();

    private final RateDistortion rounding;
    private ToLongFunction<Trial> size = trial -> coded(allocation(trial));

    /** Δ√s of all tensors and the price of a bit. */
    private record Trial(double scale, double price) {}

    /**
     * Prepares a search.
     *
     * @param block the network, wrapped and initialised
     * @param bytes the largest size of the file
     * @param names whether the file contains names and shapes
     * @param sensitivities of all wrapped tensors by name, or an empty map
     */
    AllocationSearch(Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        this.block = block;
        this.bytes = bytes;
        NetworkContent network = NetworkContent.of(block);
        sizes = new FileSize(network, names);
        tensors = network.coefficients();
        Set<String> repeated = RepeatedCounts.in(tensors);
        Set<String> folded = FoldedNormalization.scalesAndShifts(network.tensors());
        folded.forEach(name -> unrounded.put(name, Objects.requireNonNull(tensors.remove(name))));
        Map<String, Double> defaults = new HashMap<>();
        tensors.forEach((name, values) -> defaults.put(name, defaultUnit(values)));
        rounding = new RateDistortion(tensors, StepUnits.of(defaults, sensitivities), repeated);
    }

    /** Returns 1/√s of a tensor of which nothing else is known. */
    private static double defaultUnit(float[] values) {
        double rms = Quantization.rootMeanSquare(values);
        // If all coefficients are 0, any step will do.
        return rms > 0 ? rms * Math.sqrt(values.length) : 1;
    }

    /**
     * Runs the search.
     *
     * @return the allocation; all steps are 0 if the network fits with float16 numbers
     * @throws IllegalArgumentException if no steps make the file so small
     */
    Allocation find() {
        long numbers = tensors.values().stream().mapToLong(values -> values.length).sum();
        Map<String, Float> none = new HashMap<>();
        tensors.keySet().forEach(name -> none.put(name, 0f));
        Allocation whole = allocation(new Rounded(none, tensors));
        if (FileSize.mayFitUnrounded(numbers, bytes) && coded(whole) <= bytes) {
            return whole;
        }
        Trial smallest = new Trial(COARSEST, PRICE);
        Allocation coarsest = allocation(smallest);
        long least = coded(coarsest);
        if (least > bytes) {
            throw TooFewBytesException.ofFile(
                    least, bytes, ". " + coarsest.getQuantization().largest(block));
        }
        if (!SizeEstimate.isNeeded(numbers)) {
            return allocation(search());
        }
        SizeEstimate estimate = new SizeEstimate(least);
        size = trial -> estimate.bytes(bits(trial));
        return allocation(
                estimate.search(
                        bytes,
                        smallest,
                        this::search,
                        this::bits,
                        trial -> coded(allocation(trial))));
    }

    /** Finds the finest steps that fit by {@link #size}, given that the coarsest do. */
    private Trial search() {
        double fine = FINEST;
        Trial best = new Trial(COARSEST, PRICE);
        long used = 0;
        for (int i = 0; i < HALVINGS && used < ENOUGH * bytes; i++) {
            Trial trial = new Trial(Math.sqrt(fine * best.scale), PRICE);
            long its = size.applyAsLong(trial);
            if (its > bytes) {
                fine = trial.scale;
            } else {
                best = trial;
                used = its;
            }
        }
        return used < ENOUGH * bytes ? cheaper(best) : best;
    }

    /**
     * Spends the bytes that are left because steps have four bits: lowers the price of a bit, while
     * the steps stay.
     */
    private Trial cheaper(Trial found) {
        Trial best = found;
        double low = 0;
        for (int i = 0; i < HALVINGS_OF_PRICE; i++) {
            Trial trial = new Trial(found.scale, (low + best.price) / 2);
            if (size.applyAsLong(trial) > bytes) {
                low = trial.price;
            } else {
                best = trial;
            }
        }
        return best;
    }

    private Allocation allocation(Trial trial) {
        return allocation(rounding.round(trial.scale, trial.price));
    }

    private Allocation allocation(Rounded rounded) {
        Map<String, Float> steps = new HashMap<>(rounded.steps());
        unrounded.keySet().forEach(name -> steps.put(name, 0f));
        Map<String, float[]> values = new LinkedHashMap<>(rounded.values());
        values.putAll(unrounded);
        return new Allocation(new Quantization(steps), values);
    }

    private double bits(Trial trial) {
        return rounding.bits(trial.scale, trial.price);
    }

    private long coded(Allocation allocation) {
        return sizes.coded(allocation.writer());
    }
}
