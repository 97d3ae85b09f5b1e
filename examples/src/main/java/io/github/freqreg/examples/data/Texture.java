package io.github.freqreg.examples.data;

import java.util.Random;

/** Two colours and a wave between them, drawn at random. */
final class Texture {

    private static final int CHANNELS = 3;

    private final double[] one = new double[CHANNELS];
    private final double[] other = new double[CHANNELS];
    private final double across;
    private final double along;
    private final double phase;

    Texture(Random random) {
        for (int channel = 0; channel < CHANNELS; channel++) {
            one[channel] = 40 + 180 * random.nextDouble();
            other[channel] = one[channel] + uniform(random, 50);
        }
        across = uniform(random, 60);
        along = uniform(random, 60);
        phase = uniform(random, Math.PI);
    }

    /** A number from -most to most. */
    static double uniform(Random random, double most) {
        return (2 * random.nextDouble() - 1) * most;
    }

    /**
     * The colour at a place, with noise.
     *
     * @param x in shares of the image's side, as y
     * @param noise its standard deviation
     * @return 0 to 255
     */
    byte pixel(int channel, double x, double y, Random random, double noise) {
        double share = (1 + Math.sin(across * x + along * y + phase)) / 2;
        double color = one[channel] * share + other[channel] * (1 - share);
        return clip(color + noise * random.nextGaussian());
    }

    /** The nearest of 0 to 255. */
    static byte clip(double color) {
        return (byte) Math.round(Math.max(0, Math.min(255, color)));
    }
}
