package io.github.freqreg.examples.networks;

import java.util.Random;
import java.util.stream.DoubleStream;

/**
 * Pictures of overlapping discs and rectangles of random colours, whose statistics resemble those
 * of photographs (Lee and others 2001, <i>Occlusion models for natural images</i>). Every channel
 * has the mean 0 and the variance 1.
 */
final class DeadLeaves {

    private static final int CHANNELS = 3;
    private static final int LEAVES = 150;
    private static final double SMALLEST = 2;
    private static final double LARGEST = 24;

    /** How far beyond the edge a leaf may have its centre, as a share of the side. */
    private static final double MARGIN = 3.0 / 16;

    /** The Cholesky factor of the correlations of red, green and blue: 0.9, 0.8 and 0.92. */
    private static final double[][] COLOURS = {{1, 0, 0}, {0.9, 0.436, 0}, {0.8, 0.459, 0.387}};

    private final int side;
    private final Random random;

    private DeadLeaves(int side, long seed) {
        this.side = side;
        random = new Random(seed);
    }

    /**
     * Draws pictures.
     *
     * @param count the number of pictures
     * @param side their height and width in pixels
     * @param seed of the random numbers
     * @return the elements in the order (count, 3, side, side)
     */
    static float[] draw(int count, int side, long seed) {
        DeadLeaves leaves = new DeadLeaves(side, seed);
        double[][][] pictures = new double[count][][];
        for (int i = 0; i < count; i++) {
            pictures[i] = leaves.picture();
        }
        return standardised(pictures, side * side);
    }

    private double[][] picture() {
        double[][] picture = new double[CHANNELS][side * side];
        for (int i = 0; i < LEAVES; i++) {
            leaf(picture);
        }
        return picture;
    }

    /** Covers a part of the picture. The density of radii r is proportional to r⁻³. */
    private void leaf(double[][] picture) {
        double share = SMALLEST / LARGEST * (SMALLEST / LARGEST);
        double radius = SMALLEST / Math.sqrt(random.nextDouble() * (1 - share) + share);
        double x = place();
        double y = place();
        double[] colour = colour();
        boolean disc = random.nextBoolean();
        double height = radius * random.nextDouble();
        for (int at = 0; at < side * side; at++) {
            int row = at / side;
            double dx = at % side - x;
            double dy = row - y;
            boolean covered =
                    disc
                            ? dx * dx + dy * dy < radius * radius
                            : Math.abs(dx) < radius && Math.abs(dy) < height;
            for (int channel = 0; covered && channel < CHANNELS; channel++) {
                picture[channel][at] = colour[channel];
            }
        }
    }

    private double place() {
        return side * (random.nextDouble() * (1 + 2 * MARGIN) - MARGIN);
    }

    private double[] colour() {
        double[] drawn = DoubleStream.generate(random::nextGaussian).limit(CHANNELS).toArray();
        double[] colour = new double[CHANNELS];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int i = 0; i <= channel; i++) {
                colour[channel] += COLOURS[channel][i] * drawn[i];
            }
        }
        return colour;
    }

    private static float[] standardised(double[][][] pictures, int pixels) {
        float[] values = new float[pictures.length * CHANNELS * pixels];
        double count = (double) pictures.length * pixels;
        for (int channel = 0; channel < CHANNELS; channel++) {
            double sum = 0;
            double squares = 0;
            for (double[][] picture : pictures) {
                for (double value : picture[channel]) {
                    sum += value;
                    squares += value * value;
                }
            }
            double mean = sum / count;
            double deviation = Math.sqrt(squares / count - mean * mean);
            for (int i = 0; i < pictures.length; i++) {
                for (int at = 0; at < pixels; at++) {
                    values[(i * CHANNELS + channel) * pixels + at] =
                            (float) ((pictures[i][channel][at] - mean) / deviation);
                }
            }
        }
        return values;
    }
}
