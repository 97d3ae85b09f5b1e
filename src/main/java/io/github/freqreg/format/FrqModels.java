package io.github.freqreg.format;

import org.jspecify.annotations.Nullable;

/**
 * The adaptive contexts of versions 2 to 4. Encoder and decoder each hold one and update it alike;
 * the package documentation names the contexts.
 */
final class FrqModels {

    private static final int NUMBER = Long.SIZE;
    private static final int BYTE = 1 << Byte.SIZE;

    /** The axes whose extents have contexts of their own; the last one serves all further axes. */
    private static final int AXES = 6;

    final BitModels flags = new BitModels(Flag.values().length);
    final BitModels counts = new BitModels(NUMBER);
    final BitModels lengths = new BitModels(NUMBER);
    final BitModels shared = new BitModels(NUMBER);
    final BitModels sameExtent = new BitModels(AXES);
    final BitModels stepExponents = new BitModels(BYTE);
    final MultipleModels multiples = new MultipleModels();
    private final @Nullable BitModels[] letters = new BitModels[BYTE];
    private final @Nullable BitModels[] extents = new BitModels[AXES];
    private final @Nullable BitModels[] exponents = new BitModels[4];

    /** The meanings of single bits. */
    enum Flag {
        NAMED,
        SPECTRAL,
        OWN_AXES,
        HALF,
        STEPS,
        SAME_COUNT,
        SAME_COUNT_OF_COEFFICIENTS,
        SAME_RANK,
        SEEDED,
        NEXT_SEED,
        SAME_AXES,
        IDENTITY;

        /** The flag of a repeated number of values, which coefficients and elements each have. */
        static Flag sameCount(boolean spectral) {
            return spectral ? SAME_COUNT_OF_COEFFICIENTS : SAME_COUNT;
        }
    }

    /** Returns the contexts for the byte of a name that follows a byte. */
    BitModels letters(int last) {
        return lazily(letters, last, BYTE);
    }

    /** Returns the contexts for the exponents of float16 or float32 values. */
    BitModels exponents(boolean spectral, Precision.Kind kind) {
        int half = kind == Precision.Kind.FLOAT16 ? 1 : 0;
        return lazily(exponents, spectral ? 2 + half : half, BYTE);
    }

    /** Returns the contexts for the extents of an axis. */
    BitModels extents(int axis) {
        return lazily(extents, context(axis), NUMBER);
    }

    static int context(int axis) {
        return Math.min(axis, AXES - 1);
    }

    private static BitModels lazily(@Nullable BitModels[] all, int index, int contexts) {
        BitModels models = all[index];
        if (models == null) {
            models = new BitModels(contexts);
            all[index] = models;
        }
        return models;
    }
}
