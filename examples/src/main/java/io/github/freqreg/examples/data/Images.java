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
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Square images of ten classes, in memory.
 *
 * @param channels 1 for gray, 3 for red, green and blue
 * @param side of an image in pixels
 * @param pixels image after image, channel after channel, row by row, 0 to 255
 * @param labels the class of each image, 0 to 9
 */
public record Images(int channels, int side, byte[] pixels, byte[] labels) {

    /** How many classes there are. */
    public static final int CLASSES = 10;

    /**
     * A training and a test set.
     *
     * @param source where they are from, in words
     */
    public record Split(Images training, Images test, String source) {

        /** Where the images are from, and how many they are. */
        public String describe() {
            return String.format(
                    Locale.ROOT,
                    "%s: %,d training and %,d test images",
                    source,
                    training.size(),
                    test.size());
        }

        /** Which images these are. */
        public DataSet data() {
            CRC32C crc = new CRC32C();
            training.addTo(crc);
            test.addTo(crc);
            return new DataSet(source, training.size(), test.size(), (int) crc.getValue());
        }

        /** The same with fewer training images, evenly spread: a file may be sorted by class. */
        public Split subset(int count) {
            return count >= training.size()
                    ? this
                    : new Split(training.pick(spread(count, training.size())), test, source);
        }
    }

    /** So many indices, or all, at equal distances. */
    public static List<Integer> spread(int count, int size) {
        int most = Math.min(count, size);
        return IntStream.range(0, most).mapToObj(i -> (int) ((long) i * size / most)).toList();
    }

    /** What a folder is called, wherever it is. */
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

    /** The CRC-32C of pixels and labels. */
    int checksum() {
        CRC32C crc = new CRC32C();
        addTo(crc);
        return (int) crc.getValue();
    }

    /** The numbers of an image. */
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

    private Images pick(List<Integer> indices) {
        return varied(indices, new Random(0), Variation.NONE);
    }

    /**
     * Varies images.
     *
     * @param indices which images
     * @param random draws how each is varied
     * @param variation what is drawn
     * @return varied copies with their labels
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

    /** The pixels in 0..1. */
    public float[] values() {
        float[] values = new float[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (pixels[i] & 0xff) / 255f;
        }
        return values;
    }

    /** Makes arrays of shape (count, channels, side, side) in 0..1, and labels of shape (count). */
    public Example arrays(NDManager manager) {
        float[] classes = new float[labels.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = labels[i];
        }
        NDArray data =
                manager.create(
                        FloatBuffer.wrap(values()),
                        new Shape(size(), channels, side, side),
                        DataType.FLOAT32);
        return new Example(new NDList(data), new NDList(manager.create(classes)));
    }

    /** Makes a DJL dataset of {@link #arrays}. */
    public ArrayDataset dataset(NDManager manager, int batchSize, boolean shuffled) {
        Example all = arrays(manager);
        return new ArrayDataset.Builder()
                .setData(all.data().singletonOrThrow())
                .optLabels(all.labels().singletonOrThrow())
                .setSampling(batchSize, shuffled)
                .build();
    }
}
