package io.github.freqreg.format;

import io.github.freqreg.Internal;

/**
 * Tells how many bits the adaptive coder would spend on a multiple of a step, given the multiples
 * before it.
 *
 * <p>It follows the contexts of {@link ValueEncoder} without writing anything, so that an encoder
 * can compare the costs of several roundings of a value before it chooses one.
 */
@Internal
public final class MultiplesCost {

    private static final int ONE = 1 << BitModels.PRECISION;

    /** Probabilities are looked up in units of 2⁻¹². */
    private static final int SHIFT = 4;

    /** The bits of an event, by its probability. */
    private static final float[] BITS = new float[(ONE >> SHIFT) + 1];

    static {
        for (int i = 0; i < BITS.length; i++) {
            BITS[i] = (float) (-Math.log(Math.max(i, 0.5) * (1 << SHIFT) / ONE) / Math.log(2));
        }
    }

    private final MultipleModels models = new MultipleModels();

    /** Creates the cost of a file's first values. */
    public MultiplesCost() {}

    /** Starts the next tensor of the file. */
    public void start() {
        models.start();
    }

    /**
     * Returns the bits of the next value.
     *
     * @param multiple the value, at most 2^20 in magnitude
     * @return its expected bits
     */
    public float bits(int multiple) {
        int magnitude = Math.abs(multiple);
        int kind = Integer.SIZE - Integer.numberOfLeadingZeros(magnitude);
        float bits = 0;
        for (int i = 0; i < kind; i++) {
            bits += of(ONE - models.ofClass(i).zero(0));
        }
        if (kind < MultipleModels.CLASSES - 1) {
            bits += of(models.ofClass(kind).zero(0));
        }
        if (kind > 1) {
            int zero = models.seconds().zero(kind);
            bits += of((magnitude >> kind - 2 & 1) == 0 ? zero : ONE - zero) + kind - 2;
        }
        return kind > 0 ? bits + 1 : bits;
    }

    private static float of(int probability) {
        return BITS[probability >> SHIFT];
    }

    /**
     * Goes on to the value after this one.
     *
     * @param multiple the value, at most 2^20 in magnitude
     */
    public void add(int multiple) {
        int magnitude = Math.abs(multiple);
        int kind = Integer.SIZE - Integer.numberOfLeadingZeros(magnitude);
        for (int i = 0; i < kind; i++) {
            models.ofClass(i).update(0, 1);
        }
        if (kind < MultipleModels.CLASSES - 1) {
            models.ofClass(kind).update(0, 0);
        }
        if (kind > 1) {
            models.seconds().update(kind, magnitude >> kind - 2 & 1);
        }
        models.update(magnitude);
    }
}
