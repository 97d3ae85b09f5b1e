package io.github.freqreg;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * other shares lose less. A step has four bits, so the next finer one of a large tensor may take
 * many bytes at once; where these are not left, the tensor stays, and α of the others goes on down,
 * to steps of 1/4096 of a tensor's root mean square. What then is still left is told in the log.
 *
 * <p>Sensitivities are mean squared gradients, which {@link io.github.freqreg.training.ByteBudget}
 * takes from the optimiser; without any, s_t = 1 / mean square, so that all tensors have the same
 * relative error.
 *
 * <p>Parameters that are left alone are not trained to be rounded: they are stored as multiples of
 * 1/32 of their root mean square, and running statistics as float16, whole or as their few
 * coefficients, in which a variance near zero stays one. A network that fits with float16 numbers
 * has them and no steps.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
public final class Quantization {

    private static final Logger logger = LoggerFactory.getLogger(Quantization.class);

    private static final double FINEST_STEP = 0x1p-100;
    private static final double COARSEST_STEP = 0x1p100;

    private static final float NOT_TRAINED = 1f / 32;

    /** How many tensors a message names. */
    private static final int NAMED = 3;

    /** Of the tensors that are coefficients; 0 where these are float16. */
    private final Map<String, Float> steps;

    /** Takes steps that are rounded to four bits already. */
    Quantization(Map<String, Float> steps) {
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
        BlockTree.spectralByName(block)
                .forEach((name, tensor) -> steps.put(name, tensor.getStep()));
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
        StepSearch search = new StepSearch(block, bytes, names, sensitivities);
        Quantization found = search.find();
        if (found.isRounded() && logger.isInfoEnabled()) {
            search.whyNotAll(found).ifPresent(logger::info);
        }
        return found;
    }

    static double rootMeanSquare(float[] values) {
        double square = 0;
        for (float value : values) {
            square += (double) value * value / values.length;
        }
        return Math.sqrt(square);
    }

    /** The nearest finer step that a file can hold. */
    static float stepOf(double step) {
        double bounded = Math.max(FINEST_STEP, Math.min(step, COARSEST_STEP));
        return Precision.ofStep((float) bounded).step();
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
    String largest(Block block) {
        FrqDocument document = FrequencyFile.toDocument(block, this);
        long[] sizes;
        try {
            sizes = FrqDocument.entryBytes(document.encode());
        } catch (MalformedModelException e) {
            throw new IllegalStateException("A file was written that cannot be read", e);
        }
        List<FrqEntry> tensors = document.entries();
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
        boolean tiny = RunningStatistic.isOne(parameter) && hasTiny(values);
        return tiny || !FrequencyFile.fitsHalf(values) ? Precision.FLOAT32 : Precision.FLOAT16;
    }

    /** Whether a value is one of which float16 loses digits; a statistic needs each of its own. */
    private static boolean hasTiny(float[] values) {
        for (float value : values) {
            if (value != 0 && Math.abs(value) < FrequencyFile.MIN_HALF) {
                return true;
            }
        }
        return false;
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
        Map<SpectralParameter, Float> found = new LinkedHashMap<>();
        BlockTree.spectralByName(block).forEach((name, tensor) -> found.put(tensor, getStep(name)));
        found.forEach(SpectralParameter::setStep);
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
