package io.github.freqreg.file;

/** The values that float16 can hold. */
final class Float16Range {

    /** Above it float16 rounds to infinity. */
    private static final float MAX = 65504f;

    /** The smallest normal float16; below it relative errors grow, up to all of the value. */
    private static final float MIN_NORMAL = 0x1p-14f;

    private Float16Range() {}

    /** Returns whether float16 holds values to 2^-11 of the largest of them. */
    static boolean holds(float[] values) {
        float largest = largest(values);
        return largest == 0 || largest >= MIN_NORMAL && largest <= MAX;
    }

    /** Returns whether a value other than 0 is so small that float16 loses digits of it. */
    static boolean losesDigits(float[] values) {
        for (float value : values) {
            if (value != 0 && Math.abs(value) < MIN_NORMAL) {
                return true;
            }
        }
        return false;
    }

    /** Returns the largest magnitude. */
    static float largest(float[] values) {
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
