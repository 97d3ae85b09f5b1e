package io.github.freqreg.training;

import ai.djl.metric.Metrics;
import ai.djl.training.listener.TrainingListener;
import java.util.function.BooleanSupplier;

/**
 * The settings of a {@link Compressor} that all its stages share.
 *
 * @param epochs the largest number of epochs of a stage
 * @param seed the random seed
 * @param names whether the file contains names and shapes
 * @param listeners the user's listeners
 * @param metrics collects the figures of all epochs
 * @param stop whether the compressor is to stop after the current epoch
 */
record CompressorSettings(
        int epochs,
        int seed,
        boolean names,
        TrainingListener[] listeners,
        Metrics metrics,
        BooleanSupplier stop) {

    boolean isStopped() {
        return stop.getAsBoolean();
    }
}
