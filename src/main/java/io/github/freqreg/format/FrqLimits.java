package io.github.freqreg.format;

/**
 * What files hold at most. A reader allocates values for no more than the bytes that are there can
 * hold; for what can take next to no bytes, such as a tensor like the one before, these are bounds.
 */
final class FrqLimits {

    /** Axes of a tensor or an input. */
    static final int RANK = 32;

    /** Tensors of a file of version 2. */
    static final int TENSORS = 1 << 16;

    /** Inputs of a file of version 2. */
    static final int INPUTS = 1 << 10;

    /** Bytes of a name in version 2. */
    static final int NAME = 1 << 10;

    /** Bytes of all names of a file of version 2. */
    static final int NAMES = 1 << 24;

    /** Multiples of a step in one tensor. */
    static final int MULTIPLES = 1 << 27;

    /** Multiples of a step for each byte of a file. */
    static final int MULTIPLES_A_BYTE = 1 << 10;

    /** Magic, version and checksum. */
    static final int FRAME = 8;

    private FrqLimits() {}
}
