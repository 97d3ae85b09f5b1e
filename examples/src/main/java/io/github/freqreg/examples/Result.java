package io.github.freqreg.examples;

import io.github.freqreg.examples.Task.Score;
import io.github.freqreg.examples.Training.Epoch;
import io.github.freqreg.file.CompressionReport;
import java.util.List;

/**
 * What a training gave.
 *
 * @param numbers all numbers of the network that are stored
 * @param bytes the size of the file, or four bytes a number for a network that is not saved
 * @param report on the file, or null for a network that is not saved
 * @param score on the test set
 * @param epochs that were trained, the last ones alone after a resume
 */
record Result(long numbers, long bytes, CompressionReport report, Score score, List<Epoch> epochs) {

    /** Seconds of training, evaluation after each epoch included. */
    double seconds() {
        return epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).seconds();
    }
}
