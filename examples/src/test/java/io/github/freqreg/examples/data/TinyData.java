package io.github.freqreg.examples.data;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Folders of a few random images, in the layouts of MNIST and CIFAR-10. */
public final class TinyData {

    private TinyData() {}

    /** A folder in MNIST's layout with 64 random images, some files gzipped. */
    public static Path mnist(Path folder) throws IOException {
        Path data = Files.createDirectories(folder.resolve("mnist"));
        Random random = new Random(5);
        for (String prefix : new String[] {"train", "t10k"}) {
            byte[] images = new byte[16 + 64 * 784];
            random.nextBytes(images);
            ByteBuffer.wrap(images).putInt(0x803).putInt(64).putInt(28).putInt(28);
            byte[] labels = new byte[8 + 64];
            ByteBuffer.wrap(labels).putInt(0x801).putInt(64);
            for (int i = 8; i < labels.length; i++) {
                labels[i] = (byte) random.nextInt(10);
            }
            try (OutputStream gzip =
                    new GZIPOutputStream(
                            Files.newOutputStream(
                                    data.resolve(prefix + "-images-idx3-ubyte.gz")))) {
                gzip.write(images);
            }
            Files.write(data.resolve(prefix + "-labels-idx1-ubyte"), labels);
        }
        return data;
    }

    /** Ten images in each of three files, of random pixels. */
    public static Path cifar(Path folder) throws IOException {
        Path data = Files.createDirectories(folder.resolve("cifar"));
        Random random = new Random(5);
        for (String name : new String[] {"data_batch_1", "data_batch_2", "test_batch"}) {
            byte[] bytes = new byte[10 * 3073];
            random.nextBytes(bytes);
            for (int i = 0; i < 10; i++) {
                bytes[i * 3073] = (byte) i;
            }
            Path file = data.resolve(name + ".bin");
            if (name.equals("data_batch_1")) {
                try (OutputStream gzip =
                        new GZIPOutputStream(Files.newOutputStream(Path.of(file + ".gz")))) {
                    gzip.write(bytes);
                }
            } else {
                Files.write(file, bytes);
            }
        }
        return data;
    }
}
