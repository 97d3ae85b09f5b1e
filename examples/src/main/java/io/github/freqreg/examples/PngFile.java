package io.github.freqreg.examples;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Writes images as PNG. */
final class PngFile {

    private PngFile() {}

    /** Writes an image to a file, whole or not at all; folders that are missing are made. */
    static void write(BufferedImage image, Path file) throws IOException {
        WholeFile.write(file, out -> write(image, out));
    }

    /** Writes an image to a stream. */
    static void write(BufferedImage image, OutputStream out) throws IOException {
        if (!ImageIO.write(image, "png", out)) {
            throw new IOException("Java has no writer of PNG for this image");
        }
    }
}
