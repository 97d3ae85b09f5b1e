package io.github.freqreg;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.Precision;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How finely the coefficients of each tensor are stored, so that a network fits a number of bytes.
 *
 * <p>The coefficients of tensor t are stored as multiples of a step
 *
 * <pre>
 * Δ_t = α / √s_t
 * </pre>
 *
 * <p>where s_t is how much the loss answers to a change of one of them, and α the smallest with
 * which the file has no more than the bytes allowed. Rounding errors have a variance of Δ²/12, so
 * every coefficient of the network then adds as much to the loss: where bits are entropy-coded, no
 * other shares lose less. Sensitivities are mean squared gradients, which {@link
 * io.github.freqreg.training.ByteBudget} takes from the optimiser; without any, s_t = 1 / mean
 * square, so that all tensors have the same relative error.
 *
 * <p>Parameters that are left alone are not trained to be rounded: they are stored as multiples of
 * 1/32 of their root mean square, and running statistics as float16, whole or as their few
 * coefficients, in which a variance near zero stays one. A network that fits with float16 numbers
 * has them and no steps.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
public final class Quantization {

    /** The smallest normal float16; below it relative errors grow. */
    private static final float MIN_HALF = 0x1p-14f;

    private static final double FINEST = 0x1p-60;
    private static final int HALVINGS = 18;
    private static final double FINEST_STEP = 0x1p-100;
    private static final double COARSEST_STEP = 0x1p100;

    private static final float NOT_TRAINED = 1f / 32;

    /** How many tensors a message names. */
    private static final int NAMED = 3;

    /** Of the tensors that are coefficients; 0 where these are float16. */
    private final Map<String, Float> steps;

    private Quantization(Map<String, Float> steps) {
        this.steps = Map.copyOf(steps);
    }

    /**
     * Takes steps as they are.
     *
     * @param steps of the tensors that are coefficients, by the parameter's name; they are rounded
     *     down to four bits; 0 for float16
     * @return the steps
     * @throws IllegalArgumentException if one is negative, not finite or below the smallest normal
     *     number
     */
    public static Quantization of(Map<String, Float> steps) {
        Map<String, Float> rounded = new HashMap<>();
        steps.forEach(
                (name, step) -> rounded.put(name, step == 0 ? 0 : Precision.ofStep(step).step()));
        return new Quantization(rounded);
    }

    /**
     * Returns the steps that a network computes with, see {@link #applyTo}.
     *
     * @param block a network
     * @return the steps; none where it is not wrapped
     */
    public static Quantization appliedTo(Block block) {
        Map<String, Float> steps = new HashMap<>();
        for (SpectralParameter tensor : tensors(block)) {
            steps.put(tensor.getName(), tensor.getStep());
        }
        return new Quantization(steps);
    }

    /**
     * Finds the finest steps with which a network fits a number of bytes, by the size of its
     * coefficients alone.
     *
     * @param block the network, wrapped and initialised
     * @param bytes that a file of it may have, 1 or more
     * @param names whether the file has names and shapes
     * @return the steps
     * @throws IllegalArgumentException if no steps make the file so small
     * @throws IllegalStateException if the network is not initialised
     */
    public static Quantization fit(Block block, long bytes, boolean names) {
        return fit(block, bytes, names, Map.of());
    }

    /**
     * Finds the finest steps with which a network fits a number of bytes.
     *
     * @param block the network, wrapped and initialised
     * @param bytes that a file of it may have, 1 or more
     * @param names whether the file has names and shapes
     * @param sensitivities s_t by the parameter's name: of all tensors that are coefficients, or
     *     none; 0 where it is not known, so that the relative error is the others' mean; others are
     *     not looked at
     * @return the steps
     * @throws IllegalArgumentException if no steps make the file so small, or a sensitivity is
     *     missing
     * @throws IllegalStateException if the network is not initialised
     */
    public static Quantization fit(
            Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        Map<String, Double> units = units(block, sensitivities);
        Quantization unrounded = at(units, 0);
        if (unrounded.bytes(block, names) <= bytes) {
            return unrounded;
        }
        double fine = FINEST;
        double coarse = 1 / FINEST;
        Quantization coarsest = at(units, coarse);
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
            if (at(units, middle).bytes(block, names) <= bytes) {
                coarse = middle;
            } else {
                fine = middle;
            }
        }
        return refined(block, bytes, names, at(units, coarse));
    }

    private static List<SpectralParameter> tensors(Block block) {
        return BlockTree.frequencyBlocks(block).stream()
                .flatMap(each -> each.getSpectralParameters().stream())
                .toList();
    }

    /** The steps at α = 1. */
    private static Map<String, Double> units(Block block, Map<String, Double> sensitivities) {
        Map<String, Double> units = new HashMap<>();
        double logarithms = 0;
        int known = 0;
        for (SpectralParameter tensor : tensors(block)) {
            double size = rootMeanSquare(tensor.toTensor().coefficients());
            // Of zeros alone any step is right.
            units.put(tensor.getName(), size > 0 ? size : 1);
        }
        Map<String, Double> found = new HashMap<>();
        for (Map.Entry<String, Double> each : units.entrySet()) {
            double sensitivity = sensitivity(each.getKey(), sensitivities);
            if (sensitivity > 0) {
                double unit = 1 / Math.sqrt(sensitivity);
                found.put(each.getKey(), unit);
                logarithms += Math.log(unit / each.getValue());
                known++;
            }
        }
        // Where nothing is known, the relative error is the mean of those where it is.
        double relative = known == 0 ? 1 : Math.exp(logarithms / known);
        units.replaceAll((name, size) -> found.getOrDefault(name, size * relative));
        return units;
    }

    private static double sensitivity(String name, Map<String, Double> sensitivities) {
        Double sensitivity = sensitivities.isEmpty() ? Double.valueOf(0) : sensitivities.get(name);
        if (sensitivity == null || !(sensitivity >= 0) || sensitivity.isInfinite()) {
            throw new IllegalArgumentException(
                    "Expected a sensitivity of 0 or more of " + name + " but found " + sensitivity);
        }
        return sensitivity;
    }

    private static double rootMeanSquare(float[] values) {
        double square = 0;
        for (float value : values) {
            square += (double) value * value / values.length;
        }
        return Math.sqrt(square);
    }

    /** The steps at some α, or none at 0. */
    private static Quantization at(Map<String, Double> units, double scale) {
        Map<String, Float> steps = new HashMap<>();
        units.forEach((name, unit) -> steps.put(name, scale == 0 ? 0 : stepOf(scale * unit)));
        return new Quantization(steps);
    }

    private static float stepOf(double step) {
        double bounded = Math.max(FINEST_STEP, Math.min(step, COARSEST_STEP));
        return Precision.ofStep((float) bounded).step();
    }

    /** Spends what is left on tensors one by one, the largest first. */
    private static Quantization refined(
            Block block, long bytes, boolean names, Quantization found) {
        List<SpectralParameter> bySize =
                tensors(block).stream()
                        .sorted(Comparator.comparingInt(tensor -> -tensor.getKept()))
                        .toList();
        Quantization best = found;
        for (SpectralParameter tensor : bySize) {
            Map<String, Float> finer = new HashMap<>(best.steps);
            finer.computeIfPresent(
                    tensor.getName(), (name, step) -> Precision.ofStep(step).finer().step());
            Quantization next = new Quantization(finer);
            if (next.bytes(block, names) <= bytes) {
                best = next;
            }
        }
        return best;
    }

    /**
     * Measures a file of a network with these steps.
     *
     * @param block the network, wrapped and initialised
     * @param names whether the file has names and shapes
     * @return its bytes
     * @throws IllegalStateException if the network is not initialised
     */
    public long bytes(Block block, boolean names) {
        FrqDocument document = FrequencyFile.toDocument(block, this);
        return (names ? document : document.withoutNames()).encode().length;
    }

    /** Names the tensors that take most of a file, for a message. */
    private String largest(Block block) {
        FrqDocument document = FrequencyFile.toDocument(block, this);
        long[] sizes;
        try {
            sizes = FrqDocument.tensorBytes(document.encode());
        } catch (MalformedModelException e) {
            throw new IllegalStateException("A file was written that cannot be read", e);
        }
        List<FrqTensor> tensors = document.tensors();
        return IntStream.range(0, sizes.length)
                .boxed()
                .sorted(Comparator.comparingLong(i -> -sizes[i]))
                .limit(NAMED)
                .map(
                        i ->
                                tensors.get(i).name()
                                        + " with "
                                        + tensors.get(i).values().length
                                        + (tensors.get(i).spectral()
                                                ? " coefficients"
                                                : " numbers left alone"))
                .collect(Collectors.joining("; ", "The largest of its tensors: ", ""));
    }

    /** How the numbers of a parameter are stored. */
    Precision of(String name, Parameter parameter, float[] values) {
        float step = steps.getOrDefault(name, 0f);
        float most = FrequencyFile.maxOf(values);
        boolean leftAlone = !steps.containsKey(name) && !RunningStatistic.isOne(parameter);
        if (leftAlone && isRounded() && most > 0) {
            step = stepOf(NOT_TRAINED * rootMeanSquare(values));
        }
        if (step > 0 && Precision.ofStep(step).holds(most)) {
            return Precision.ofStep(step);
        }
        for (float value : values) {
            float size = Math.abs(value);
            boolean tiny = RunningStatistic.isOne(parameter) && size < MIN_HALF && size > 0;
            if (size > FrequencyFile.MAX_HALF || tiny) {
                return Precision.FLOAT32;
            }
        }
        return Precision.FLOAT16;
    }

    private boolean isRounded() {
        return steps.values().stream().anyMatch(step -> step > 0);
    }

    /**
     * Lets a network compute with coefficients as they will be stored, in training and at
     * inference. In training, gradients pass to the coefficients as if they were not rounded.
     *
     * @param block the network, wrapped by {@link FrequencyRegularization}
     * @throws IllegalArgumentException if it is not the one that the steps were found for
     */
    public void applyTo(Block block) {
        tensors(block).forEach(tensor -> tensor.setStep(getStep(tensor.getName())));
    }

    /**
     * Returns the step of a tensor.
     *
     * @param name the parameter's name
     * @return its step, of which the coefficients that are stored are multiples; 0 if they are
     *     float16
     * @throws IllegalArgumentException if there is no such tensor
     */
    public float getStep(String name) {
        Float step = steps.get(name);
        if (step == null) {
            throw new IllegalArgumentException(
                    "Expected the name of a tensor with coefficients but found " + name);
        }
        return step;
    }

    /**
     * Returns all steps.
     *
     * @return the step of each tensor that is coefficients, by name; 0 where these are float16
     */
    public Map<String, Float> getSteps() {
        return steps;
    }
}
