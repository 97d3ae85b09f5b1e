package io.github.freqreg.examples.data;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * A PNG or JPEG file. Opening it reads the size of the image without decoding it; reading it
 * decodes the image and rotates it by the orientation in its EXIF data.
 *
 * <p>A truncated or damaged image is rejected. Java's JPEG decoder would fill the missing part with
 * grey and only issue a warning.
 */
public final class ImageFile {

    /** 8192×8192: 256 MiB at 8 bits, 512 MiB at 16. */
    private static final long MAX_PIXELS = 1L << 26;

    /** PNG pixels of one bit, deflated by the largest factor, 1032; a JPEG has fewer. */
    private static final long MAX_PIXELS_A_BYTE = 8L * 1032;

    private static final long MAX_BYTES = 1L << 28;

    /**
     * Warnings that do not indicate missing pixels: about colour profiles, versions, and extraneous
     * bytes. JPEG has no checksum, so a changed byte may go unnoticed, or be reported as
     * extraneous.
     */
    private static final Pattern HARMLESS =
            Pattern.compile(
                    ".*(extraneous bytes|JFIF|Adobe|icc profile|thumbnail).*",
                    Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final byte[] file;
    private final String source;
    private final ImageSize stored;
    private final Orientation orientation;

    private ImageFile(byte[] file, String source) {
        this.file = file;
        this.source = source;
        try (Decoder decoder = new Decoder(file, source)) {
            stored = decoder.size();
            orientation = Orientation.of(file, decoder.reader.getFormatName());
        } catch (IOException e) {
            throw new DataException(source + ": the image cannot be read: " + e, e);
        }
    }

    /**
     * Opens a file and reads the size of its image.
     *
     * @param file the path
     * @throws DataException if the file cannot be read, is not a PNG or JPEG image, or is too large
     */
    public static ImageFile open(Path file) {
        try {
            return open(WholeFile.read(file, MAX_BYTES), file.toString());
        } catch (NoSuchFileException e) {
            throw new DataException(file + ": expected an image, but there is none", e);
        } catch (IOException | MalformedModelException e) {
            throw new DataException(e);
        }
    }

    /** Opens an image in memory; {@code source} is its name in messages. */
    static ImageFile open(byte[] file, String source) {
        return new ImageFile(file, source);
    }

    /** Returns the size of the image after rotation. */
    public ImageSize size() {
        return orientation.upright(stored);
    }

    /**
     * Decodes the image.
     *
     * @return the rotated image, in the colour model of the file
     * @throws DataException if the image is truncated or damaged
     */
    BufferedImage read() {
        try (Decoder decoder = new Decoder(file, source)) {
            return orientation.upright(decoder.image());
        } catch (IOException e) {
            throw new DataException(source + ": the image cannot be read: " + e, e);
        }
    }

    /**
     * Decodes a PNG or JPEG file as RGB.
     *
     * @param file the path
     * @return the image, rotated by its EXIF orientation
     * @throws DataException if the file cannot be read, is not a PNG or JPEG image, or is truncated
     *     or damaged
     */
    public static BufferedImage readRgb(Path file) {
        return open(file).readRgb();
    }

    /**
     * Decodes the image as RGB.
     *
     * @return the rotated image
     * @throws DataException if the image is truncated or damaged
     */
    public BufferedImage readRgb() {
        BufferedImage image = read();
        BufferedImage colors =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        Raster raster = image.getRaster();
        boolean gray = image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
        int depth = image.getSampleModel().getSampleSize(0);
        for (int i = 0; i < image.getWidth() * image.getHeight(); i++) {
            int x = i % image.getWidth();
            int y = i / image.getWidth();
            // getRGB would apply a gamma correction to gray images; use the stored values.
            int color =
                    gray
                            ? raster.getSample(x, y, 0) * 255 / ((1 << depth) - 1) * 0x010101
                            : image.getRGB(x, y);
            colors.setRGB(x, y, color);
        }
        return colors;
    }

    /** Returns the name of the file, for messages. */
    @Override
    public String toString() {
        return source;
    }

    /** Java's decoder for the format of the file. */
    private static final class Decoder implements AutoCloseable {

        private final String source;
        private final int length;
        private final ImageInputStream stream;
        private final ImageReader reader;

        Decoder(byte[] file, String source) throws IOException {
            this.source = source;
            length = file.length;
            stream = ImageIO.createImageInputStream(new ByteArrayInputStream(file));
            Optional<ImageReader> found = reader(stream);
            if (found.isEmpty()) {
                stream.close();
                throw new DataException(source + ": expected a PNG or JPEG image");
            }
            reader = found.get();
            reader.setInput(stream, true, true);
        }

        private static Optional<ImageReader> reader(ImageInputStream stream) throws IOException {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
            while (readers.hasNext()) {
                ImageReader reader = readers.next();
                String format = reader.getFormatName();
                if (format.equalsIgnoreCase("png") || format.equalsIgnoreCase("jpeg")) {
                    return Optional.of(reader);
                }
                reader.dispose();
            }
            return Optional.empty();
        }

        ImageSize size() {
            ImageSize size;
            try {
                size = new ImageSize(reader.getWidth(0), reader.getHeight(0));
            } catch (IOException | RuntimeException e) {
                throw damaged(e);
            }
            long most = Math.min(MAX_PIXELS, MAX_PIXELS_A_BYTE * length);
            if (size.pixels() > most) {
                throw new DataException(
                        source
                                + ": expected an image of at most "
                                + most
                                + " pixels but found "
                                + size);
            }
            return size;
        }

        BufferedImage image() {
            List<String> warnings = new ArrayList<>();
            reader.addIIOReadWarningListener((from, warning) -> warnings.add(warning));
            BufferedImage image;
            try {
                image = reader.read(0);
            } catch (IOException | RuntimeException e) {
                throw damaged(e);
            }
            warnings.removeIf(warning -> HARMLESS.matcher(warning).matches());
            if (!warnings.isEmpty()) {
                throw new DataException(
                        source + ": the image is cut or damaged: " + warnings.get(0));
            }
            return image;
        }

        /** Wraps an exception: Java's decoders throw almost any type for damaged bytes. */
        private DataException damaged(Exception e) {
            return new DataException(source + ": the image cannot be read: " + e, e);
        }

        @Override
        public void close() throws IOException {
            reader.dispose();
            stream.close();
        }
    }
}
