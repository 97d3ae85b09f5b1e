package io.github.freqreg.examples;

import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Writes images as PNG, to files whose names say so. */
final class PngFile {

    private static final String SUFFIX = ".png";

    private PngFile() {}

    /** The value of an option that names a picture to write. */
    static final class Name implements ITypeConverter<Path> {

        /** {@inheritDoc} */
        @Override
        public Path convert(String name) {
            Path file = Path.of(name);
            if (!isNamed(file)) {
                throw new TypeConversionException(complaint(file));
            }
            return file;
        }
    }

    private static boolean isNamed(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    private static String complaint(Path file) {
        return "expected a name that ends in " + SUFFIX + ", the only kind written, but is " + file;
    }

    /**
     * Writes an image to a file, whole or not at all; folders that are missing are made.
     *
     * @throws IOException if it cannot be written
     * @throws DataException if the file's name does not end in .png
     */
    static void write(BufferedImage image, Path file) throws IOException {
        if (!isNamed(file)) {
            throw new DataException(complaint(file));
        }
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
