package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * How many coefficients of each tensor a trained network keeps, and how finely they are rounded, to
 * fit a number of bytes.
 *
 * <p>Both follow from one problem: of all files of that size, find the one whose network has the
 * least error
 *
 * <pre>
 * Σ_t s_t · ‖c_t - ĉ_t‖²
 * </pre>
 *
 * <p>c_t are the coefficients of tensor t, ĉ_t the stored ones, and s_t is the tensor's
 * sensitivity. With a price λ of a bit, the best step of every tensor is {@code √(6λ / (ln 2 ·
 * s_t))}, and each coefficient becomes the multiple of the step for which error and bits together
 * cost least; the tail is cut where storing it costs more than it gains, with the bits of a count
 * of its own. λ is found by bisection on the size of the file.
 *
 * <p>Wrap a network with all coefficients (keep rate 1), then
 *
 * <pre>{@code
 * Allocation.fit(network, 100_000, false, Map.of()).roundIn(network);
 * FrequencyFile.save(network, file);
 * }</pre>
 *
 * <p>A network that fits with float16 numbers is not rounded. Instances are immutable and safe for
 * concurrent use.
 *
 * @see Quantization#fit(Block, long, boolean, Map)
 */
public final class Allocation {

    private final Quantization quantization;
    private final Map<String, float[]> coefficients;

    /** Takes steps, and the kept coefficients as multiples of them. */
    Allocation(Quantization quantization, Map<String, float[]> coefficients) {
        this.quantization = quantization;
        this.coefficients = coefficients;
    }

    /**
     * Finds the best allocation for a number of bytes.
     *
     * @param block the network, wrapped and initialised
     * @param bytes the largest size of the file, 1 or more
     * @param names whether the file contains names and shapes
     * @param sensitivities s_t of all wrapped tensors by name, or an empty map for {@code 1 / (n ·
     *     mean square)} of the n coefficients: each tensor then has the same share in the error. A
     *     tensor with the sensitivity 0 gets its default, scaled by the mean ratio of the others.
     *     Names of other parameters are ignored
     * @return the allocation
     * @throws IllegalArgumentException if no allocation makes the file so small, or a sensitivity
     *     is missing
     * @throws IllegalStateException if the network is not initialised
     */
    public static Allocation fit(
            Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        return new AllocationSearch(block, bytes, names, sensitivities).find();
    }

    /**
     * Returns the kept numbers.
     *
     * @return how many coefficients of each wrapped tensor are kept, by name
     */
    public Map<String, Integer> getKept() {
        Map<String, Integer> kept = new LinkedHashMap<>();
        coefficients.forEach((name, values) -> kept.put(name, values.length));
        return kept;
    }

    /**
     * Returns the steps.
     *
     * @return the steps of the wrapped tensors
     */
    public Quantization getQuantization() {
        return quantization;
    }

    /**
     * Truncates the tails of a network and makes it compute with quantised coefficients, in
     * training and in inference. Truncation narrows a view, so a trainer may exist.
     *
     * <p>The network rounds to the nearest multiples, which takes a few percent more bytes than the
     * rounding of {@link #roundIn}.
     *
     * @param block the network
     * @throws IllegalArgumentException if a wrapped tensor of the network has no step
     */
    public void applyTo(Block block) {
        quantization.applyTo(block);
        NetworkTensors.spectral(block)
                .forEach((name, tensor) -> tensor.truncateTo(values(name).length));
    }

    /**
     * Replaces the coefficients of a network by the multiples of the steps that were found, and
     * applies the steps. A file of the network then has at most the number of bytes.
     *
     * @param block the network, without a trainer
     * @throws IllegalArgumentException if a wrapped tensor of the network has no step
     */
    public void roundIn(Block block) {
        for (Map.Entry<String, SpectralParameter> each :
                NetworkTensors.spectral(block).entrySet()) {
            SpectralParameter tensor = each.getValue();
            float step = quantization.getStep(each.getKey());
            tensor.setValues(values(each.getKey()));
            tensor.setStep(step);
        }
    }

    /** Returns a writer that stores these coefficients instead of the network's. */
    NetworkWriter writer() {
        return NetworkWriter.quantizing(quantization, coefficients);
    }

    private float[] values(String name) {
        return Objects.requireNonNull(coefficients.get(name));
    }
}
