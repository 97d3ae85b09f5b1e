package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.TooFewBytesException;
import io.github.freqreg.format.Precision;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * Searches the steps of a {@link Quantization}: first the smallest α for all tensors by bisection,
 * then a smaller α for those tensors whose next finer step still fits.
 */
final class StepSearch {

    /** The bounds of α. */
    private static final double FINEST = 0x1p-60;

    private static final double COARSEST = 1 / FINEST;
    private static final int HALVINGS = 18;

    /** The finest step relative to the root mean square; its error is near that of float16. */
    private static final double FLOOR = 0x1p-12;

    /** How many levels coarser steps become on average before all are fitted anew. */
    private static final int LEVELS = 2;

    private final Block block;
    private final long bytes;
    private final FileSize sizes;
    private ToLongFunction<Quantization> size;

    /** The coefficients of each tensor that gets a step. */
    private final Map<String, float[]> tensors;

    /** Scales and shifts that the file stores folded, and with steps of its own. */
    private final Set<String> folded;

    /** The step of each tensor at α = 1. */
    private final Map<String, Double> units = new HashMap<>();

    /** Whether the relations of the steps come from sensitivities. */
    private final boolean known;

    /** The finest step of each tensor. */
    private final Map<String, Double> floors = new HashMap<>();

    /**
     * Prepares a search.
     *
     * @param block the network, wrapped and initialised
     * @param bytes the largest size of the file
     * @param names whether the file contains names and shapes
     * @param sensitivities of all wrapped tensors by name, or an empty map
     */
    StepSearch(Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        this.block = block;
        this.bytes = bytes;
        NetworkContent network = NetworkContent.of(block);
        sizes = new FileSize(network, names);
        size = sizes::coded;
        tensors = network.coefficients();
        folded = FoldedNormalization.scalesAndShifts(network.tensors());
        tensors.keySet().removeAll(folded);
        tensors.forEach(
                (name, values) -> {
                    double size = Quantization.rootMeanSquare(values);
                    // If all coefficients are 0, any step will do.
                    units.put(name, size > 0 ? size : 1);
                });
        units.forEach((name, size) -> floors.put(name, FLOOR * size));
        units.putAll(StepUnits.of(units, sensitivities));
        known = !sensitivities.isEmpty();
    }

    /**
     * Runs the search.
     *
     * @return the quantisation; all steps are 0 if the network fits with float16 numbers
     * @throws IllegalArgumentException if no steps make the file so small
     */
    Quantization find() {
        Quantization unrounded = unrounded();
        if (FileSize.mayFitUnrounded(coefficients(), bytes) && sizes.coded(unrounded) <= bytes) {
            return unrounded;
        }
        Quantization coarsest = at(COARSEST);
        long least = sizes.coded(coarsest);
        if (least > bytes) {
            throw TooFewBytesException.ofFile(
                    least,
                    bytes,
                    ": keep fewer coefficients, or wrap also the parameters that are left alone, by"
                            + " a policy with optBudgetBytes. "
                            + coarsest.largest(block));
        }
        if (!SizeEstimate.isNeeded(coefficients())) {
            return search();
        }
        SizeEstimate estimate = new SizeEstimate(least);
        size = steps -> estimate.bytes(sizes.bits(steps));
        return estimate.search(bytes, coarsest, this::search, sizes::bits, sizes::coded);
    }

    private long coefficients() {
        return tensors.values().stream().mapToLong(values -> values.length).sum();
    }

    /** Searches by the sizes of {@link #size}. */
    private Quantization search() {
        double fine = FINEST;
        double coarse = COARSEST;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = Math.sqrt(fine * coarse);
            if (fits(at(middle))) {
                coarse = middle;
            } else {
                fine = middle;
            }
        }
        return refined(spent(at(coarse), at(fine), coarse));
    }

    private Quantization unrounded() {
        Map<String, Float> none = new HashMap<>();
        units.keySet().forEach(name -> none.put(name, 0f));
        return quantization(none);
    }

    private Quantization quantization(Map<String, Float> steps) {
        folded.forEach(name -> steps.put(name, 0f));
        return new Quantization(steps);
    }

    private boolean fits(Quantization steps) {
        return size.applyAsLong(steps) <= bytes;
    }

    private Quantization at(double scale) {
        Map<String, Float> steps = new HashMap<>();
        units.forEach(
                (name, unit) -> {
                    double step = Math.max(scale * unit, of(floors, name));
                    steps.put(name, Quantization.stepOf(step));
                });
        return quantization(steps);
    }

    /**
     * Spends the bytes that are left because the next α does not fit: fixes the tensors whose next
     * finer step costs too much, and continues with the others.
     *
     * @param found the quantisation so far
     * @param tooFine the next finer one, which does not fit
     * @param scale α of the quantisation so far
     */
    private Quantization spent(Quantization found, Quantization tooFine, double scale) {
        Quantization best = found;
        Quantization next = tooFine;
        double coarse = scale;
        long used = size.applyAsLong(best);
        Set<String> free = new TreeSet<>(units.keySet());
        while (used < SizeEstimate.ENOUGH * bytes) {
            Quantization finer = next;
            Quantization steps = best;
            free.removeIf(name -> finer.getStep(name) < steps.getStep(name));
            double fine = FINEST;
            next = finer(best, free, fine);
            if (fits(next)) {
                // All remaining tensors have their finest step.
                return next;
            }
            for (int i = 0; i < HALVINGS && used < SizeEstimate.ENOUGH * bytes; i++) {
                double middle = Math.sqrt(fine * coarse);
                Quantization trial = finer(best, free, middle);
                long its = size.applyAsLong(trial);
                if (its <= bytes) {
                    coarse = middle;
                    best = trial;
                    used = its;
                } else {
                    fine = middle;
                    next = trial;
                }
            }
        }
        return best;
    }

    /** Returns steps in which some tensors have those of a smaller α, within their floors. */
    private Quantization finer(Quantization steps, Set<String> free, double scale) {
        Map<String, Float> finer = new HashMap<>(steps.getSteps());
        for (String name : free) {
            double step = Math.max(scale * of(units, name), of(floors, name));
            finer.merge(name, Quantization.stepOf(step), Math::min);
        }
        return new Quantization(finer);
    }

    /**
     * Gives single tensors the next finer step, the largest first, until the bytes are used. If
     * almost none are left, each tensor is tried once.
     */
    private Quantization refined(Quantization found) {
        List<String> bySize =
                tensors.entrySet().stream()
                        .sorted(Comparator.comparingInt(tensor -> -tensor.getValue().length))
                        .map(Map.Entry::getKey)
                        .toList();
        Quantization best = found;
        boolean again = true;
        while (again) {
            again = false;
            for (String name : bySize) {
                Quantization next = finer(best, name);
                long used = size.applyAsLong(next);
                if (used <= bytes && !isAtFloor(best, name)) {
                    best = next;
                    again |= used < SizeEstimate.ENOUGH * bytes;
                }
            }
        }
        return best;
    }

    /**
     * Makes given steps coarser, one by one, until the file fits: each time the one that is finest
     * relative to its step at α = 1, or, without sensitivities, to what it was.
     *
     * @return the steps, or nothing if {@link #LEVELS} for each tensor are not enough
     */
    Optional<Quantization> coarsened(Quantization given) {
        List<String> order = new ArrayList<>();
        Map<String, Float> steps = new HashMap<>(given.getSteps());
        PriorityQueue<String> finest =
                new PriorityQueue<>(
                        Comparator.comparingDouble(
                                        (String name) ->
                                                Objects.requireNonNull(steps.get(name))
                                                        / (known
                                                                ? of(units, name)
                                                                : given.getStep(name)))
                                .thenComparing(name -> name));
        units.keySet().stream().filter(name -> given.getStep(name) > 0).forEach(finest::add);
        int most = LEVELS * finest.size();
        for (int i = 0; i < most; i++) {
            String name = finest.remove();
            coarsen(steps, name);
            finest.add(name);
            order.add(name);
        }
        int least = 1;
        int enough = most + 1;
        while (least < enough) {
            int middle = (least + enough) / 2;
            if (sizes.coded(coarser(given, order.subList(0, middle))) <= bytes) {
                enough = middle;
            } else {
                least = middle + 1;
            }
        }
        return least <= most
                ? Optional.of(coarser(given, order.subList(0, least)))
                : Optional.empty();
    }

    private static Quantization coarser(Quantization given, List<String> names) {
        Map<String, Float> steps = new HashMap<>(given.getSteps());
        names.forEach(name -> coarsen(steps, name));
        return new Quantization(steps);
    }

    private static void coarsen(Map<String, Float> steps, String name) {
        steps.computeIfPresent(name, (n, step) -> Precision.ofStep(step).coarser().step());
    }

    private static double of(Map<String, Double> steps, String name) {
        return Objects.requireNonNull(steps.get(name));
    }

    private boolean isAtFloor(Quantization steps, String name) {
        return steps.getStep(name) <= of(floors, name);
    }

    private static Quantization finer(Quantization steps, String name) {
        Map<String, Float> finer = new HashMap<>(steps.getSteps());
        finer.computeIfPresent(name, (n, step) -> Precision.ofStep(step).finer().step());
        return new Quantization(finer);
    }

    /**
     * Explains why a quantisation does not use all bytes.
     *
     * @param found the result of {@link #find}
     * @return a sentence, or nothing if less than a hundredth of the bytes is left
     */
    Optional<String> whyNotAll(Quantization found) {
        long used = sizes.coded(found);
        if (used >= SizeEstimate.ENOUGH * bytes) {
            return Optional.empty();
        }
        String start = "A file with the steps found has " + used + " of " + bytes + " bytes: ";
        if (SizeEstimate.isNeeded(coefficients())) {
            // To try finer steps for each tensor, the network would have to be coded as often.
            return Optional.of(start + "in large networks the search estimates sizes");
        }
        for (String name : tensors.keySet()) {
            long its = sizes.coded(finer(found, name));
            if (its > bytes && !isAtFloor(found, name)) {
                return Optional.of(
                        start + "with the next finer step of " + name + " it would have " + its);
            }
        }
        return Optional.of(
                start
                        + "steps finer than 1/4096 of a tensor's root mean square would hardly change"
                        + " the result, and with float16 numbers it would have "
                        + sizes.coded(unrounded()));
    }
}
