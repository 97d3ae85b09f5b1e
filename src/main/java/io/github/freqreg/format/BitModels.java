package io.github.freqreg.format;

import java.util.Arrays;

/**
 * Adaptive bit probabilities, one for each context.
 *
 * <p>A context holds {@code p}, the probability of a 0 in units of 2⁻¹⁶, and {@code n}, the number
 * of bits seen, at most 126. After each bit
 *
 * <pre>
 * p = p + (t - p) · 2 / (2n + 3)   rounded towards zero, t = 65536 for a 0, 0 for a 1
 * </pre>
 *
 * <p>and p is clamped to {@code least..65536 - least}. By default p starts at one half, n at 0, and
 * {@code least} is 64. Integer arithmetic makes all machines agree.
 */
final class BitModels {

    /** The bits of a probability. */
    static final int PRECISION = 16;

    private static final int ONE = 1 << PRECISION;
    private static final int LEAST = 64;
    private static final int MEMORY = 126;

    private final int least;
    private final int[] zero;
    private final byte[] seen;

    BitModels(int contexts) {
        this(contexts, ONE / 2, 0, LEAST);
    }

    /** Starts all contexts at the probability {@code start}, as if learned from {@code bits}. */
    BitModels(int contexts, int start, int bits, int least) {
        this.least = least;
        zero = new int[contexts];
        seen = new byte[contexts];
        Arrays.fill(zero, start);
        Arrays.fill(seen, (byte) bits);
    }

    /** Returns the probability of a 0 in units of 2⁻¹⁶. */
    int zero(int context) {
        return zero[context];
    }

    void update(int context, int bit) {
        int p = zero[context];
        int n = seen[context];
        p += ((bit == 0 ? ONE : 0) - p) * 2 / (2 * n + 3);
        zero[context] = Math.max(least, Math.min(ONE - least, p));
        if (n < MEMORY) {
            seen[context]++;
        }
    }
}
