package io.github.freqreg.examples;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import javax.imageio.ImageIO;

/** Writes PNG files whole or not at all. */
final class PngFile {

    private PngFile() {}

    /** Writes an image; folders that are missing are made. */
    static void write(BufferedImage image, Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        // Not Files.createTempFile: its files are for the owner's eyes only.
        Path draft = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (OutputStream out = Files.newOutputStream(draft)) {
                if (!ImageIO.write(image, "png", out)) {
                    throw new IOException(file + ": Java has no writer of PNG for this image");
                }
            }
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}
