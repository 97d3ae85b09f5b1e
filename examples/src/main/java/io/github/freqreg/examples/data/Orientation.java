package io.github.freqreg.examples.data;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * How a camera was held, from EXIF's tag 274, and the turn that sets its image upright.
 *
 * <p>The constants are in the order of the tag's values, 1 to 8, and named after the sides of the
 * scene at which the stored image's first row and first column are.
 */
enum Orientation {
    TOP_LEFT,
    TOP_RIGHT(Step.FLIP_COLUMNS),
    BOTTOM_RIGHT(Step.FLIP_COLUMNS, Step.FLIP_ROWS),
    BOTTOM_LEFT(Step.FLIP_ROWS),
    LEFT_TOP(Step.SWAP_AXES),
    RIGHT_TOP(Step.SWAP_AXES, Step.FLIP_ROWS),
    RIGHT_BOTTOM(Step.SWAP_AXES, Step.FLIP_COLUMNS, Step.FLIP_ROWS),
    LEFT_BOTTOM(Step.SWAP_AXES, Step.FLIP_COLUMNS);

    /** What turns the stored image upright. */
    private enum Step {
        SWAP_AXES,
        FLIP_COLUMNS,
        FLIP_ROWS
    }

    private static final int TAG = 274;
    private static final int ENTRY = 12;

    /** JPEG's markers: each segment of the header begins with 0xff and a code. */
    private static final int MARKER = 0xff;

    private static final int APP1 = 0xe1;
    private static final int START_OF_SCAN = 0xda;

    private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0, 0};

    private static final int PNG_SIGNATURE = 8;

    private final boolean swapsAxes;
    private final boolean flipsColumns;
    private final boolean flipsRows;

    Orientation(Step... steps) {
        List<Step> all = List.of(steps);
        swapsAxes = all.contains(Step.SWAP_AXES);
        flipsColumns = all.contains(Step.FLIP_COLUMNS);
        flipsRows = all.contains(Step.FLIP_ROWS);
    }

    /**
     * Finds the orientation that a JPEG or PNG file has in its EXIF data.
     *
     * <p>What cannot be understood counts as absent, as image viewers have it.
     *
     * @param file the file's bytes, of any content
     * @param format "JPEG" or "png", in any case
     * @return the orientation; {@link #TOP_LEFT}, the image as it is stored, if the file has none
     */
    static Orientation of(byte[] file, String format) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(file);
            Optional<ByteBuffer> exif =
                    format.equalsIgnoreCase("png") ? ofPng(bytes) : ofJpeg(bytes);
            int value = exif.map(Orientation::value).orElse(1);
            return value >= 1 && value <= values().length ? values()[value - 1] : TOP_LEFT;
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            return TOP_LEFT;
        }
    }

    /** The EXIF data among the segments before the first scan. */
    private static Optional<ByteBuffer> ofJpeg(ByteBuffer file) {
        file.getShort();
        while (true) {
            int code = MARKER;
            if ((file.get() & 0xff) != MARKER) {
                return Optional.empty();
            }
            // Any number of fill bytes may precede a code.
            while (code == MARKER) {
                code = file.get() & 0xff;
            }
            if (code == START_OF_SCAN) {
                return Optional.empty();
            }
            int length = (file.getShort() & 0xffff) - Short.BYTES;
            ByteBuffer segment = file.slice(file.position(), length);
            if (code == APP1 && startsWith(segment, EXIF)) {
                return Optional.of(segment.slice(EXIF.length, length - EXIF.length));
            }
            file.position(file.position() + length);
        }
    }

    /** The EXIF data of a chunk eXIf. */
    private static Optional<ByteBuffer> ofPng(ByteBuffer file) {
        file.position(PNG_SIGNATURE);
        while (file.hasRemaining()) {
            int length = file.getInt();
            byte[] type = new byte[Integer.BYTES];
            file.get(type);
            ByteBuffer chunk = file.slice(file.position(), length);
            if (new String(type, StandardCharsets.ISO_8859_1).equals("eXIf")) {
                return Optional.of(chunk);
            }
            file.position(file.position() + length);
            file.getInt(); // the checksum
        }
        return Optional.empty();
    }

    private static boolean startsWith(ByteBuffer segment, byte[] start) {
        return segment.remaining() >= start.length
                && segment.slice(0, start.length).equals(ByteBuffer.wrap(start));
    }

    /** The tag's value in the first directory of a TIFF structure, or 1. */
    private static int value(ByteBuffer tiff) {
        tiff.order(tiff.getShort(0) == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = tiff.getInt(4);
        int entries = tiff.getShort(directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            int entry = directory + Short.BYTES + i * ENTRY;
            if ((tiff.getShort(entry) & 0xffff) == TAG) {
                return tiff.getShort(entry + 8) & 0xffff;
            }
        }
        return 1;
    }

    /** The size of an image once it is upright. */
    ImageSize upright(ImageSize stored) {
        return swapsAxes
                ? new ImageSize(/* width= */ stored.height(), /* height= */ stored.width())
                : stored;
    }

    /** Sets an image upright; its colours stay as they are stored. */
    BufferedImage upright(BufferedImage stored) {
        if (this == TOP_LEFT) {
            return stored;
        }
        ImageSize size = upright(new ImageSize(stored.getWidth(), stored.getHeight()));
        WritableRaster from = stored.getRaster();
        WritableRaster to = from.createCompatibleWritableRaster(size.width(), size.height());
        Object pixel = null;
        for (int y = 0; y < size.height(); y++) {
            for (int x = 0; x < size.width(); x++) {
                int column = swapsAxes ? y : x;
                int row = swapsAxes ? x : y;
                pixel =
                        from.getDataElements(
                                flipsColumns ? stored.getWidth() - 1 - column : column,
                                flipsRows ? stored.getHeight() - 1 - row : row,
                                pixel);
                to.setDataElements(x, y, pixel);
            }
        }
        return new BufferedImage(stored.getColorModel(), to, stored.isAlphaPremultiplied(), null);
    }
}
