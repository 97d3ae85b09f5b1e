package io.github.freqreg.examples.tasks;

import java.util.List;

/**
 * The final figures of a training.
 *
 * @param numbers the stored numbers of the network
 * @param bytes the size of the file; for a network that is not saved, four bytes for each number
 * @param score the score on the test set
 * @param trained the number of epochs
 * @param epochs the figures of each epoch; after a resume, of the resumed epochs only
 */
public record Result(long numbers, long bytes, Score score, int trained, List<Epoch> epochs) {

    /** Returns the seconds of training, including the evaluation after each epoch. */
    public double seconds() {
        return epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).seconds();
    }
}
