package io.github.freqreg;

import ai.djl.engine.Engine;

/**
 * Fixed seeds for the random numbers of tests. {@code -Dfreqreg.test.seed=N} shifts all of them;
 * every test must pass with every N.
 */
public final class Seeds {

    /** More than any test uses seeds in a row. */
    private static final long STRIDE = 1_000_003;

    private Seeds() {}

    /** The seed to use instead of {@code seed}. */
    public static long of(long seed) {
        return seed + STRIDE * Long.getLong("freqreg.test.seed", 0);
    }

    /** Seeds the random numbers of the engine: initial weights, inputs, dropout. */
    public static void engine(int seed) {
        Engine.getInstance().setRandomSeed((int) of(seed));
    }
}
