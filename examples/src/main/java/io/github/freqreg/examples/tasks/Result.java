package io.github.freqreg.examples.tasks;

import java.util.List;

/**
 * The figures of a trained network.
 *
 * @param numbers all stored numbers of the network
 * @param bytes the size of the file, or four bytes a number for a network that is not saved
 * @param score on the test set
 * @param epochs that were trained, after a resume the last ones only
 */
public record Result(long numbers, long bytes, Score score, List<Epoch> epochs) {

    /** Seconds of training, evaluation after each epoch included. */
    public double seconds() {
        return epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).seconds();
    }
}
