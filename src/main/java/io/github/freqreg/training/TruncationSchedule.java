package io.github.freqreg.training;

/**
 * The fraction of the initial coefficients that remains after each step of a truncation.
 *
 * <p>A tensor with s initial coefficients keeps {@code max(target, round(s · remaining(step)))}. A
 * schedule that reaches zero therefore brings every tensor to its target.
 */
@FunctionalInterface
public interface TruncationSchedule {

    /**
     * Returns the remaining fraction.
     *
     * @param step the number of completed steps, 0 before the first
     * @return the fraction of the initial coefficients, from 1 down to 0
     */
    double remaining(long step);

    /**
     * The published schedule, which cuts a constant fraction of what remains.
     *
     * @param dropRate the fraction that each step cuts, above 0 and below 1
     * @return the schedule {@code (1 - dropRate)^step}
     * @throws IllegalArgumentException if the drop rate is out of range
     */
    static TruncationSchedule geometric(double dropRate) {
        if (!(dropRate > 0 && dropRate < 1)) {
            throw new IllegalArgumentException(
                    "The drop rate must be above 0 and below 1 but is " + dropRate);
        }
        return step -> Math.pow(1 - dropRate, step);
    }

    /**
     * Cuts the same number at each step.
     *
     * @param steps the number of steps to the target, 1 or more
     * @return the schedule {@code 1 - step / steps}
     * @throws IllegalArgumentException if {@code steps} is below 1
     */
    static TruncationSchedule linear(long steps) {
        checkSteps(steps);
        return step -> 1 - progress(step, steps);
    }

    /**
     * Cuts slowly at the beginning and at the end, and fast in between.
     *
     * @param steps the number of steps to the target, 1 or more
     * @return the schedule {@code (1 + cos(π step / steps)) / 2}
     * @throws IllegalArgumentException if {@code steps} is below 1
     */
    static TruncationSchedule cosine(long steps) {
        checkSteps(steps);
        return step -> (1 + Math.cos(Math.PI * progress(step, steps))) / 2;
    }

    /**
     * Cuts fast at first, then more and more slowly (Zhu and Gupta, 2017).
     *
     * @param steps the number of steps to the target, 1 or more
     * @return the schedule {@code (1 - step / steps)³}
     * @throws IllegalArgumentException if {@code steps} is below 1
     */
    static TruncationSchedule cubic(long steps) {
        checkSteps(steps);
        return step -> Math.pow(1 - progress(step, steps), 3);
    }

    private static double progress(long step, long steps) {
        return Math.min(1.0, (double) step / steps);
    }

    private static void checkSteps(long steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("The steps must be 1 or more but are " + steps);
        }
    }
}
