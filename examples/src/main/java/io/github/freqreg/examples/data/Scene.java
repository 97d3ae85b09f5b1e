package io.github.freqreg.examples.data;

import static io.github.freqreg.examples.data.Texture.uniform;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;

/**
 * A square image of one object in front of a background, with the object's mask.
 *
 * <p>A value class: the arrays are not copied, and not to be changed.
 *
 * @param size its side in pixels
 * @param colors red, green and blue planes, row by row, 0 to 255
 * @param mask 1 in the object, 0 around it, row by row
 */
public record Scene(int size, byte[] colors, byte[] mask) implements Serializable {

    private static final int CHANNELS = 3;
    private static final double TURN = Math.toRadians(15);
    private static final double ZOOM = 0.2;
    private static final double MOVE = 0.1;
    private static final double LIGHT = 0.2;
    private static final double NOISE = 12;

    /**
     * Reads an image with its mask, scaled to a square.
     *
     * @param pair the files
     * @param size the square's side in pixels
     * @return the scene
     * @throws DataException if a file cannot be read, one is no image, or the mask is of another
     *     size
     */
    public static Scene read(ImagePair pair, int size) {
        BufferedImage image = ImageFile.readRgb(pair.image());
        return of(image, Masks.read(pair, image), size);
    }

    /** Scales an image and its mask to a square. */
    static Scene of(BufferedImage image, boolean[] foreground, int size) {
        BufferedImage scaled = scale(image, size, size);
        int[] pixels = scaled.getRGB(0, 0, size, size, null, 0, size);
        byte[] colors = new byte[CHANNELS * pixels.length];
        byte[] mask = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                colors[channel * pixels.length + i] = (byte) (pixels[i] >> (16 - 8 * channel));
            }
            // The pixel in whose place the centre of the new one is.
            int y = (2 * (i / size) + 1) * image.getHeight() / (2 * size);
            int x = (2 * (i % size) + 1) * image.getWidth() / (2 * size);
            mask[i] = (byte) (foreground[y * image.getWidth() + x] ? 1 : 0);
        }
        return new Scene(size, colors, mask);
    }

    /** Scales an image by bilinear interpolation. */
    public static BufferedImage scale(BufferedImage image, int width, int height) {
        if (image.getWidth() == width && image.getHeight() == height) {
            return image;
        }
        BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = scaled.createGraphics();
        graphics.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(image, 0, 0, width, height, null);
        graphics.dispose();
        return scaled;
    }

    /**
     * Returns the image.
     *
     * @return a copy, in red, green and blue
     */
    public BufferedImage image() {
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < mask.length; i++) {
            int color = 0;
            for (int channel = 0; channel < CHANNELS; channel++) {
                color = color << 8 | colors[channel * mask.length + i] & 0xff;
            }
            image.setRGB(i % size, i / size, color);
        }
        return image;
    }

    /**
     * Turns, zooms, moves and mirrors the scene, and changes its light; beyond its edges it goes on
     * as at them.
     *
     * @param random draws how
     * @return the scene so varied
     */
    public Scene varied(Random random) {
        double angle = uniform(random, TURN);
        double zoom = Math.exp(uniform(random, ZOOM));
        double mirror = random.nextBoolean() ? -1 : 1;
        double right = uniform(random, MOVE) * size;
        double down = uniform(random, MOVE) * size;
        double contrast = 1 + uniform(random, LIGHT);
        double[] light = new double[CHANNELS];
        double common = uniform(random, LIGHT);
        for (int channel = 0; channel < CHANNELS; channel++) {
            light[channel] = 255 * (common + uniform(random, LIGHT / 2));
        }
        double cos = Math.cos(angle) * zoom;
        double sin = Math.sin(angle) * zoom;
        double centre = (size - 1) / 2.0;
        byte[] newColors = new byte[colors.length];
        byte[] newMask = new byte[mask.length];
        for (int i = 0; i < mask.length; i++) {
            double dx = (i % size - centre) * mirror;
            double dy = Math.floorDiv(i, size) - centre;
            double x = inside(centre + cos * dx - sin * dy + right);
            double y = inside(centre + sin * dx + cos * dy + down);
            newMask[i] = mask[(int) Math.round(y) * size + (int) Math.round(x)];
            for (int channel = 0; channel < CHANNELS; channel++) {
                double color = 128 + contrast * (color(channel, x, y) - 128) + light[channel];
                newColors[channel * mask.length + i] = Texture.clip(color);
            }
        }
        return new Scene(size, newColors, newMask);
    }

    private double inside(double position) {
        return Math.max(0, Math.min(size - 1.0, position));
    }

    /** The colour between four pixels, weighted by nearness. */
    private double color(int channel, double x, double y) {
        int left = Math.min((int) x, size - 2);
        int top = Math.min((int) y, size - 2);
        int at = channel * mask.length + top * size + left;
        double across = x - left;
        double upper = (colors[at] & 0xff) * (1 - across) + (colors[at + 1] & 0xff) * across;
        double lower =
                (colors[at + size] & 0xff) * (1 - across) + (colors[at + size + 1] & 0xff) * across;
        return upper * (1 - (y - top)) + lower * (y - top);
    }

    /**
     * Draws a scene: a smooth, blob-like object with one texture before another.
     *
     * @param size its side in pixels
     * @param random draws it
     * @return the scene
     */
    public static Scene draw(int size, Random random) {
        Texture back = new Texture(random);
        Texture front = new Texture(random);
        double centreX = size * (0.5 + uniform(random, 0.15));
        double centreY = size * (0.5 + uniform(random, 0.15));
        double radius = size * (0.25 + uniform(random, 0.08));
        double[] bumps = {uniform(random, 0.3), uniform(random, 0.2), uniform(random, 0.15)};
        double turn = uniform(random, Math.PI);
        byte[] colors = new byte[CHANNELS * size * size];
        byte[] mask = new byte[size * size];
        for (int i = 0; i < mask.length; i++) {
            double x = i % size - centreX;
            double y = Math.floorDiv(i, size) - centreY;
            double angle = Math.atan2(y, x) + turn;
            double edge = 1;
            for (int wave = 0; wave < bumps.length; wave++) {
                edge += bumps[wave] * Math.cos((wave + 2) * angle + wave);
            }
            mask[i] = (byte) (Math.hypot(x, y) < radius * edge ? 1 : 0);
            Texture texture = mask[i] == 1 ? front : back;
            for (int channel = 0; channel < CHANNELS; channel++) {
                colors[channel * mask.length + i] =
                        texture.pixel(channel, x / size, y / size, random, NOISE);
            }
        }
        return new Scene(size, colors, mask);
    }

    /**
     * Gives scenes of one size to a network.
     *
     * @param manager keeps the array
     * @param scenes one or more
     * @return (scenes, 3, size, size), with red, green and blue from 0 to 1
     */
    public static NDArray inputs(NDManager manager, List<Scene> scenes) {
        int size = scenes.get(0).size;
        int each = CHANNELS * size * size;
        float[] numbers = new float[scenes.size() * each];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (scenes.get(i / each).colors[i % each] & 0xff) / 255f;
        }
        return array(manager, numbers, new Shape(scenes.size(), CHANNELS, size, size));
    }

    /**
     * Returns the labels of scenes of one size.
     *
     * @param manager keeps the array
     * @param scenes one or more
     * @return (scenes, size, size), 1 in the object and 0 around it
     */
    public static NDArray labels(NDManager manager, List<Scene> scenes) {
        int size = scenes.get(0).size;
        int each = size * size;
        float[] numbers = new float[scenes.size() * each];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = scenes.get(i / each).mask[i % each];
        }
        return array(manager, numbers, new Shape(scenes.size(), size, size));
    }

    private static NDArray array(NDManager manager, float[] numbers, Shape shape) {
        return manager.create(FloatBuffer.wrap(numbers), shape, DataType.FLOAT32);
    }
}
