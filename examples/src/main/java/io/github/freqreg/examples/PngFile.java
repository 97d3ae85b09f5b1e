package io.github.freqreg.examples;

import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Writes images as PNG. */
final class PngFile {

    private PngFile() {}

    /** Writes an image to a file, whole or not at all; folders that are missing are made. */
    static void write(BufferedImage image, Path file) throws IOException {
        WholeFile.write(file, bytes(image));
    }

    /** What a file of an image holds. */
    static byte[] bytes(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (!ImageIO.write(image, "png", out)) {
            throw new IOException("Java has no writer of PNG for this image");
        }
        return out.toByteArray();
    }
}
