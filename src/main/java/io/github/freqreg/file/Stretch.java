package io.github.freqreg.file;

import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive coefficients of a tensor that stand for more than themselves, to estimate bits
 * without coding all.
 *
 * @param from the first position
 * @param to the position after the last
 * @param weight how many coefficients each stands for
 */
record Stretch(int from, int to, double weight) {

    private static final int LENGTH = 1 << 12;

    /** The stretches in positions 2^k to 2^(k+1), at most. */
    private static final int EACH = 1 << 4;

    /**
     * Returns stretches that stand for all coefficients of a tensor: all of the first 2^17, and
     * evenly spread ones in each doubling of the position beyond, since magnitudes fall along the
     * zigzag order.
     *
     * @param count the number of coefficients
     */
    static List<Stretch> of(int count) {
        List<Stretch> stretches = new ArrayList<>();
        int whole = Math.min(count, 2 * EACH * LENGTH);
        stretches.add(new Stretch(0, whole, 1));
        for (long begin = whole; begin < count; begin *= 2) {
            long octave = Math.min(count, 2 * begin) - begin;
            int length = (int) Math.min(LENGTH, Math.max(1, octave / EACH));
            int number = (int) Math.min(EACH, octave);
            for (int i = 0; i < number; i++) {
                int from = (int) (begin + octave * i / number);
                stretches.add(
                        new Stretch(from, from + length, octave / ((double) number * length)));
            }
        }
        return stretches;
    }
}
