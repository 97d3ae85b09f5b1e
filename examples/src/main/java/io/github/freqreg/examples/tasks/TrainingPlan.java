package io.github.freqreg.examples.tasks;

import java.util.Optional;

/**
 * How to train.
 *
 * @param epochs how many times over the training set
 * @param settings batch size and first learning rate, which decays along half a cosine
 * @param descent the optimiser
 * @param truncate the share of the steps over which the tail is cut; 0 to cut nothing
 * @param limit of the file's size, if there is one
 * @param seed of weights, order and variation
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
