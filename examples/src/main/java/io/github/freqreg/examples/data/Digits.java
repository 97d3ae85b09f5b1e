package io.github.freqreg.examples.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Reads images of handwritten digits: MNIST's IDX files, plain or gzipped, or the 10,000 digits
 * bundled with the examples (8,500 for training, 1,500 for the test).
 */
public final class Digits {

    /** The side of an image in pixels. */
    public static final int SIDE = 28;

    /** The name of a data set whose test set is MNIST's. */
    public static final String MNIST = "MNIST";

    /** The checksum of MNIST's test set; other data sets use the same file names. */
    private static final int MNIST_TEST = 0xb5fd8402;

    private static final int PIXELS = SIDE * SIDE;
    private static final int MAX_IMAGES = 1_000_000;
    private static final int MAX_BYTES = 4 * Integer.BYTES + MAX_IMAGES * PIXELS;
    private static final int EMBEDDED_TRAINING = 8_500;
    private static final String EMBEDDED = "digits/";

    private Digits() {}

    /** Reads the digits that are bundled with the examples. */
    public static Images.Split embedded() {
        Images all =
                images(
                        embedded("images-idx3-ubyte.gz", 3),
                        embedded("labels-idx1-ubyte.gz", 1),
                        "the embedded digits");
        return Images.Split.of(
                all.part(0, EMBEDDED_TRAINING),
                all.part(EMBEDDED_TRAINING, all.size()),
                "embedded digits");
    }

    /** Reads the four MNIST files in a folder. */
    public static Images.Split load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new DataException(folder + ": expected a folder with the MNIST IDX files");
        }
        Images training = read(folder, "train");
        Images test = read(folder, "t10k");
        String name = test.checksum() == MNIST_TEST ? MNIST : Images.name(folder);
        return Images.Split.of(training, test, name);
    }

    private static Images read(Path folder, String prefix) {
        return images(
                file(folder, prefix + "-images-idx3-ubyte", 3),
                file(folder, prefix + "-labels-idx1-ubyte", 1),
                folder + ", " + prefix);
    }

    private static Images images(byte[] pixels, byte[] labels, String source) {
        if (pixels.length != (long) labels.length * PIXELS) {
            throw new DataException(
                    source
                            + ": expected one label per image but found "
                            + pixels.length / PIXELS
                            + " images and "
                            + labels.length
                            + " labels");
        }
        return new Images(1, SIDE, pixels, labels);
    }

    private static byte[] file(Path folder, String name, int rank) {
        Path file = Packed.find(folder, name);
        return idx(Packed.read(file, MAX_BYTES, "IDX file"), rank, file.toString());
    }

    private static byte[] embedded(String name, int rank) {
        try (InputStream in = Digits.class.getResourceAsStream(EMBEDDED + name)) {
            return idx(Packed.unzip(in.readAllBytes(), MAX_BYTES, name), rank, name);
        } catch (IOException e) {
            throw new DataException("The embedded " + name + " cannot be read: " + e, e);
        }
    }

    /** Decodes an IDX file of unsigned bytes: magic 0, 0, 8, rank; the extents; the bytes. */
    static byte[] idx(byte[] file, int rank, String source) {
        ByteBuffer header = ByteBuffer.wrap(file);
        int headerLength = (1 + rank) * Integer.BYTES;
        if (file.length < headerLength) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: expected a header of %d bytes but the file has %d",
                            source,
                            headerLength,
                            file.length));
        }
        int magic = header.getInt();
        if (magic != (8 << 8 | rank)) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: expected an IDX file of bytes, rank %d (%08x), but found %08x",
                            source,
                            rank,
                            8 << 8 | rank,
                            magic));
        }
        int count = header.getInt();
        if (count < 1 || count > MAX_IMAGES) {
            throw new DataException(
                    source + ": expected 1 to " + MAX_IMAGES + " entries but found " + count);
        }
        for (int axis = 1; axis < rank; axis++) {
            int extent = header.getInt();
            if (extent != SIDE) {
                throw new DataException(
                        source + ": expected images of 28×28 but found an extent of " + extent);
            }
        }
        int length = rank == 1 ? count : count * PIXELS;
        if (header.remaining() != length) {
            throw new DataException(
                    source
                            + ": expected "
                            + length
                            + " bytes after the header but found "
                            + header.remaining());
        }
        byte[] bytes = Arrays.copyOfRange(file, headerLength, file.length);
        checkLabels(bytes, rank, source);
        return bytes;
    }

    private static void checkLabels(byte[] bytes, int rank, String source) {
        for (byte label : bytes) {
            if (rank == 1 && (label < 0 || label > 9)) {
                throw new DataException(
                        source + ": expected labels 0 to 9 but found " + (label & 0xff));
            }
        }
    }
}
