package io.github.freqreg.policy;

import java.util.List;

/**
 * The limit of a whole network, in stored numbers or in bytes of its file.
 *
 * @param amount the limit
 * @param unit its unit
 * @param folded whether files fold the running statistics of fresh networks
 */
record Budget(long amount, Unit unit, boolean folded) {

    /** The largest file of this library, see {@link io.github.freqreg.format.FrqDocument}. */
    static final long MAX_BYTES = 1L << 30;

    /** Bytes of a float16, as parameters that are not wrapped are stored. */
    private static final int BYTES_LEFT_ALONE = 2;

    /** Bits of a coefficient where bytes are few; more bits would leave too few coefficients. */
    private static final int BITS = 4;

    /**
     * If the bytes allow at most this many bits for each number of the wrapped tensors, each
     * coefficient counts as {@link #BITS} bits.
     */
    private static final double FEW = 1;

    /** From this many bits on for each number of the network, all coefficients are kept. */
    private static final double ENOUGH = 2;

    /** Bits of a coefficient of an embedding table, which profits from more and coarser numbers. */
    private static final int BITS_OF_TABLE = 2;

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

    /** A budget without folding. */
    Budget(long amount, Unit unit) {
        this(amount, unit, false);
    }

    /** Returns whether the files of a network fold its running statistics. */
    boolean folds(List<PlannedTensor> chosen) {
        return folded
                && unit == Unit.BYTES
                && chosen.stream().noneMatch(each -> each.tensor().isTrained());
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

    /** Returns which part of the budget a number of coefficients would take. */
    double part(long coefficients) {
        return (double) enough(0, coefficients) / amount;
    }

    /**
     * Returns how many coefficients there is room for beside numbers that are not wrapped.
     *
     * <p>In bytes, a coefficient has four bits if few of all can be kept. The more can be, the
     * fewer bits each has, since quantisation chooses among them by their value: all are kept if
     * there are two bits for each.
     *
     * @param numbersLeftAlone the numbers that are not wrapped
     * @param all the coefficients of the wrapped tensors
     * @param most how many coefficients of the budget these cost
     */
    long coefficientsBeside(long numbersLeftAlone, long all, long most) {
        long rest = amount - cost(numbersLeftAlone);
        if (unit == Unit.NUMBERS) {
            return rest;
        }
        double bits = (double) rest * Byte.SIZE / all;
        if (bits <= FEW) {
            return rest * Byte.SIZE / BITS;
        }
        double few = FEW / BITS;
        double power = Math.log(1 / few) / Math.log(ENOUGH / FEW);
        double share = few * Math.pow(bits / FEW, power);
        return Math.max(rest * Byte.SIZE / BITS, (long) (most * Math.min(1, share)));
    }

    /** Returns the smallest budget for numbers that are not wrapped and some coefficients. */
    long enough(long numbersLeftAlone, long coefficients) {
        long its =
                unit == Unit.BYTES
                        ? (coefficients * BITS + Byte.SIZE - 1) / Byte.SIZE
                        : coefficients;
        return cost(numbersLeftAlone) + its;
    }

    /** Returns how many coefficients of a tensor cost as much as one coefficient of four bits. */
    int density(LayerType layer) {
        return unit == Unit.BYTES && layer == LayerType.EMBEDDING ? BITS / BITS_OF_TABLE : 1;
    }

    /** Returns how many numbers that are not wrapped cost as much as some coefficients. */
    long leftAloneFor(long coefficients) {
        int each = BYTES_LEFT_ALONE * Byte.SIZE / BITS;
        return unit == Unit.BYTES ? (coefficients + each - 1) / each : coefficients;
    }

    private long cost(long numbersLeftAlone) {
        return unit == Unit.BYTES ? numbersLeftAlone * BYTES_LEFT_ALONE : numbersLeftAlone;
    }
}
