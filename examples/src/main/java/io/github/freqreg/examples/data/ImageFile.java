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
 * A PNG or JPEG file: how large its image is, which is known before it is unpacked, and the image,
 * upright as its EXIF data says.
 *
 * <p>Of an image that is cut or damaged nothing is taken. Java's reader of JPEG fills with grey
 * what is missing, and only warns.
 */
public final class ImageFile {

    /** 8192×8192: 256 MiB at 8 bits, 512 MiB at 16. */
    private static final long MAX_PIXELS = 1L << 26;

    /** Of one bit each in a PNG, deflated as far as that goes, 1032 times; a JPEG has fewer. */
    private static final long MAX_PIXELS_A_BYTE = 8L * 1032;

    private static final long MAX_BYTES = 1L << 28;

    /**
     * Warnings that do not tell that pixels are missing: of colours, versions, and bytes in
     * between. JPEG has no checksum, so a changed byte may go unnoticed, or be reported as bytes in
     * between.
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
     * Opens a file and looks at its image's size.
     *
     * @param file the path
     * @throws DataException if the file cannot be read, or is no image of the kinds and size read
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

    /** The same of a file's bytes, with the name it has in messages. */
    static ImageFile open(byte[] file, String source) {
        return new ImageFile(file, source);
    }

    /** The image's size, upright. */
    public ImageSize size() {
        return orientation.upright(stored);
    }

    /**
     * Unpacks the image.
     *
     * @return the image, upright, in whatever colours the file has
     * @throws DataException if it is cut or damaged
     */
    BufferedImage read() {
        try (Decoder decoder = new Decoder(file, source)) {
            return orientation.upright(decoder.image());
        } catch (IOException e) {
            throw new DataException(source + ": the image cannot be read: " + e, e);
        }
    }

    /**
     * Unpacks a PNG or JPEG file as red, green and blue.
     *
     * @param file the path
     * @return the image, upright as its EXIF data says
     * @throws DataException if it cannot be read, is cut or damaged, or is no such image
     */
    public static BufferedImage readRgb(Path file) {
        return open(file).readRgb();
    }

    /**
     * Unpacks the image as red, green and blue.
     *
     * @return the image, upright
     * @throws DataException if it is cut or damaged
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
            // Java brightens gray when it is asked for its colour; the stored numbers are meant.
            int color =
                    gray
                            ? raster.getSample(x, y, 0) * 255 / ((1 << depth) - 1) * 0x010101
                            : image.getRGB(x, y);
            colors.setRGB(x, y, color);
        }
        return colors;
    }

    /** The name of the file, for messages. */
    @Override
    public String toString() {
        return source;
    }

    /** Java's reader of the file's format. */
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

        /** Java's readers throw about anything on damaged bytes. */
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
