package io.github.freqreg.examples.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads the binary version of CIFAR-10, plain or gzipped: {@code test_batch.bin}, {@code
 * data_batch_1.bin}, and those of {@code data_batch_2.bin} to {@code data_batch_5.bin} that exist.
 * An image is stored as one byte for its class, then 32×32 bytes for each of red, green and blue.
 */
public final class Cifar {

    /** Red, green and blue. */
    public static final int CHANNELS = 3;

    /** The side of an image in pixels. */
    public static final int SIDE = 32;

    private static final int PIXELS = CHANNELS * SIDE * SIDE;
    private static final int BATCHES = 5;

    /** The limit for a file; those of CIFAR-10 have 10,000 images. */
    private static final int MAX_IMAGES = 100_000;

    private Cifar() {}

    /** Reads the files in a folder. */
    public static Images.Split load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new DataException(folder + ": expected a folder with CIFAR-10's binary files");
        }
        List<byte[]> training = new ArrayList<>();
        for (int i = 1; i <= BATCHES; i++) {
            Path file = Packed.find(folder, "data_batch_" + i + ".bin");
            if (i == 1 || Files.exists(file)) {
                training.add(read(file));
            }
        }
        return Images.Split.of(
                images(training),
                images(List.of(read(Packed.find(folder, "test_batch.bin")))),
                Images.name(folder));
    }

    private static byte[] read(Path file) {
        byte[] bytes = Packed.read(file, MAX_IMAGES * (1 + PIXELS), "file of CIFAR-10");
        check(bytes, file.toString());
        return bytes;
    }

    /** Checks that the bytes are complete images with valid labels. */
    static void check(byte[] bytes, String source) {
        if (bytes.length % (1 + PIXELS) != 0 || bytes.length == 0) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: expected 1 to %d images of %d bytes but found %d bytes",
                            source,
                            MAX_IMAGES,
                            1 + PIXELS,
                            bytes.length));
        }
        for (int i = 0; i < bytes.length; i += 1 + PIXELS) {
            if (bytes[i] < 0 || bytes[i] >= Images.CLASSES) {
                throw new DataException(
                        source + ": expected labels 0 to 9 but found " + (bytes[i] & 0xff));
            }
        }
    }

    private static Images images(List<byte[]> files) {
        int count = files.stream().mapToInt(bytes -> bytes.length / (1 + PIXELS)).sum();
        byte[] pixels = new byte[Math.multiplyExact(count, PIXELS)];
        byte[] labels = new byte[count];
        int image = 0;
        for (byte[] bytes : files) {
            for (int i = 0; i < bytes.length; i += 1 + PIXELS, image++) {
                labels[image] = bytes[i];
                System.arraycopy(bytes, i + 1, pixels, image * PIXELS, PIXELS);
            }
        }
        return new Images(CHANNELS, SIDE, pixels, labels);
    }
}
