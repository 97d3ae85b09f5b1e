package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import io.github.freqreg.Internal;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A batch normalisation of each channel c,
 *
 * <pre>
 * y = γ_c (x - μ_c) / √(σ²_c + ε) + β_c
 * </pre>
 *
 * @param epsilon ε, above 0
 * @param gamma γ, one number for each channel; null for 1
 * @param beta β, one number for each channel; null for 0
 * @param given μ and σ²; nothing for those of the batch
 * @param found is told μ and σ² of the batch, outside of any gradient graph
 */
@Internal
public record ChannelNorm(
        float epsilon,
        @Nullable NDArray gamma,
        @Nullable NDArray beta,
        Optional<Statistics> given,
        Consumer<Statistics> found) {

    /**
     * Means and variances of channels.
     *
     * @param mean μ, one number for each channel
     * @param variance the biased variance σ², one number for each channel
     * @param numbers how many numbers of a channel they were computed from
     */
    public record Statistics(NDArray mean, NDArray variance, long numbers) {}

    /**
     * Returns the normalisation by the statistics of the batch, without scale and shift.
     *
     * @param epsilon ε, above 0
     * @return the normalisation
     */
    static ChannelNorm ofBatch(float epsilon) {
        return new ChannelNorm(epsilon, null, null, Optional.empty(), statistics -> {});
    }
}
