package io.github.freqreg;

import ai.djl.engine.Engine;

/**
 * The seeds of the tests' random numbers. They are fixed; {@code -Dfreqreg.test.seed=N} replaces
 * them all by others, so that a test can be repeated with many inputs. Each must pass with any N.
 */
public final class Seeds {

    /** Far more than the seeds that one test takes in a row. */
    private static final long STRIDE = 1_000_003;

    private Seeds() {}

    /** The seed to use where a test asks for one. */
    public static long of(long seed) {
        return seed + STRIDE * Long.getLong("freqreg.test.seed", 0);
    }

    /** Seeds the random numbers of the engine: initial weights, inputs, dropout. */
    public static void engine(int seed) {
        Engine.getInstance().setRandomSeed((int) of(seed));
    }
}
