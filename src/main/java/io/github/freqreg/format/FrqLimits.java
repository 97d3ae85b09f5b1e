package io.github.freqreg.format;

/**
 * The limits of a version 2 file.
 *
 * <p>A reader allocates no more values than the remaining bytes can encode. Symbols that take
 * almost no bytes, such as an entry equal to the previous one, are bounded by these limits instead.
 */
final class FrqLimits {

    /** Entries of a file. */
    static final int ENTRIES = 1 << 16;

    /** Inputs of a network. */
    static final int INPUTS = 1 << 10;

    /** UTF-8 bytes of a name. */
    static final int NAME_BYTES = 1 << 10;

    /** UTF-8 bytes of all names of a file. */
    static final int ALL_NAMES_BYTES = 1 << 24;

    /** Multiples of a step in one entry. */
    static final int MULTIPLES = 1 << 27;

    /** Multiples of a step for each byte of a file. */
    static final int MULTIPLES_PER_BYTE = 1 << 10;

    private FrqLimits() {}
}
