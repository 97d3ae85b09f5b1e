package io.github.freqreg.format;

/**
 * The contexts of whole multiples of a step: how large one is depends on those before it.
 *
 * <p>The class of a multiple q is the number of bits of |q|, 0 for a zero. With {@code a} the mean
 * of the magnitudes before it in its tensor, in units of 1/16 (newer ones count more), the bits
 * that tell the class have contexts of their own for each number of bits of {@code a}. They start
 * with what is likely: a class near the mean's.
 */
final class MultipleModels {

    /** Classes: up to 21 bits. */
    static final int CLASSES = 22;

    private static final int UNIT = 4;
    private static final int MEMORY = 12;

    /** The probability of a class to be the one, by its distance above the mean's, from -3 on. */
    private static final int[] START = {4000, 7000, 13000, 26000, 42000, 50000};

    private static final int FIRST = -3;

    /** The bits that a first probability is worth. */
    private static final int BITS = 3;

    /** With it, a zero takes 0.0079 bits or more, a little above 1/1024 of a byte. */
    private static final int LEAST = 360;

    private final BitModels[][] classes = new BitModels[Integer.SIZE][];
    private final BitModels seconds = new BitModels(CLASSES, 37000, BITS, LEAST);
    private long mean;
    private int seen;

    /** Starts a tensor. */
    void start() {
        mean = 0;
        seen = 0;
    }

    /** The contexts of the bits that tell whether a class is the one, from class 0 on. */
    BitModels ofClass(int index) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(mean);
        if (classes[bits] == null) {
            classes[bits] = new BitModels[CLASSES];
            for (int i = 0; i < CLASSES; i++) {
                int above = Math.max(FIRST, Math.min(i - (bits - UNIT), START.length + FIRST - 1));
                classes[bits][i] = new BitModels(1, START[above - FIRST], BITS, LEAST);
            }
        }
        return classes[bits][index];
    }

    /** The contexts of the second highest bit, by class. */
    BitModels seconds() {
        return seconds;
    }

    /** Learns of a magnitude. */
    void update(int magnitude) {
        mean += (((long) magnitude << UNIT) - mean) * 2 / (2 * seen + 3);
        seen = Math.min(MEMORY, seen + 1);
    }
}
