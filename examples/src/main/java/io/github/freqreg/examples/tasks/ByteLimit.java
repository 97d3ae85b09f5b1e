package io.github.freqreg.examples.tasks;

import io.github.freqreg.training.Adam;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.ResumableOptimizer;

/**
 * A limit on the size of the file, which quantisation-aware training observes.
 *
 * @param bytes the most bytes of the file
 * @param names whether the file contains names and shapes
 * @param rateWeight the weight of the file's size in bits in the training loss
 * @param unrounded the fraction of the epochs that are trained before quantisation begins
 */
public record ByteLimit(long bytes, boolean names, double rateWeight, double unrounded) {

    ByteBudget listener(ResumableOptimizer optimizer, int epochs, int done) {
        ByteBudget.Builder builder =
                ByteBudget.builder(bytes)
                        .optNames(names)
                        .optRateWeight(rateWeight)
                        .optEpochsDone(done)
                        .optFirstEpoch((int) (epochs * unrounded));
        if (optimizer instanceof Adam adam) {
            builder.optOptimizer(adam);
        }
        return builder.build();
    }
}
