package io.github.freqreg.examples.tasks;

import ai.djl.training.tracker.Tracker;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.ResumableOptimizer;
import io.github.freqreg.training.Sgd;

/** The optimisers, with the settings that the program does not vary. */
public enum Descent {
    ADAM,
    SGD;

    private static final float MOMENTUM = 0.9f;

    ResumableOptimizer optimizer(Tracker rate, float beta1) {
        return this == ADAM
                ? Adam.builder().optLearningRateTracker(rate).optBeta1(beta1).build()
                : Sgd.builder().optLearningRateTracker(rate).optMomentum(MOMENTUM).build();
    }
}
