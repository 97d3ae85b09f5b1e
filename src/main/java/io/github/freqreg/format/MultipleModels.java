package io.github.freqreg.format;

import org.jspecify.annotations.Nullable;

/**
 * The contexts for multiples of a step.
 *
 * <p>Neighbouring coefficients have similar magnitudes. So the class of a multiple q, the number of
 * bits of |q|, is coded in contexts selected by the number of bits of a running mean of the
 * magnitudes before it, in units of 1/16, in which newer ones weigh more. The initial probabilities
 * expect a class near that of the mean.
 */
final class MultipleModels {

    /** The number of classes: magnitudes have up to 21 bits. */
    static final int CLASSES = 22;

    private static final int UNIT = 4;
    private static final int MEMORY = 12;

    /** The initial probabilities that a class ends here, by its distance from the mean's class. */
    private static final int[] START = {4000, 7000, 13000, 26000, 42000, 50000};

    /** The distance of the first of them. */
    private static final int FIRST = -3;

    /** How many bits an initial probability counts for. */
    private static final int BITS = 3;

    /** Makes a zero cost at least 0.0079 bits, a little more than 1/1024 of a byte. */
    private static final int LEAST = 360;

    private final BitModels[] @Nullable [] classes = new BitModels[Integer.SIZE][];
    private final BitModels seconds = new BitModels(CLASSES, 37000, BITS, LEAST);
    private long mean;
    private int seen;

    /** Starts a new entry. */
    void start() {
        mean = 0;
        seen = 0;
    }

    /** Returns the context, its index 0, of the bit that tells whether the class is above one. */
    BitModels ofClass(int index) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(mean);
        BitModels[] models = classes[bits];
        if (models == null) {
            models = new BitModels[CLASSES];
            for (int i = 0; i < CLASSES; i++) {
                int above = Math.max(FIRST, Math.min(i - (bits - UNIT), START.length + FIRST - 1));
                models[i] = new BitModels(1, START[above - FIRST], BITS, LEAST);
            }
            classes[bits] = models;
        }
        return models[index];
    }

    /** Returns the contexts of the second highest bit of a magnitude, by class. */
    BitModels seconds() {
        return seconds;
    }

    /** Updates the mean with a magnitude. */
    void update(int magnitude) {
        mean += (((long) magnitude << UNIT) - mean) * 2 / (2 * seen + 3);
        seen = Math.min(MEMORY, seen + 1);
    }
}
