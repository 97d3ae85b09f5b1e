package io.github.freqreg.examples.tasks;

import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import java.util.List;
import java.util.Optional;

/**
 * Tuned settings for LeNet-5. All of them compress biases too, and use the splits and weights of
 * {@link Axes}.
 */
public enum LeNetRecipe {
    /** 776 numbers including biases; the paper has 776 without biases. */
    PAPER_776(
            "paper-776",
            30,
            new Task.Settings(128, 0.03f, 0.9f),
            Optional.empty(),
            80,
            4,
            130,
            6,
            380,
            20,
            146,
            10),
    /** The size of the smallest published models with an error of about 1%. */
    SMALL(
            "small",
            40,
            new Task.Settings(128, 0.02f, 0.9f),
            Optional.of(new ByteLimit(1_149, false, 1e-5)),
            150,
            4,
            500,
            6,
            1_400,
            20,
            300,
            10),
    /** The size of published models with an error of 0.7%. */
    ACCURATE(
            "accurate",
            40,
            new Task.Settings(128, 0.008f, 0.9f),
            Optional.of(new ByteLimit(3_100, false, 4e-6)),
            250,
            10,
            1_800,
            20,
            4_000,
            40,
            600,
            10);

    private final String title;
    private final int epochs;
    private final Task.Settings settings;
    private final Optional<ByteLimit> limit;

    /** The kept coefficients of each weight and its bias, in the order of the layers. */
    private final long[] kept;

    LeNetRecipe(
            String title,
            int epochs,
            Task.Settings settings,
            Optional<ByteLimit> limit,
            long... kept) {
        this.title = title;
        this.epochs = epochs;
        this.settings = settings;
        this.limit = limit;
        this.kept = kept;
    }

    public int epochs() {
        return epochs;
    }

    public Task.Settings settings() {
        return settings;
    }

    /** Returns the limit on the size of the file; empty for a recipe without quantisation. */
    public Optional<ByteLimit> limit() {
        return limit;
    }

    /**
     * Sets how many coefficients each tensor keeps.
     *
     * @param builder the policy
     * @param tensors the weights and biases, in the order in which the network lists them
     */
    public void keep(FrequencyRegularizationBuilder builder, List<TensorChoice> tensors) {
        for (int i = 0; i < kept.length; i++) {
            builder.addOverrideKept(Axes.exactly(tensors.get(i)), kept[i]);
        }
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return title;
    }
}
