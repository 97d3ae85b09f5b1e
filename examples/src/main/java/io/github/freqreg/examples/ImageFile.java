package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Reads PNG and JPEG files; how large an image is, is looked at before it is unpacked. */
final class ImageFile {

    /** 8192×8192: 256 MiB at 8 bits, 512 MiB at 16. */
    private static final long MAX_PIXELS = 1L << 26;

    /** Of one bit each in a PNG, deflated as far as that goes, 1032 times; a JPEG has fewer. */
    private static final long MAX_PIXELS_A_BYTE = 8L * 1032;

    private static final long MAX_BYTES = 1L << 28;

    private ImageFile() {}

    /**
     * Reads an image.
     *
     * @param file the path
     * @return the image, in whatever colours the file has
     * @throws DataException if the file cannot be read, or is no image of the kinds and size read
     */
    static BufferedImage read(Path file) {
        try {
            return read(WholeFile.read(file, MAX_BYTES), file.toString());
        } catch (NoSuchFileException e) {
            throw new DataException(file + ": expected an image, but there is none", e);
        } catch (IOException | MalformedModelException e) {
            throw new DataException(e.getMessage(), e);
        }
    }

    /** The same of a file's bytes, with the name it has in messages. */
    static BufferedImage read(byte[] file, String source) throws IOException {
        try (ImageInputStream stream =
                ImageIO.createImageInputStream(new ByteArrayInputStream(file))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
            while (readers.hasNext()) {
                ImageReader reader = readers.next();
                try {
                    String format = reader.getFormatName();
                    if (format.equalsIgnoreCase("png") || format.equalsIgnoreCase("jpeg")) {
                        reader.setInput(stream, true, true);
                        return read(
                                reader,
                                Math.min(MAX_PIXELS, MAX_PIXELS_A_BYTE * file.length),
                                source);
                    }
                } finally {
                    reader.dispose();
                }
            }
        }
        throw new DataException(source + ": expected a PNG or JPEG image");
    }

    private static BufferedImage read(ImageReader reader, long most, String source) {
        try {
            long width = reader.getWidth(0);
            long height = reader.getHeight(0);
            if (width * height > most) {
                throw new DataException(
                        String.format(
                                "%s: expected an image of at most %d pixels but found %d×%d",
                                source, most, width, height));
            }
            return reader.read(0);
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // Java's readers throw about anything on damaged bytes.
            throw new DataException(source + ": the image cannot be read: " + e, e);
        }
    }
}
