package io.github.freqreg.policy;

/** How many of a tensor's coefficients are kept. */
@FunctionalInterface
interface KeepAmount {

    /**
     * Returns the kept number.
     *
     * @param size the number of the tensor's elements
     * @param layer the kind of layer that owns it
     * @param floored whether the published floors apply
     */
    long of(long size, LayerType layer, boolean floored);

    /** A share: {@code max(round(n · rate), floor) + 1} of n, as the published code counts. */
    static KeepAmount rate(double rate) {
        checkRate(rate);
        return (size, layer, floored) -> {
            long count = Math.round(size * rate);
            long kept = floored ? Math.max(count, layer.getFloor()) + 1 : Math.max(count, 1);
            return Math.min(kept, size);
        };
    }

    /** The same number of each tensor, or all of a smaller one. */
    static KeepAmount count(long kept) {
        if (kept < 1) {
            throw new IllegalArgumentException("The kept number must be 1 or more but is " + kept);
        }
        return (size, layer, floored) -> Math.min(kept, size);
    }

    /** Checks a rate that an argument gives. */
    static void checkRate(double rate) {
        if (!(rate > 0 && rate <= 1)) {
            throw new IllegalArgumentException(
                    "A rate must be above 0 and at most 1 but is " + rate);
        }
    }
}
