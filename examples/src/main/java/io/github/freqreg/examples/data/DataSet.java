package io.github.freqreg.examples.data;

import java.util.Locale;

/**
 * Identifies the examples of a training, a validation and a test set, independently of where they
 * are stored.
 *
 * @param name the name of the data set, such as MNIST
 * @param training the number of training examples; 0 if the result involved no training
 * @param validation the number of validation examples; 0 if the result involved no training
 * @param test the number of test examples
 * @param checksum the CRC-32C of the bytes of all examples; a subset has another checksum
 */
public record DataSet(String name, int training, int validation, int test, int checksum) {

    /** Returns the test set alone, for a network whose training set is unknown. */
    public DataSet testAlone() {
        return new DataSet(name, 0, 0, test, checksum);
    }

    /** Describes the examples without the name, to check that a resumed training uses the same. */
    public String identity() {
        return String.format(
                Locale.ROOT,
                "%d training, %d validation and %d test examples with the checksum %08x",
                training,
                validation,
                test,
                checksum);
    }
}
