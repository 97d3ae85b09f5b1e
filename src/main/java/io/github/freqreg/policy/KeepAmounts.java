package io.github.freqreg.policy;

/**
 * How many coefficients each tensor keeps.
 *
 * @param amount of all tensors
 * @param overrides of tensors by name
 * @param floors whether rates have the published floors
 * @param startRate the share of all coefficients with which training starts, if it is above the
 *     amount
 */
record KeepAmounts(
        KeepAmount amount, NamePatterns<KeepAmount> overrides, boolean floors, double startRate) {

    /** Returns the kept number at which truncation ends. */
    long target(PlannedTensor tensor, long size) {
        return overrides.find(tensor.name()).orElse(amount).of(size, tensor.layer(), floors);
    }

    /** Returns the kept number at which truncation starts. */
    long start(long size, long target) {
        return Math.max(target, Math.round(size * startRate));
    }
}
