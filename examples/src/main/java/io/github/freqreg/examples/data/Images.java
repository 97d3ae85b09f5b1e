package io.github.freqreg.examples.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Square images of ten classes, in memory.
 *
 * @param channels 1 for gray images, 3 for red, green and blue
 * @param side the side of an image in pixels
 * @param pixels the pixels of all images, 0 to 255, in the order image, channel, row, column
 * @param labels the class of each image, 0 to 9
 */
public record Images(int channels, int side, byte[] pixels, byte[] labels) {

    /** The number of classes. */
    public static final int CLASSES = 10;

    /**
     * The images of a data set. {@link Validation} divides the given training images.
     *
     * @param training the images to train on
     * @param validation the images that choices are made with
     * @param test the images of the final result
     * @param source the name of the data set, for messages and results
     */
    public record Split(Images training, Images validation, Images test, String source) {

        /**
         * Divides the training set of a data set. Every tenth image is for validation: a file may
         * be sorted by class, so that its last tenth would have a single one.
         *
         * @throws DataException if it has fewer than two images
         */
        public static Split of(Images training, Images test, String source) {
            int size = training.size();
            List<Integer> held = spread(size - Validation.trained(size, source), size);
            Set<Integer> validation = new HashSet<>(held);
            List<Integer> rest =
                    IntStream.range(0, size).boxed().filter(i -> !validation.contains(i)).toList();
            return new Split(training.pick(rest), training.pick(held), test, source);
        }

        /** Describes the data set and the numbers of images. */
        public String describe() {
            return String.format(
                    Locale.ROOT,
                    "%s: %,d training, %,d validation and %,d test images",
                    source,
                    training.size(),
                    validation.size(),
                    test.size());
        }

        /** Identifies these images. */
        public DataSet data() {
            CRC32C crc = new CRC32C();
            training.addTo(crc);
            validation.addTo(crc);
            test.addTo(crc);
            return new DataSet(
                    source, training.size(), validation.size(), test.size(), (int) crc.getValue());
        }

        /**
         * Returns a data set with fewer training and validation images. They are evenly spaced,
         * because a file may be sorted by class.
         *
         * @param count the most images of both together
         */
        public Split subset(int count) {
            Images all = training.and(validation);
            return count >= all.size()
                    ? this
                    : of(all.pick(spread(count, all.size())), test, source);
        }
    }

    /**
     * Returns {@code count} evenly spaced indices below {@code size}, or all if there are fewer.
     */
    public static List<Integer> spread(int count, int size) {
        int most = Math.min(count, size);
        return IntStream.range(0, most).mapToObj(i -> (int) ((long) i * size / most)).toList();
    }

    /** Returns the name of a folder without its path. */
    public static String name(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    public int size() {
        return labels.length;
    }

    private void addTo(Checksum sum) {
        sum.update(pixels);
        sum.update(labels);
    }

    /** Returns the CRC-32C of pixels and labels. */
    int checksum() {
        CRC32C crc = new CRC32C();
        addTo(crc);
        return (int) crc.getValue();
    }

    /** Returns the number of values in an image. */
    int imageSize() {
        return channels * side * side;
    }

    public Images part(int from, int to) {
        return new Images(
                channels,
                side,
                Arrays.copyOfRange(pixels, from * imageSize(), to * imageSize()),
                Arrays.copyOfRange(labels, from, to));
    }

    private Images and(Images others) {
        byte[] allPixels = Arrays.copyOf(pixels, pixels.length + others.pixels.length);
        System.arraycopy(others.pixels, 0, allPixels, pixels.length, others.pixels.length);
        byte[] allLabels = Arrays.copyOf(labels, labels.length + others.labels.length);
        System.arraycopy(others.labels, 0, allLabels, labels.length, others.labels.length);
        return new Images(channels, side, allPixels, allLabels);
    }

    private Images pick(List<Integer> indices) {
        return varied(indices, new Random(0), Variation.NONE);
    }

    /**
     * Returns randomly varied copies of images.
     *
     * @param indices the images to copy
     * @param random the source of random numbers
     * @param variation the kinds and limits of the variation
     * @return the copies, with the labels of their images
     */
    public Images varied(List<Integer> indices, Random random, Variation variation) {
        Images varied =
                new Images(
                        channels,
                        side,
                        new byte[indices.size() * imageSize()],
                        new byte[indices.size()]);
        int plane = side * side;
        for (int i = 0; i < varied.size(); i++) {
            int from = indices.get(i);
            Variation.Warp warp = variation.draw(side, random);
            for (int channel = 0; channel < channels; channel++) {
                warp.apply(
                        pixels,
                        (from * channels + channel) * plane,
                        varied.pixels,
                        (i * channels + channel) * plane);
            }
            varied.labels[i] = labels[from];
        }
        return varied;
    }

    /** Returns the pixels, scaled to 0..1. */
    public float[] values() {
        float[] values = new float[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (pixels[i] & 0xff) / 255f;
        }
        return values;
    }

    /**
     * Creates arrays: pixels in 0..1 (count, channels, side, side), and labels (count).
     *
     * <p>The channels of a pixel lie next to each other in memory. PyTorch keeps that order through
     * a convolutional network and computes it faster, above all depthwise convolutions.
     */
    public Example arrays(NDManager manager) {
        float[] classes = new float[labels.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = labels[i];
        }
        NDArray data =
                manager.create(
                        FloatBuffer.wrap(valuesByPixel()),
                        new Shape(size(), side, side, channels),
                        DataType.FLOAT32);
        return new Example(
                new NDList(data.transpose(0, 3, 1, 2)), new NDList(manager.create(classes)));
    }

    /** Returns the pixels, scaled to 0..1, in the order image, row, column, channel. */
    private float[] valuesByPixel() {
        float[] values = values();
        if (channels == 1) {
            return values;
        }
        float[] ordered = new float[values.length];
        int plane = side * side;
        int at = 0;
        for (int image = 0; image < values.length; image += imageSize()) {
            for (int pixel = 0; pixel < plane; pixel++) {
                for (int channel = 0; channel < channels; channel++) {
                    ordered[at++] = values[image + channel * plane + pixel];
                }
            }
        }
        return ordered;
    }

    /** Creates a DJL dataset from {@link #arrays}. */
    public ArrayDataset dataset(NDManager manager, int batchSize, boolean shuffled) {
        Example all = arrays(manager);
        return new ArrayDataset.Builder()
                .setData(all.data().singletonOrThrow())
                .optLabels(all.labels().singletonOrThrow())
                .setSampling(batchSize, shuffled)
                .build();
    }
}
