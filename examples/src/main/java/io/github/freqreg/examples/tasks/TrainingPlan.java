package io.github.freqreg.examples.tasks;

import java.util.Optional;

/**
 * The settings of one training.
 *
 * @param epochs the number of epochs
 * @param settings batch size, and the learning rate, which decays by a cosine schedule after a
 *     warm-up
 * @param descent the optimiser
 * @param truncate the fraction of the steps during which the tail is truncated; 0 for no truncation
 * @param limit the limit on the size of the file, if there is one
 * @param seed the random seed of weights, and of order and augmentation of training examples
 */
public record TrainingPlan(
        int epochs,
        Task.Settings settings,
        Descent descent,
        double truncate,
        Optional<ByteLimit> limit,
        int seed) {

    int batchSize() {
        return settings.batchSize();
    }

    float learningRate() {
        return settings.learningRate();
    }
}
