package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import io.github.freqreg.format.Precision;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the steps of a {@link Quantization} for a number of bytes: the smallest α of all tensors by
 * bisection, then of those alone whose next finer step still fits.
 */
final class StepSearch {

    /** The bounds of α. */
    private static final double FINEST = 0x1p-60;

    private static final double COARSEST = 1 / FINEST;
    private static final int HALVINGS = 18;

    /** The share of the bytes with which a search is over. */
    private static final double ENOUGH = 0.99;

    /**
     * Of the root mean square; the error is then near that of float16, and finer steps say nothing.
     */
    private static final double FLOOR = 0x1p-12;

    private final Block block;
    private final long bytes;
    private final boolean names;
    private final Map<String, SpectralParameter> tensors;

    /** Of each tensor the step at α = 1, and the finest. */
    private final Map<String, Double> units = new HashMap<>();

    private final Map<String, Double> floors = new HashMap<>();

    /**
     * Prepares a search.
     *
     * @param block the network, wrapped and initialised
     * @param bytes that a file of it may have
     * @param names whether the file has names and shapes
     * @param sensitivities of each tensor by its name, or none
     */
    StepSearch(Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        this.block = block;
        this.bytes = bytes;
        this.names = names;
        FrequencyFile.checkInitialized(block);
        tensors = NetworkTensors.spectral(block);
        tensors.forEach(
                (name, tensor) -> {
                    double size = Quantization.rootMeanSquare(tensor.toTensor().coefficients());
                    // Of zeros alone any step is right.
                    units.put(name, size > 0 ? size : 1);
                });
        units.forEach((name, size) -> floors.put(name, FLOOR * size));
        weigh(sensitivities);
    }

    private void weigh(Map<String, Double> sensitivities) {
        double logarithms = 0;
        Map<String, Double> found = new HashMap<>();
        for (Map.Entry<String, Double> each : units.entrySet()) {
            double sensitivity = sensitivity(each.getKey(), sensitivities);
            if (sensitivity > 0) {
                double unit = 1 / Math.sqrt(sensitivity);
                found.put(each.getKey(), unit);
                logarithms += Math.log(unit / each.getValue());
            }
        }
        // Where nothing is known, the relative error is the mean of those where it is.
        double relative = found.isEmpty() ? 1 : Math.exp(logarithms / found.size());
        units.replaceAll((name, size) -> found.getOrDefault(name, size * relative));
    }

    private static double sensitivity(String name, Map<String, Double> sensitivities) {
        Double sensitivity = sensitivities.isEmpty() ? Double.valueOf(0) : sensitivities.get(name);
        if (sensitivity == null || !(sensitivity >= 0) || sensitivity.isInfinite()) {
            throw new IllegalArgumentException(
                    "Expected a sensitivity of 0 or more of " + name + " but found " + sensitivity);
        }
        return sensitivity;
    }

    /**
     * Finds the steps.
     *
     * @return the steps; all 0 if the network fits with float16 numbers
     * @throws IllegalArgumentException if no steps make the file so small
     */
    Quantization find() {
        Quantization unrounded = unrounded();
        if (fits(unrounded)) {
            return unrounded;
        }
        double fine = FINEST;
        double coarse = COARSEST;
        Quantization coarsest = at(coarse);
        long least = coarsest.bytes(block, names);
        if (least > bytes) {
            throw new IllegalArgumentException(
                    "A file of this network has at least "
                            + least
                            + " bytes, but only "
                            + bytes
                            + " are allowed: keep fewer coefficients, or compress the parameters"
                            + " that are left alone, by a policy with optBudgetBytes. "
                            + coarsest.largest(block));
        }
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
        return new Quantization(none);
    }

    private boolean fits(Quantization steps) {
        return steps.bytes(block, names) <= bytes;
    }

    private Quantization at(double scale) {
        Map<String, Float> steps = new HashMap<>();
        units.forEach((name, unit) -> steps.put(name, Quantization.stepOf(scale * unit)));
        return new Quantization(steps);
    }

    /**
     * Goes on where a step of four bits takes more bytes than are left: the tensors whose next
     * finer step does stay, and α of the others goes down.
     *
     * @param found the steps so far
     * @param tooFine the next finer ones, which do not fit
     * @param scale α of the steps so far
     */
    private Quantization spent(Quantization found, Quantization tooFine, double scale) {
        Quantization best = found;
        Quantization next = tooFine;
        double coarse = scale;
        long size = best.bytes(block, names);
        Set<String> free = new TreeSet<>(units.keySet());
        while (size < ENOUGH * bytes) {
            Map<String, Float> finer = next.getSteps();
            Map<String, Float> steps = best.getSteps();
            free.removeIf(name -> finer.get(name) < steps.get(name));
            double fine = FINEST;
            next = finer(best, free, fine);
            if (fits(next)) {
                // All that is free is at its floor.
                return next;
            }
            for (int i = 0; i < HALVINGS && size < ENOUGH * bytes; i++) {
                double middle = Math.sqrt(fine * coarse);
                Quantization trial = finer(best, free, middle);
                long its = trial.bytes(block, names);
                if (its <= bytes) {
                    coarse = middle;
                    best = trial;
                    size = its;
                } else {
                    fine = middle;
                    next = trial;
                }
            }
        }
        return best;
    }

    /** Steps of which some are those of a smaller α, but not below their floors. */
    private Quantization finer(Quantization steps, Set<String> free, double scale) {
        Map<String, Float> finer = new HashMap<>(steps.getSteps());
        for (String name : free) {
            double step = Math.max(scale * units.get(name), floors.get(name));
            finer.merge(name, Quantization.stepOf(step), Math::min);
        }
        return new Quantization(finer);
    }

    /**
     * Spends what is left on tensors one by one, the largest first, once if it is next to nothing.
     */
    private Quantization refined(Quantization found) {
        List<String> bySize =
                tensors.keySet().stream()
                        .sorted(Comparator.comparingInt(name -> -tensors.get(name).getKept()))
                        .toList();
        Quantization best = found;
        boolean again = true;
        while (again) {
            again = false;
            for (String name : bySize) {
                Quantization next = finer(best, name);
                long size = next.bytes(block, names);
                if (size <= bytes && !isAtFloor(best, name)) {
                    best = next;
                    again |= size < ENOUGH * bytes;
                }
            }
        }
        return best;
    }

    private boolean isAtFloor(Quantization steps, String name) {
        return steps.getStep(name) <= floors.get(name);
    }

    private static Quantization finer(Quantization steps, String name) {
        Map<String, Float> finer = new HashMap<>(steps.getSteps());
        finer.computeIfPresent(name, (n, step) -> Precision.ofStep(step).finer().step());
        return new Quantization(finer);
    }

    /**
     * Says why steps leave bytes that a file might have.
     *
     * @param found the steps of {@link #find}
     * @return a sentence, or nothing if less than a hundredth of the bytes is left
     */
    Optional<String> whyNotAll(Quantization found) {
        long size = found.bytes(block, names);
        if (size >= ENOUGH * bytes) {
            return Optional.empty();
        }
        String start = "A file with the steps found has " + size + " of " + bytes + " bytes: ";
        for (String name : tensors.keySet()) {
            long its = finer(found, name).bytes(block, names);
            if (its > bytes && !isAtFloor(found, name)) {
                return Optional.of(
                        start + "with the next finer step of " + name + " it would have " + its);
            }
        }
        return Optional.of(
                start
                        + "finer steps than 1/4096 of a tensor's root mean square would change next"
                        + " to nothing, and with float16 numbers it would have "
                        + unrounded().bytes(block, names));
    }
}
