package io.github.freqreg.execution;

import io.github.freqreg.spectrum.TransformCost;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Estimates the cost of a layer's pass from shapes.
 *
 * <pre>
 * cost = operations / {@value #OPERATIONS} + bytes / {@value #BYTES} + steps · {@value #STEP}   nanoseconds
 * </pre>
 *
 * <p>A multiplication and an addition count as two operations, and each number that is read or
 * written as four bytes. The constants were measured once, on two cores of an AMD EPYC. Only their
 * ratios matter. They are fixed so that a network computes in the same way on every machine.
 */
final class CostModel {

    private static final double OPERATIONS = TransformCost.OPERATIONS;
    private static final double BYTES = TransformCost.BYTES;
    private static final double STEP = TransformCost.STEP;

    private static final int WIDTH = Float.BYTES;

    private CostModel() {}

    /** Returns the cheapest way; of equally cheap ones, the first. */
    static Factorization pick(List<Factorization> ways, LayerSizes sizes, boolean training) {
        return Collections.min(ways, Comparator.comparingDouble(way -> cost(way, sizes, training)));
    }

    /** Returns the expected nanoseconds of a pass of which all maps are stored. */
    static double cost(Factorization way, LayerSizes s, boolean training) {
        return cost(way, s, Traffic.WHOLE, training);
    }

    /**
     * Returns the expected nanoseconds of a pass; of training, including the backward pass.
     *
     * @param way how the layer computes
     * @param s the sizes of the layer and its input
     * @param traffic which maps are stored
     * @param training whether a backward pass follows
     */
    static double cost(Factorization way, LayerSizes s, Traffic traffic, boolean training) {
        double cost = layer(way, s, traffic, training);
        if (training) {
            // Rebuilding the weight, and transforming its gradient into that of the coefficients.
            double weight = weight(way, s);
            double rebuilt =
                    (way.projects() ? 0 : TransformCost.nanoseconds(weight, s.inTerms()))
                            + (way.expands() ? 0 : TransformCost.nanoseconds(weight, s.outTerms()));
            cost += 2 * (rebuilt + 2 * weight * WIDTH / BYTES);
        }
        return cost;
    }

    /** Returns the expected nanoseconds of the plain layer. */
    static double dense(LayerSizes s, boolean training) {
        return layer(Factorization.REBUILD, s, Traffic.WHOLE, training);
    }

    /**
     * Which maps with all channels a factored pass moves through memory.
     *
     * @param inputRead whether it reads the input; false if the previous layer has projected it
     * @param output what happens to the output
     */
    record Traffic(boolean inputRead, MapUse output) {

        static final Traffic WHOLE = new Traffic(true, MapUse.STORED);
    }

    /** Returns the nanoseconds of projecting or expanding maps; only linear layers use the FFT. */
    private static double mix(LayerSizes s, double numbers, double terms) {
        return s.linear()
                ? TransformCost.nanoseconds(numbers, terms)
                : TransformCost.matrix(numbers, terms);
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
        double computed = s.batch() * s.groups() * out * s.outPlaces();

        double operations = 2 * computed * in * s.taps();
        double numbers = projected + computed + weight(way, s);
        double steps = 1;
        double mixes = 0;
        if (way.projects()) {
            mixes += mix(s, input, s.inTerms());
            numbers += (traffic.inputRead() ? input : 0) + projected;
            steps++;
        }
        if (way.expands()) {
            mixes += mix(s, output, s.outTerms());
            numbers += computed + (traffic.output() == MapUse.PROJECTED ? 0 : output);
            steps += 2;
        }
        if (s.identity() && way != Factorization.REBUILD) {
            // The input is added to the output.
            numbers += input + 2 * output;
            steps++;
        }
        // The backward pass costs twice as much: gradients of the input and of the weight.
        double passes = training ? 3 : 1;
        return passes * (mixes + operations / OPERATIONS + numbers * WIDTH / BYTES + steps * STEP);
    }
}
