package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import io.github.freqreg.Internal;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.format.SizedDocument;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The quantisation steps with which a network fits a number of bytes.
 *
 * <p>The coefficients of tensor t are rounded to multiples of the step
 *
 * <pre>
 * Δ_t = α / √s_t
 * </pre>
 *
 * <p>The sensitivity s_t says how strongly the loss reacts to a change of one coefficient. {@link
 * #fit} finds the smallest α for which the file fits. A rounding error has the variance Δ²/12, so
 * every coefficient contributes the same to the loss, which is optimal for entropy-coded values.
 * Sensitivities are mean squared gradients; {@link io.github.freqreg.training.ByteBudget} takes
 * them from the optimiser. Without them, s_t = 1 / mean square: all tensors have the same relative
 * error.
 *
 * <p>A file stores a step with four significant bits. The next finer step of a large tensor may
 * therefore cost more bytes than are left; the tensor then keeps its step, and the search continues
 * with the others. Steps finer than 1/4096 of a tensor's root mean square are not tried. If more
 * than a hundredth of the bytes is left, the log says why.
 *
 * <p>Parameters that are not wrapped are rounded to multiples of 1/32 of their root mean square.
 * Running statistics of a fresh network with a budget of bytes are folded into scale and shift, see
 * {@link FrequencyFile}. Other statistics are stored as a few coefficients; or as multiples of a
 * step, means to 1/64 of the smallest standard deviation and variances to 1/128 of the smallest
 * variance; or, where that is no smaller, as float16, or as float32 if float16 would lose digits of
 * a variance near zero. A network that fits with float16 numbers is not quantised at all.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
public final class Quantization {

    private static final Logger logger = LoggerFactory.getLogger(Quantization.class);

    private static final double FINEST_STEP = 0x1p-100;
    private static final double COARSEST_STEP = 0x1p100;

    /** The step of parameters that are not wrapped, relative to their root mean square. */
    private static final float STEP_LEFT_ALONE = 1f / 32;

    /** How many tensors a message names. */
    private static final int NAMED = 3;

    /** The steps of the wrapped tensors by name; 0 for float16. */
    private final Map<String, Float> steps;

    /** Takes steps that have four significant bits already. */
    Quantization(Map<String, Float> steps) {
        this.steps = Map.copyOf(steps);
    }

    /**
     * Returns a quantisation with given steps.
     *
     * @param steps the steps of the wrapped tensors by name, 0 for float16; they are rounded down
     *     to four significant bits
     * @return the quantisation
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
     * Returns the quantisation that a network computes with, see {@link #applyTo}.
     *
     * @param block a network
     * @return its steps; none if the network is not wrapped
     */
    public static Quantization appliedTo(Block block) {
        Map<String, Float> steps = new HashMap<>();
        NetworkTensors.spectral(block).forEach((name, tensor) -> steps.put(name, tensor.getStep()));
        return new Quantization(steps);
    }

    /**
     * Returns the quantisation of a file.
     *
     * @param document the content of the file, with names
     * @return the steps of its wrapped tensors, and of running statistics that are stored as
     *     coefficients; 0 for those without
     */
    public static Quantization of(FrqDocument document) {
        Map<String, Float> steps = new HashMap<>();
        for (FrqEntry entry : document.entries()) {
            if (entry.spectral()) {
                steps.put(entry.name(), entry.precision().step());
            }
        }
        return new Quantization(steps);
    }

    /**
     * Finds the finest steps with which a network fits a number of bytes, with the same relative
     * error for all tensors.
     *
     * @param block the network, wrapped and initialised
     * @param bytes the largest size of the file, 1 or more
     * @param names whether the file contains names and shapes
     * @return the quantisation
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
     * @param bytes the largest size of the file, 1 or more
     * @param names whether the file contains names and shapes
     * @param sensitivities s_t of all wrapped tensors by name, or an empty map. A tensor with the
     *     sensitivity 0 gets the mean relative error of the others. Names of other parameters are
     *     ignored
     * @return the quantisation
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

    /** Returns the nearest step that is not coarser and that a file can hold. */
    static float stepOf(double step) {
        double bounded = Math.max(FINEST_STEP, Math.min(step, COARSEST_STEP));
        return Precision.ofStep((float) bounded).step();
    }

    /**
     * Returns the size of a file of a network with these steps.
     *
     * @param block the network, wrapped and initialised
     * @param names whether the file contains names and shapes
     * @return the size in bytes
     * @throws IllegalStateException if the network is not initialised
     */
    public long bytes(Block block, boolean names) {
        return new FileSize(NetworkContent.of(block), names).coded(this);
    }

    /** Describes the largest tensors of a file, for a message. */
    String largest(Block block) {
        FrqDocument document = NetworkWriter.quantizing(this).write(block);
        long[] sizes;
        try {
            sizes = SizedDocument.decode(document.encode()).entryBytes();
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

    /** Returns how the numbers of a tensor are stored. */
    Precision of(NetworkTensor tensor, float[] values) {
        // A file may hold a statistic as coefficients with a step; the network keeps its elements.
        float step = tensor.isRunningStatistic() ? 0 : steps.getOrDefault(tensor.name(), 0f);
        float most = Float16Range.largest(values);
        boolean leftAlone = !steps.containsKey(tensor.name()) && !tensor.isRunningStatistic();
        if (leftAlone && isRounded() && most > 0) {
            step = stepOf(STEP_LEFT_ALONE * rootMeanSquare(values));
        }
        if (step > 0 && Precision.ofStep(step).holds(most)) {
            return Precision.ofStep(step);
        }
        boolean tiny = tensor.isRunningStatistic() && Float16Range.losesDigits(values);
        return tiny || !Float16Range.holds(values) ? Precision.FLOAT32 : Precision.FLOAT16;
    }

    /** Returns whether a tensor has a step. */
    boolean isRounded() {
        return steps.values().stream().anyMatch(step -> step > 0);
    }

    /**
     * Makes a network compute with quantised coefficients, in training and in inference. In
     * training, gradients ignore the rounding (straight-through estimator).
     *
     * @param block the network, wrapped
     * @throws IllegalArgumentException if a wrapped tensor of the network has no step
     */
    public void applyTo(Block block) {
        Map<SpectralParameter, Float> found = new LinkedHashMap<>();
        NetworkTensors.spectral(block).forEach((name, tensor) -> found.put(tensor, getStep(name)));
        found.forEach(SpectralParameter::setStep);
    }

    /**
     * Makes steps coarser until a file fits, the finest relative to 1/√s_t first.
     *
     * @param block the network
     * @param bytes the largest size of the file
     * @param names whether the file contains names and shapes
     * @param sensitivities as in {@link #fit(Block, long, boolean, Map)}
     * @return the steps, or nothing if twice as many levels as there are tensors are not enough; a
     *     level is an eighth at most
     */
    @Internal
    public Optional<Quantization> coarsened(
            Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        return new StepSearch(block, bytes, names, sensitivities).coarsened(this);
    }

    /**
     * Returns the step of a tensor.
     *
     * @param name the parameter's name
     * @return its step; 0 for float16, or if the file stores it folded with a step of its own
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
     * @return the steps of the wrapped tensors by name; 0 for float16, and for scales and shifts
     *     that the file stores folded with steps of their own
     */
    public Map<String, Float> getSteps() {
        return steps;
    }
}
