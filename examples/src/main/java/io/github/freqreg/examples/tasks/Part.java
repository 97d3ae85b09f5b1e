package io.github.freqreg.examples.tasks;

import java.util.Locale;

/** A part of the data that a network is measured on. */
public enum Part {
    /** A tenth of the training set, which no network is trained on; decides all choices. */
    VALIDATION,
    /** The test set, for the final result only. */
    TEST;

    /** Returns the name in lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
