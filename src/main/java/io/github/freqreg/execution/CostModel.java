package io.github.freqreg.execution;

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
    static Factorization pick(List<Factorization> ways, LayerSizes sizes, boolean training) {
        return Collections.min(ways, Comparator.comparingDouble(way -> cost(way, sizes, training)));
    }

    /** The expected nanoseconds of a pass; of training, with the way back. */
    static double cost(Factorization way, LayerSizes s, boolean training) {
        double cost = layer(way, s, Traffic.WHOLE, training);
        if (training) {
            // The weight is made, and its gradient is brought back to the coefficients.
            double weight = weight(way, s);
            double made = 2 * weight * (s.inBox() + s.outBox());
            cost += 2 * (made / OPERATIONS + 2 * weight * WIDTH / BYTES);
        }
        return cost;
    }

    /** The expected nanoseconds of the plain layer. */
    static double dense(LayerSizes s, boolean training) {
        return layer(Factorization.REBUILD, s, Traffic.WHOLE, training);
    }

    /** The expected nanoseconds of an inference that is fused with what follows. */
    static double fused(Factorization way, LayerSizes s, Traffic traffic) {
        return layer(way, s, traffic, false);
    }

    /**
     * Which maps of all channels a factored inference moves through memory.
     *
     * @param inputRead whether the input is read; false if the layer before brings it projected
     * @param output what becomes of the output
     */
    record Traffic(boolean inputRead, MapUse output) {

        static final Traffic WHOLE = new Traffic(true, MapUse.STORED);

        boolean isWhole() {
            return inputRead && output != MapUse.PROJECTED;
        }
    }

    private static double weight(Factorization way, LayerSizes s) {
        double in = way.projects() ? s.inBox() : s.in();
        double out = way.expands() ? s.outBox() : s.out();
        return s.groups() * out * in * s.taps();
    }

    private static double layer(
            Factorization way, LayerSizes s, Traffic traffic, boolean training) {
        double in = way.projects() ? s.inBox() : s.in();
        double out = way.expands() ? s.outBox() : s.out();
        double input = s.batch() * s.groups() * s.in() * s.inPlaces();
        double output = s.batch() * s.groups() * s.out() * s.outPlaces();
        double projected = s.batch() * s.groups() * in * s.inPlaces();
        double answered = s.batch() * s.groups() * out * s.outPlaces();

        double operations = 2 * answered * in * s.taps();
        double numbers = projected + answered + weight(way, s);
        double steps = 1;
        if (way.projects()) {
            operations += 2 * projected * s.in();
            numbers += (traffic.inputRead() ? input : 0) + projected;
            steps++;
        }
        if (way.expands()) {
            operations += 2 * answered * s.out();
            numbers += answered + (traffic.output() == MapUse.PROJECTED ? 0 : output);
            steps += 2;
        }
        // Twice as much on the way back: for the input and for the weight.
        double passes = training ? 3 : 1;
        return passes * (operations / OPERATIONS + numbers * WIDTH / BYTES + steps * STEP);
    }
}
