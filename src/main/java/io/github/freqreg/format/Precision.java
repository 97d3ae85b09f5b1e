package io.github.freqreg.format;

import io.github.freqreg.Internal;

/**
 * How a file stores the values of a tensor: as float32, as float16, or quantised to multiples of a
 * step.
 *
 * @param kind the representation
 * @param step the quantisation step, a float32 whose significand has four bits; 0 for the other
 *     kinds
 */
public record Precision(Kind kind, float step) {

    /** IEEE 754 single precision. */
    public static final Precision FLOAT32 = new Precision(Kind.FLOAT32, 0);

    /** IEEE 754 half precision; values are rounded to the nearest. */
    public static final Precision FLOAT16 = new Precision(Kind.FLOAT16, 0);

    /** The largest multiple. Its product with a step of four bits fits a float32 exactly. */
    static final int MAX_MULTIPLE = 1 << 20;

    /** The stored bits of the step's fraction; the leading 1 is implied. */
    static final int FRACTION = 3;

    /** The bits of a float32 fraction that a step does not use. */
    private static final int UNUSED = 23 - FRACTION;

    /** The representations of a value. */
    public enum Kind {
        /** IEEE 754 single precision. */
        FLOAT32,
        /** IEEE 754 half precision. */
        FLOAT16,
        /** Integer multiples of a step. */
        STEPS
    }

    /**
     * Checks the step.
     *
     * @param kind the representation
     * @param step the quantisation step, or 0
     * @throws IllegalArgumentException if the step is not positive and normal or has more than four
     *     bits, or if another kind has a step
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
     * Returns the precision of multiples of a step.
     *
     * @param step the step, which is rounded down to four significant bits
     * @return the precision
     * @throws IllegalArgumentException if the step is not finite or below the smallest normal float
     */
    public static Precision ofStep(float step) {
        return new Precision(Kind.STEPS, rounded(step));
    }

    private static float rounded(float step) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(step) >> UNUSED << UNUSED);
    }

    /**
     * Returns the precision with the next smaller step.
     *
     * @return a step that is 6 to 12 percent smaller; this precision if it has no step or the
     *     smallest one
     */
    public Precision finer() {
        boolean smallest = kind != Kind.STEPS || step == Float.MIN_NORMAL;
        return smallest ? this : ofStepBits(stepBits() - 1);
    }

    /**
     * Returns the precision with the next larger step.
     *
     * @return a step that is 6 to 13 percent larger; this precision if it has no step or the
     *     largest one
     */
    public Precision coarser() {
        boolean largest = kind != Kind.STEPS || ofBits(stepBits() + 1) == Float.POSITIVE_INFINITY;
        return largest ? this : ofStepBits(stepBits() + 1);
    }

    /** Returns the stored bits of the step: the exponent and {@link #FRACTION} bits. */
    int stepBits() {
        return Float.floatToRawIntBits(step) >> UNUSED;
    }

    static Precision ofStepBits(int bits) {
        return ofStep(ofBits(bits));
    }

    private static float ofBits(int bits) {
        return Float.intBitsToFloat(bits << UNUSED);
    }

    /**
     * Rounds a value to the nearest multiple, ties to even. The division is in float32, as it is in
     * quantisation-aware training.
     *
     * @param value a finite value
     * @return an integer
     */
    double multiple(float value) {
        return Math.rint(value / step);
    }

    /**
     * Returns whether a file can store a value as a multiple of the step.
     *
     * @param value a finite value
     * @return whether its multiple is at most 2^20 and the multiple times the step is finite; true
     *     for the other kinds
     */
    public boolean holds(float value) {
        double multiple = kind == Kind.STEPS ? multiple(value) : 0;
        return Math.abs(multiple) <= MAX_MULTIPLE && Float.isFinite((float) multiple * step);
    }

    /**
     * Returns this step, or the finest coarser one with which a file can store a value.
     *
     * @param value a value
     * @return the precision; this one if the value is not finite
     */
    @Internal
    public Precision holding(float value) {
        Precision enough = this;
        while (Float.isFinite(value) && !enough.holds(value)) {
            enough = enough.coarser();
        }
        return enough;
    }

    /**
     * Returns a value as a file with steps holds it.
     *
     * @param value a finite value
     * @return the nearest multiple of the step
     */
    @Internal
    public float nearest(float value) {
        return (float) multiple(value) * step;
    }

    /**
     * Returns whether a value is quantised to zero.
     *
     * @param value a finite value
     * @return whether its nearest multiple is 0; false for the other kinds
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
