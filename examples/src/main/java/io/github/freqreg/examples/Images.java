package io.github.freqreg.examples;

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

/**
 * Square images of ten classes, in memory.
 *
 * @param channels 1 for gray, 3 for red, green and blue
 * @param side of an image in pixels
 * @param pixels image after image, channel after channel, row by row, 0 to 255
 * @param labels the class of each image, 0 to 9
 */
record Images(int channels, int side, byte[] pixels, byte[] labels) {

    /** How many classes there are. */
    static final int CLASSES = 10;

    /**
     * A training and a test set.
     *
     * @param source where they are from, in words
     */
    record Split(Images training, Images test, String source) {

        /** Where the images are from, and how many they are. */
        String describe() {
            return String.format(
                    Locale.ROOT,
                    "%s: %,d training and %,d test images",
                    source,
                    training.size(),
                    test.size());
        }

        /** The same with fewer training images, evenly spread: a file may be sorted by class. */
        Split subset(int count) {
            return count >= training.size()
                    ? this
                    : new Split(training.pick(spread(count, training.size())), test, source);
        }
    }

    /** So many indices, or all, at equal distances. */
    static List<Integer> spread(int count, int size) {
        int most = Math.min(count, size);
        return IntStream.range(0, most).mapToObj(i -> (int) ((long) i * size / most)).toList();
    }

    /** What a folder is called, wherever it is. */
    static String name(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    int size() {
        return labels.length;
    }

    /** The numbers of an image. */
    int imageSize() {
        return channels * side * side;
    }

    Images part(int from, int to) {
        return new Images(
                channels,
                side,
                Arrays.copyOfRange(pixels, from * imageSize(), to * imageSize()),
                Arrays.copyOfRange(labels, from, to));
    }

    private Images pick(List<Integer> indices) {
        return varied(indices, new Random(0), 0, false);
    }

    /**
     * Moves images by a few pixels, each axis by its own draw; what enters is black.
     *
     * @param indices which images
     * @param random draws how they are varied
     * @param most the largest move in pixels
     * @param mirrored whether every second image, by a draw, is seen in a mirror
     * @return varied copies with their labels
     */
    Images varied(List<Integer> indices, Random random, int most, boolean mirrored) {
        Images varied =
                new Images(
                        channels,
                        side,
                        new byte[indices.size() * imageSize()],
                        new byte[indices.size()]);
        for (int i = 0; i < varied.size(); i++) {
            int from = indices.get(i);
            int down = random.nextInt(2 * most + 1) - most;
            int right = random.nextInt(2 * most + 1) - most;
            boolean mirror = mirrored && random.nextBoolean();
            for (int channel = 0; channel < channels; channel++) {
                for (int row = Math.max(0, down); row < Math.min(side, side + down); row++) {
                    int theirs = ((from * channels + channel) * side + row - down) * side;
                    int ours = ((i * channels + channel) * side + row) * side;
                    System.arraycopy(
                            pixels,
                            theirs + Math.max(0, -right),
                            varied.pixels,
                            ours + Math.max(0, right),
                            side - Math.abs(right));
                    if (mirror) {
                        reverse(varied.pixels, ours, ours + side);
                    }
                }
            }
            varied.labels[i] = labels[from];
        }
        return varied;
    }

    private static void reverse(byte[] bytes, int from, int to) {
        for (int left = from, right = to - 1; left < right; left++, right--) {
            byte kept = bytes[left];
            bytes[left] = bytes[right];
            bytes[right] = kept;
        }
    }

    /** The pixels in 0..1. */
    float[] values() {
        float[] values = new float[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (pixels[i] & 0xff) / 255f;
        }
        return values;
    }

    /** Makes arrays of shape (count, channels, side, side) in 0..1, and labels of shape (count). */
    Task.Example arrays(NDManager manager) {
        float[] classes = new float[labels.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = labels[i];
        }
        NDArray data =
                manager.create(
                        FloatBuffer.wrap(values()),
                        new Shape(size(), channels, side, side),
                        DataType.FLOAT32);
        return new Task.Example(new NDList(data), new NDList(manager.create(classes)));
    }

    /** Makes a DJL dataset of {@link #arrays}. */
    ArrayDataset dataset(NDManager manager, int batchSize, boolean shuffled) {
        Task.Example all = arrays(manager);
        return new ArrayDataset.Builder()
                .setData(all.data().singletonOrThrow())
                .optLabels(all.labels().singletonOrThrow())
                .setSampling(batchSize, shuffled)
                .build();
    }
}
