package io.github.freqreg.examples.data;

import java.util.Locale;

/**
 * Which examples a network is trained on and measured on, wherever they are kept.
 *
 * @param name of all, such as MNIST
 * @param training how many are trained on; 0 where none are
 * @param test how many it is measured on
 * @param checksum of all their bytes, CRC-32C; those of a subset are others
 */
public record DataSet(String name, int training, int test, int checksum) {

    /** The same to measure on, for a network of which nobody knows what it was trained on. */
    public DataSet testAlone() {
        return new DataSet(name, 0, test, checksum);
    }

    /** What has to stay the same for the training to be the same; the name may change. */
    public String identity() {
        return String.format(
                Locale.ROOT,
                "%d training and %d test examples with the checksum %08x",
                training,
                test,
                checksum);
    }
}
