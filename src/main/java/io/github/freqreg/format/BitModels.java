package io.github.freqreg.format;

import java.util.Arrays;

/**
 * How likely bits are, each learned from those seen before in its context.
 *
 * <p>A context holds {@code p}, the probability of a 0 in units of 2⁻¹⁶, at first one half where
 * nothing else is said, and {@code n}, the number of bits seen, which stays at 126 once there.
 * After a bit
 *
 * <pre>
 * p = p + (t - p) · 2 / (2n + 3)   rounded towards zero, t = 65536 for a 0, 0 for a 1
 * </pre>
 *
 * <p>and then p is brought into 64..65472, or what else is said. It is integer arithmetic, the same
 * on every machine.
 */
final class BitModels {

    /** Bits of a probability. */
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

    /**
     * Starts with another probability than one half, as if it had been learned from some bits, and
     * never goes below another least one.
     */
    BitModels(int contexts, int start, int bits, int least) {
        this.least = least;
        zero = new int[contexts];
        seen = new byte[contexts];
        Arrays.fill(zero, start);
        Arrays.fill(seen, (byte) bits);
    }

    /** The probability of a 0 in units of 2⁻¹⁶. */
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
