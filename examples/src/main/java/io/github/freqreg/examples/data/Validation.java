package io.github.freqreg.examples.data;

/** The rule that reserves a tenth of a training set, at least one example, for validation. */
public final class Validation {

    private static final int FRACTION = 10;

    private Validation() {}

    /**
     * Returns the number of examples to train on.
     *
     * @param size the number of examples in the training set
     * @param source the name of the data set, for messages
     * @throws DataException if there are not enough examples to divide
     */
    public static int trained(int size, String source) {
        int trained = size - Math.max(1, size / FRACTION);
        if (trained < 1) {
            throw new DataException(
                    source
                            + ": expected 2 or more training examples, of which one is for"
                            + " validation, but found "
                            + size);
        }
        return trained;
    }
}
