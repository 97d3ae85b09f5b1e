package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.RateDistortion.Rounded;
import io.github.freqreg.format.FrqDocument;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

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
    private final boolean names;
    private final Map<String, float[]> tensors = new LinkedHashMap<>();

    /** Scales and shifts that the file stores folded, and with steps of its own. */
    private final Map<String, float[]> unrounded = new LinkedHashMap<>();

    private final RateDistortion rounding;

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
        this.names = names;
        NetworkWriter.checkInitialized(block);
        Set<String> folded = FoldedNormalization.scalesAndShifts(block);
        NetworkTensors.spectral(block)
                .forEach(
                        (name, tensor) ->
                                (folded.contains(name) ? unrounded : tensors)
                                        .put(name, tensor.toTensor().coefficients()));
        Map<String, Double> defaults = new HashMap<>();
        tensors.forEach((name, values) -> defaults.put(name, defaultUnit(values)));
        rounding = new RateDistortion(tensors, StepUnits.of(defaults, sensitivities));
    }

    /** Returns 1/√s of a tensor of which nothing else is known. */
    private static double defaultUnit(float[] values) {
        double size = Quantization.rootMeanSquare(values);
        // If all coefficients are 0, any step will do.
        return size > 0 ? size * Math.sqrt(values.length) : 1;
    }

    /**
     * Runs the search.
     *
     * @return the allocation; all steps are 0 if the network fits with float16 numbers
     * @throws IllegalArgumentException if no steps make the file so small
     */
    Allocation find() {
        Map<String, Float> none = new HashMap<>();
        tensors.keySet().forEach(name -> none.put(name, 0f));
        Allocation whole = allocation(new Rounded(none, tensors));
        if (size(whole) <= bytes) {
            return whole;
        }
        Allocation coarsest = allocation(rounding.round(COARSEST, PRICE));
        long least = size(coarsest);
        if (least > bytes) {
            throw new IllegalArgumentException(
                    "A file of this network has at least "
                            + least
                            + " bytes, but only "
                            + bytes
                            + " are allowed. "
                            + coarsest.getQuantization().largest(block));
        }
        return finest(coarsest);
    }

    /** Finds the finest steps that fit, given those that fit in any case. */
    private Allocation finest(Allocation coarsest) {
        double fine = FINEST;
        double coarse = COARSEST;
        Allocation best = coarsest;
        long size = 0;
        for (int i = 0; i < HALVINGS && size < ENOUGH * bytes; i++) {
            double middle = Math.sqrt(fine * coarse);
            Allocation trial = allocation(rounding.round(middle, PRICE));
            long its = size(trial);
            if (its > bytes) {
                fine = middle;
            } else {
                coarse = middle;
                best = trial;
                size = its;
            }
        }
        return size < ENOUGH * bytes ? cheaper(best, coarse) : best;
    }

    /**
     * Spends the bytes that are left because steps have four bits: lowers the price of a bit, while
     * the steps stay.
     */
    private Allocation cheaper(Allocation found, double scale) {
        Allocation best = found;
        double low = 0;
        double high = PRICE;
        for (int i = 0; i < HALVINGS_OF_PRICE; i++) {
            double middle = (low + high) / 2;
            Allocation trial = allocation(rounding.round(scale, middle));
            if (size(trial) > bytes) {
                low = middle;
            } else {
                high = middle;
                best = trial;
            }
        }
        return best;
    }

    private Allocation allocation(Rounded rounded) {
        Map<String, Float> steps = new HashMap<>(rounded.steps());
        unrounded.keySet().forEach(name -> steps.put(name, 0f));
        Map<String, float[]> values = new LinkedHashMap<>(rounded.values());
        values.putAll(unrounded);
        return new Allocation(new Quantization(steps), values);
    }

    private long size(Allocation allocation) {
        FrqDocument document = allocation.document(block);
        return (names ? document : document.withoutNames()).encode().length;
    }
}
