package io.github.freqreg.examples.tasks;

import io.github.freqreg.training.Adam;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.ResumableOptimizer;

/**
 * A limit on the size of the file, which quantisation-aware training keeps to.
 *
 * @param bytes the most bytes of the file
 * @param names whether the file has names and shapes
 * @param rateWeight how much a bit weighs against the loss
 */
public record ByteLimit(long bytes, boolean names, double rateWeight) {

    /** The share of the epochs before quantisation begins. */
    private static final double UNROUNDED = 0.5;

    ByteBudget listener(ResumableOptimizer optimizer, int epochs, int done) {
        ByteBudget.Builder builder =
                ByteBudget.builder(bytes)
                        .optNames(names)
                        .optRateWeight(rateWeight)
                        .optEpochsDone(done)
                        .optFirstEpoch((int) (epochs * UNROUNDED));
        if (optimizer instanceof Adam adam) {
            builder.optOptimizer(adam);
        }
        return builder.build();
    }
}
