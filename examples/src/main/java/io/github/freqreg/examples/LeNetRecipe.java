package io.github.freqreg.examples;

import io.github.freqreg.examples.Training.Limit;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import java.util.List;

/**
 * Found settings for LeNet-5, each under a name. Biases are kept as coefficients too, the first
 * linear layer's weight is split, and axes are weighted.
 */
enum LeNetRecipe {
    /** 776 numbers in all, as the paper has without biases. */
    PAPER_776(
            "paper-776",
            30,
            new Task.Settings(128, 0.03f, 0.9f),
            null,
            80,
            4,
            130,
            6,
            380,
            20,
            146,
            10),
    /** As small as others are at an error of about 1%. */
    SMALL(
            "small",
            40,
            new Task.Settings(128, 0.02f, 0.9f),
            new Limit(1_149, false, 1e-5),
            150,
            4,
            500,
            6,
            1_400,
            20,
            300,
            10),
    /** As accurate as others are at an error of 0.7%. */
    ACCURATE(
            "accurate",
            40,
            new Task.Settings(128, 0.008f, 0.9f),
            new Limit(3_100, false, 4e-6),
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
    private final Limit limit;

    /** Of each weight and its bias, in the order of the layers. */
    private final long[] kept;

    LeNetRecipe(String title, int epochs, Task.Settings settings, Limit limit, long... kept) {
        this.title = title;
        this.epochs = epochs;
        this.settings = settings;
        this.limit = limit;
        this.kept = kept;
    }

    int epochs() {
        return epochs;
    }

    Task.Settings settings() {
        return settings;
    }

    /** What the file may be, or null where its numbers are not rounded. */
    Limit limit() {
        return limit;
    }

    /**
     * Sets what a policy keeps.
     *
     * @param builder the policy
     * @param tensors the network's weights and biases, in its order
     */
    void keep(FrequencyRegularizationBuilder builder, List<TensorChoice> tensors) {
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
