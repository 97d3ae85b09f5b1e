package io.github.freqreg.format;

/** The contexts of version 2, which encoder and decoder learn alike. See the package's words. */
final class FrqModels {

    private static final int NUMBER = Long.SIZE;
    private static final int BYTE = 1 << Byte.SIZE;

    /** Axes of an extent that have contexts of their own. */
    private static final int AXES = 6;

    final BitModels flags = new BitModels(Flag.values().length);
    final BitModels counts = new BitModels(NUMBER);
    final BitModels lengths = new BitModels(NUMBER);
    final BitModels shared = new BitModels(NUMBER);
    final BitModels sameExtent = new BitModels(AXES);
    final BitModels stepExponents = new BitModels(BYTE);
    final MultipleModels multiples = new MultipleModels();
    private final BitModels[] letters = new BitModels[BYTE];
    private final BitModels[] extents = new BitModels[AXES];
    private final BitModels[] exponents = new BitModels[4];

    /** What single bits say. */
    enum Flag {
        NAMED,
        SPECTRAL,
        OWN_AXES,
        HALF,
        STEPS,
        SAME_COUNT,
        SAME_COUNT_OF_COEFFICIENTS,
        SAME_RANK
    }

    /** The letters of names, after a letter. */
    BitModels letters(int last) {
        return lazily(letters, last, BYTE);
    }

    /** The exponents of values. */
    BitModels exponents(boolean spectral, boolean half) {
        return lazily(exponents, (spectral ? 2 : 0) + (half ? 1 : 0), BYTE);
    }

    /** The extents along an axis. */
    BitModels extents(int axis) {
        return lazily(extents, context(axis), NUMBER);
    }

    static int context(int axis) {
        return Math.min(axis, AXES - 1);
    }

    private static BitModels lazily(BitModels[] all, int index, int contexts) {
        if (all[index] == null) {
            all[index] = new BitModels(contexts);
        }
        return all[index];
    }
}
