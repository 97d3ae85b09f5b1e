package io.github.freqreg.execution;

import io.github.freqreg.execution.Factorization.Sizes;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * What a pass through a layer is expected to cost, from shapes alone.
 *
 * <pre>
 * cost = operations / {@value #OPERATIONS} + bytes / {@value #BYTES} + steps · {@value #STEP}   nanoseconds
 * </pre>
 *
 * <p>with a multiplication and an addition counted as two operations, and each number read or
 * written as four bytes. The constants were measured once, on two cores of an AMD EPYC; only their
 * ratio decides. They are fixed, so that a network picks the same way, and answers the same, on
 * every machine.
 */
final class CostModel {

    /** Operations in a nanosecond, in a large convolution. */
    static final double OPERATIONS = 90;

    /** Bytes in a nanosecond, streamed. */
    static final double BYTES = 8;

    /** Nanoseconds of an operation of the engine, whatever its size. */
    static final double STEP = 8_000;

    private static final int WIDTH = Float.BYTES;

    private CostModel() {}

    /** The cheapest of some ways; of equal ones, the first. */
    static Factorization pick(List<Factorization> ways, Sizes sizes, boolean training) {
        return Collections.min(ways, Comparator.comparingDouble(way -> cost(way, sizes, training)));
    }

    /** The expected nanoseconds of a pass; of training, with the way back. */
    static double cost(Factorization way, Sizes s, boolean training) {
        double cost = layer(way, s, training, true, true);
        if (training) {
            // The weight is made, and its gradient is brought back to the coefficients.
            double weight = weight(way, s);
            double made = 2 * weight * (s.inBox() + s.outBox());
            cost += 2 * (made / OPERATIONS + 2 * weight * WIDTH / BYTES);
        }
        return cost;
    }

    /** The expected nanoseconds of the plain layer. */
    static double dense(Sizes s, boolean training) {
        return layer(Factorization.REBUILD, s, training, true, true);
    }

    /**
     * The expected nanoseconds of an inference that is fused with what follows.
     *
     * @param read whether the input is read, rather than brought projected by the layer before
     * @param written whether the output is written, rather than projected for the layer after
     */
    static double fused(Factorization way, Sizes s, boolean read, boolean written) {
        return layer(way, s, false, read, written);
    }

    private static double weight(Factorization way, Sizes s) {
        double in = way.project() ? s.inBox() : s.in();
        double out = way.expand() ? s.outBox() : s.out();
        return s.groups() * out * in * s.taps();
    }

    private static double layer(
            Factorization way, Sizes s, boolean training, boolean read, boolean written) {
        double in = way.project() ? s.inBox() : s.in();
        double out = way.expand() ? s.outBox() : s.out();
        double input = s.batch() * s.groups() * s.in() * s.inPlaces();
        double output = s.batch() * s.groups() * s.out() * s.outPlaces();
        double projected = s.batch() * s.groups() * in * s.inPlaces();
        double answered = s.batch() * s.groups() * out * s.outPlaces();

        double operations = 2 * answered * in * s.taps();
        double numbers = projected + answered + weight(way, s);
        double steps = 1;
        if (way.project()) {
            operations += 2 * projected * s.in();
            numbers += (read ? input : 0) + projected;
            steps++;
        }
        if (way.expand()) {
            operations += 2 * answered * s.out();
            numbers += answered + (written ? output : 0);
            steps += 2;
        }
        // Twice as much on the way back: for the input and for the weight.
        double passes = training ? 3 : 1;
        return passes * (operations / OPERATIONS + numbers * WIDTH / BYTES + steps * STEP);
    }
}
