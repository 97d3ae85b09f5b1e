package io.github.freqreg.format;

/**
 * How the numbers of a tensor are stored: as float32, as float16, or as whole multiples of a step.
 *
 * @param kind which of them
 * @param step of which the numbers are multiples, {@code m · 2ᵉ} with m of four bits; 0 for the
 *     other kinds
 */
public record Precision(Kind kind, float step) {

    /** IEEE 754, 32 bits. */
    public static final Precision FLOAT32 = new Precision(Kind.FLOAT32, 0);

    /** IEEE 754, 16 bits; numbers are rounded to the nearest. */
    public static final Precision FLOAT16 = new Precision(Kind.FLOAT16, 0);

    /** The largest multiple; with a step of four bits, a float32 holds it exactly. */
    static final int MAX_MULTIPLE = 1 << 20;

    /** Bits of a step's fraction. */
    static final int FRACTION = 3;

    private static final int LEFT_OUT = 23 - FRACTION;

    /** What numbers are stored as. */
    public enum Kind {
        /** IEEE 754, 32 bits. */
        FLOAT32,
        /** IEEE 754, 16 bits. */
        FLOAT16,
        /** Whole multiples of a step. */
        STEPS
    }

    /**
     * Checks the step.
     *
     * @param kind of the numbers
     * @param step a step, or 0
     * @throws IllegalArgumentException if a step is missing, or is none that a file can hold
     */
    public Precision {
        boolean fits =
                kind == Kind.STEPS
                        ? step >= Float.MIN_NORMAL && Float.isFinite(step) && step == rounded(step)
                        : step == 0;
        if (!fits) {
            throw new IllegalArgumentException(
                    "A step of " + kind + " cannot be " + step + ": round it with ofStep");
        }
    }

    /**
     * Stores multiples of a step.
     *
     * @param step the step; it is rounded down to four bits
     * @return the precision
     * @throws IllegalArgumentException if it is not finite, or below the smallest normal number
     */
    public static Precision ofStep(float step) {
        return new Precision(Kind.STEPS, rounded(step));
    }

    private static float rounded(float step) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(step) >> LEFT_OUT << LEFT_OUT);
    }

    /**
     * Returns the next finer steps.
     *
     * @return steps that are 6 to 12 percent smaller; of the other kinds, and of the smallest step,
     *     the same
     */
    public Precision finer() {
        boolean smallest = kind != Kind.STEPS || step == Float.MIN_NORMAL;
        return smallest ? this : ofStepBits(stepBits() - 1);
    }

    /**
     * Returns the next coarser steps.
     *
     * @return steps that are 6 to 13 percent larger; of the other kinds, and of the largest step,
     *     the same
     */
    public Precision coarser() {
        boolean largest = kind != Kind.STEPS || ofBits(stepBits() + 1) == Float.POSITIVE_INFINITY;
        return largest ? this : ofStepBits(stepBits() + 1);
    }

    /** The bits of the step that are stored: exponent and fraction. */
    int stepBits() {
        return Float.floatToRawIntBits(step) >> LEFT_OUT;
    }

    static Precision ofStepBits(int bits) {
        return ofStep(ofBits(bits));
    }

    private static float ofBits(int bits) {
        return Float.intBitsToFloat(bits << LEFT_OUT);
    }

    /**
     * The multiple that is nearest to a value, the even one of two, by float32 as in training.
     *
     * @param value a finite value
     * @return a whole number
     */
    double multiple(float value) {
        return Math.rint(value / step);
    }

    /**
     * Returns whether a value is near a multiple that a file holds.
     *
     * @param value a finite value
     * @return whether it is at most 2^20 steps, and these are finite; true for the other kinds
     */
    public boolean holds(float value) {
        double multiple = kind == Kind.STEPS ? multiple(value) : 0;
        return Math.abs(multiple) <= MAX_MULTIPLE && Float.isFinite((float) multiple * step);
    }

    /**
     * Returns whether a value is stored as zero multiples of a step.
     *
     * @param value a finite value
     * @return whether it is; false for the other kinds
     */
    public boolean isZero(float value) {
        return kind == Kind.STEPS && multiple(value) == 0;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return kind == Kind.STEPS
                ? "steps of " + step
                : kind == Kind.FLOAT16 ? "float16" : "float32";
    }
}
