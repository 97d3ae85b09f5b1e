package io.github.freqreg.examples.data;

import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;

/** Writes images as PNG, to files whose names say so. */
public final class PngFile {

    private static final String SUFFIX = ".png";

    private PngFile() {}

    /** Whether the name of a file ends in .png. */
    public static boolean isNamed(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    /** What a message says of a name that does not end in .png. */
    public static String complaint(Path file) {
        return "expected a name that ends in " + SUFFIX + ", the only kind written, but is " + file;
    }

    /**
     * Writes an image to a file, whole or not at all; folders that are missing are made.
     *
     * @throws IOException if it cannot be written
     * @throws DataException if the file's name does not end in .png
     */
    public static void write(BufferedImage image, Path file) throws IOException {
        if (!isNamed(file)) {
            throw new DataException(complaint(file));
        }
        WholeFile.write(file, bytes(image));
    }

    /** What a file of an image holds. */
    public static byte[] bytes(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (!ImageIO.write(image, "png", out)) {
            throw new IOException("Java has no writer of PNG for this image");
        }
        return out.toByteArray();
    }
}
