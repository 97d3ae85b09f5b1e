package io.github.freqreg.examples.data;

import java.util.List;
import java.util.Random;

/**
 * Generates colour images of 32×32 pixels in ten classes. Each has one shape at a random position
 * in front of a background; shape and background have different textures. The images are the same
 * in every call.
 */
public final class DrawnShapes {

    private static final int CHANNELS = 3;
    private static final int SIDE = 32;
    private static final int TRAINING = 4_000;
    private static final int TEST = 1_000;
    private static final double NOISE = 8;

    /** The outline of a shape, centred and scaled to -1..1 along each axis. */
    private interface Outline {
        boolean contains(double x, double y);
    }

    private static final List<Outline> OUTLINES =
            List.of(
                    (x, y) -> x * x + y * y < 1,
                    (x, y) -> Math.max(Math.abs(x), Math.abs(y)) < 0.85,
                    (x, y) -> y < 0.8 && y > 2 * Math.abs(x) - 1,
                    (x, y) -> Math.abs(x) + Math.abs(y) < 1,
                    (x, y) -> Math.min(Math.abs(x), Math.abs(y)) < 0.3 && inside(x, y),
                    (x, y) -> Math.abs(Math.abs(x) - Math.abs(y)) < 0.35 && inside(x, y),
                    (x, y) -> Math.abs(Math.hypot(x, y) - 0.75) < 0.25,
                    (x, y) -> Math.abs(x) < 0.35 && inside(x, y),
                    (x, y) -> Math.abs(y) < 0.35 && inside(x, y),
                    (x, y) -> Math.hypot(Math.abs(x) - 0.6, y) < 0.4);

    private DrawnShapes() {}

    private static boolean inside(double x, double y) {
        return Math.max(Math.abs(x), Math.abs(y)) < 1;
    }

    /** Generates 4,000 training images and 1,000 test images. */
    public static Images.Split draw() {
        Random random = new Random(0);
        return Images.Split.of(draw(TRAINING, random), draw(TEST, random), "drawn shapes");
    }

    private static Images draw(int count, Random random) {
        int plane = SIDE * SIDE;
        byte[] pixels = new byte[count * CHANNELS * plane];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            labels[i] = (byte) random.nextInt(OUTLINES.size());
            Outline outline = OUTLINES.get(labels[i]);
            Texture back = new Texture(random);
            Texture front = new Texture(random);
            double radius = 7 + 5 * random.nextDouble();
            double centreX = SIDE / 2.0 + (2 * random.nextDouble() - 1) * (SIDE / 2.0 - radius);
            double centreY = SIDE / 2.0 + (2 * random.nextDouble() - 1) * (SIDE / 2.0 - radius);
            for (int at = 0; at < plane; at++) {
                double x = at % SIDE - centreX;
                double y = Math.floorDiv(at, SIDE) - centreY;
                Texture texture = outline.contains(x / radius, y / radius) ? front : back;
                for (int channel = 0; channel < CHANNELS; channel++) {
                    pixels[(i * CHANNELS + channel) * plane + at] =
                            texture.pixel(channel, x / SIDE, y / SIDE, random, NOISE);
                }
            }
        }
        return new Images(CHANNELS, SIDE, pixels, labels);
    }
}
