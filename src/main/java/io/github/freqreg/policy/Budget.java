package io.github.freqreg.policy;

/**
 * The limit of a whole network, in stored numbers or in bytes of its file.
 *
 * @param amount the limit
 * @param unit its unit
 */
record Budget(long amount, Unit unit) {

    /** The largest file of this library, see {@link io.github.freqreg.format.FrqDocument}. */
    static final long MAX_BYTES = 1L << 30;

    /** Bytes of a float16, as parameters that are not wrapped are stored. */
    private static final int BYTES_LEFT_ALONE = 2;

    /** Bits of a coefficient where bytes are few; more bits would leave too few coefficients. */
    private static final int BITS = 4;

    /** Bits of a coefficient of an embedding table, which profits from more and coarser numbers. */
    private static final int BITS_OF_TABLE = 2;

    /**
     * The largest share of a budget, 1/8, that parameters may take before they are wrapped, too.
     */
    private static final int LARGEST_PART = 8;

    /**
     * Checks the amount.
     *
     * @throws IllegalArgumentException if it is below 1, or more bytes than a file may have
     */
    Budget {
        if (unit == Unit.BYTES && (amount < 1 || amount > MAX_BYTES)) {
            throw new IllegalArgumentException(
                    "A budget must be 1 to " + MAX_BYTES + " bytes but is " + amount);
        }
        if (amount < 1) {
            throw new IllegalArgumentException(
                    "A budget of numbers must be 1 or more but is " + amount);
        }
    }

    /** The unit of a budget. */
    enum Unit {
        /** Numbers, whatever their precision. */
        NUMBERS("numbers"),
        /** Bytes of a file with four bits a coefficient. */
        BYTES("bytes");

        private final String plural;

        Unit(String plural) {
            this.plural = plural;
        }

        @Override
        public String toString() {
            return plural;
        }
    }

    /**
     * Checks that no amounts of single tensors are set beside the budget.
     *
     * @throws IllegalArgumentException if they are
     */
    void checkNoOverrides(int overrides) {
        if (overrides > 0) {
            throw new IllegalArgumentException(
                    "A budget of "
                            + amount
                            + " shares its numbers by itself, but "
                            + overrides
                            + " overrides are given");
        }
    }

    /** Returns whether numbers that are not wrapped would take a large share of the budget. */
    boolean isLargelyTakenBy(long numbersLeftAlone) {
        return cost(numbersLeftAlone) * LARGEST_PART > amount;
    }

    /** Returns how many coefficients there is room for beside numbers that are not wrapped. */
    long coefficientsBeside(long numbersLeftAlone) {
        long rest = amount - cost(numbersLeftAlone);
        return unit == Unit.BYTES ? rest * Byte.SIZE / BITS : rest;
    }

    /** Returns the smallest budget for numbers that are not wrapped and some coefficients. */
    long enough(long numbersLeftAlone, long coefficients) {
        long its =
                unit == Unit.BYTES
                        ? (coefficients * BITS + Byte.SIZE - 1) / Byte.SIZE
                        : coefficients;
        return cost(numbersLeftAlone) + its;
    }

    /** Returns how many coefficients of a tensor one of the budget's buys. */
    int density(LayerType layer) {
        return unit == Unit.BYTES && layer == LayerType.EMBEDDING ? BITS / BITS_OF_TABLE : 1;
    }

    private long cost(long numbersLeftAlone) {
        return unit == Unit.BYTES ? numbersLeftAlone * BYTES_LEFT_ALONE : numbersLeftAlone;
    }
}
