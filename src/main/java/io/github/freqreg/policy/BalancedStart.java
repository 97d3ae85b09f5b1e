package io.github.freqreg.policy;

import java.util.OptionalInt;

/**
 * How many rounds balance the start of fresh tensors.
 *
 * <p>A prefix of k coefficients reaches about √k frequencies along each side of the matrix that
 * {@link io.github.freqreg.block.TensorSpec} balances. The more there are, the more rounds it takes
 * to make their energies similar, but too many rounds leave only the highest frequency of each row
 * and column. A quarter of √k agrees with what was best on the networks of the examples: AlexNet,
 * about 140 coefficients a layer, 3 rounds (35.0% with 1 round, 38.1 with 3, 37.7 with 10, 33.4
 * with 100); VGG, about 1,800, 10 rounds (60.5%, with 3 rounds 59.0); LeNet-5 and UNet, 20 to 200,
 * 3 rounds rather than 10.
 *
 * @param fixed the rounds of all tensors; nothing to find them for each tensor
 */
record BalancedStart(OptionalInt fixed) {

    /** Unequal responses to frequencies add up over layers; two or fewer do not need it. */
    static final int LEAST_DEPTH = 3;

    private static final int FREQUENCIES_PER_ROUND = 4;
    private static final int MAX_ROUNDS = 10;
    private static final int MAX_FIXED = 1000;

    /**
     * Checks a number of rounds that a user sets.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    static int checkRounds(int rounds) {
        if (rounds < 0 || rounds > MAX_FIXED) {
            throw new IllegalArgumentException(
                    "The rounds of balancing must be 0 to " + MAX_FIXED + " but are " + rounds);
        }
        return rounds;
    }

    /**
     * Returns the number of rounds.
     *
     * @param layer that owns the tensor
     * @param start the number of coefficients with which the tensor starts
     * @param depth how many weights of the network are wrapped
     * @return the number, 0 for none
     */
    int rounds(LayerType layer, long start, int depth) {
        if (fixed.isPresent()) {
            return fixed.getAsInt();
        }
        // The rows of a table are looked up one at a time, and have no smooth inputs.
        if (layer == LayerType.EMBEDDING || depth < LEAST_DEPTH) {
            return 0;
        }
        long rounds = Math.round(Math.sqrt((double) start) / FREQUENCIES_PER_ROUND);
        return (int) Math.max(1, Math.min(MAX_ROUNDS, rounds));
    }
}
