package io.github.freqreg.examples.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Photographs as cameras and broken transfers leave them. */
class ImageFileTest {

    private static final String SOURCE = "photo.jpg";

    @TempDir private Path folder;

    /**
     * The tag's values as the EXIF standard defines them: the sides of the scene at which the
     * stored first row and first column are. Here the first row is red, else the first column is
     * green.
     */
    @ParameterizedTest
    @CsvSource({
        "1, TOP, LEFT",
        "2, TOP, RIGHT",
        "3, BOTTOM, RIGHT",
        "4, BOTTOM, LEFT",
        "5, LEFT, TOP",
        "6, RIGHT, TOP",
        "7, RIGHT, BOTTOM",
        "8, LEFT, BOTTOM"
    })
    void everyOrientationIsSetUpright(int value, Side row, Side column) throws IOException {
        BufferedImage stored = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 48; x++) {
                stored.setRGB(x, y, y < 8 ? 0xff0000 : x < 8 ? 0x00ff00 : 0x0000ff);
            }
        }
        boolean lying = row == Side.TOP || row == Side.BOTTOM;
        ImageSize size = lying ? new ImageSize(48, 32) : new ImageSize(32, 48);
        for (byte[] file :
                List.of(
                        withExif(jpeg(stored), value, ByteOrder.BIG_ENDIAN),
                        withExif(jpeg(stored), value, ByteOrder.LITTLE_ENDIAN),
                        pngWithExif(png(stored), value))) {
            ImageFile opened = ImageFile.open(file, SOURCE);
            assertEquals(size, opened.size());
            BufferedImage image = opened.read();
            assertEquals(size, new ImageSize(image.getWidth(), image.getHeight()));
            for (Side side : Side.values()) {
                int expected = side == row ? 0xff0000 : side == column ? 0x00ff00 : 0x0000ff;
                assertTrue(isNear(expected, side.middle(image)), value + ": " + side);
            }
        }
    }

    /** A side of an image. */
    enum Side {
        TOP,
        BOTTOM,
        LEFT,
        RIGHT;

        /** The colour beside its middle. */
        int middle(BufferedImage image) {
            int across = image.getWidth();
            int down = image.getHeight();
            return switch (this) {
                case TOP -> image.getRGB(across / 2, 2);
                case BOTTOM -> image.getRGB(across / 2, down - 3);
                case LEFT -> image.getRGB(2, down / 2);
                case RIGHT -> image.getRGB(across - 3, down / 2);
            };
        }
    }

    private static boolean isNear(int expected, int found) {
        for (int shift = 0; shift < 24; shift += 8) {
            if (Math.abs((expected >> shift & 0xff) - (found >> shift & 0xff)) > 60) {
                return false;
            }
        }
        return true;
    }

    /** All that reads photographs does so through one class. */
    @Test
    void trainingImagesAreSetUprightToo() throws IOException {
        BufferedImage stored = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
        stored.createGraphics().fillRect(0, 0, 48, 8);
        Path image = folder.resolve("a.jpg");
        Files.write(image, withExif(jpeg(stored), 6, ByteOrder.BIG_ENDIAN));
        Path mask = folder.resolve("a.png");
        Masks.write(
                new boolean[32 * 48], new BufferedImage(32, 48, BufferedImage.TYPE_INT_RGB), mask);
        Scene scene = Scene.read(new ImagePair("a", image, Optional.of(mask)), 16);
        assertTrue(isNear(0xffffff, scene.image().getRGB(15, 8)));
        assertTrue(isNear(0, scene.image().getRGB(8, 0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 65535})
    void anUnknownOrientationIsNone(int value) throws IOException {
        byte[] file =
                withExif(
                        jpeg(new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB)),
                        value,
                        ByteOrder.BIG_ENDIAN);
        assertEquals(new ImageSize(48, 32), ImageFile.open(file, SOURCE).size());
    }

    /** The colours are those stored, whatever they are: 16 bits of gray, or a palette. */
    @Test
    void turningKeepsEveryNumber() {
        BufferedImage gray = new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_GRAY);
        for (int i = 0; i < 6; i++) {
            gray.getRaster().setSample(i % 3, i / 3, 0, 1_000 * i);
        }
        BufferedImage turned = Orientation.RIGHT_TOP.upright(gray);
        assertEquals(gray.getColorModel(), turned.getColorModel());
        assertArrayEquals(
                new int[] {3_000, 0, 4_000, 1_000, 5_000, 2_000},
                turned.getRaster().getPixels(0, 0, 2, 3, (int[]) null));
        BufferedImage binary = new BufferedImage(10, 3, BufferedImage.TYPE_BYTE_BINARY);
        binary.setRGB(9, 0, 0xffffff);
        assertEquals(0xffffffff, Orientation.BOTTOM_RIGHT.upright(binary).getRGB(0, 2));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCutPhotographIsRefusedWhereverItIsCut(boolean progressive) throws IOException {
        BufferedImage noise = new BufferedImage(160, 120, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int i = 0; i < 160 * 120; i++) {
            noise.setRGB(i % 160, i / 160, random.nextInt(1 << 24));
        }
        byte[] whole = jpeg(noise, progressive);
        assertEquals(160, ImageFile.open(whole, SOURCE).read().getWidth());
        // Two bytes less, the end's marker alone is missing.
        for (int length = whole.length - 2; length > 0; length -= 1 + length / 40) {
            byte[] cut = Arrays.copyOf(whole, length);
            DataException e =
                    assertThrows(
                            DataException.class,
                            () -> ImageFile.open(cut, SOURCE).read(),
                            length + " of " + whole.length + " bytes");
            assertTrue(e.getMessage().startsWith(SOURCE + ": "), e.getMessage());
        }
        byte[] png = png(noise);
        // The last chunk, and the checksums of the one before, have no pixels.
        for (int length = png.length - 24; length > 0; length -= 1 + length / 20) {
            byte[] cut = Arrays.copyOf(png, length);
            assertThrows(
                    DataException.class,
                    () -> ImageFile.open(cut, SOURCE).read(),
                    length + " of " + png.length + " bytes");
        }
    }

    /** Zeros in place of what was not transferred: the size is right, the image is not. */
    @Test
    void aPhotographWithAHoleIsRefused() throws IOException {
        byte[] file = jpeg(Scene.draw(200, new Random(2)).image());
        Arrays.fill(file, file.length / 2, file.length - 2, (byte) 0);
        DataException e =
                assertThrows(DataException.class, () -> ImageFile.open(file, SOURCE).read());
        assertTrue(e.getMessage().contains("the image is cut or damaged: "), e.getMessage());
    }

    @Test
    void bytesThatMeanNothingAreNoDamage() throws IOException {
        byte[] file = jpeg(Scene.draw(40, new Random(2)).image());
        ByteArrayOutputStream padded = new ByteArrayOutputStream();
        padded.write(file, 0, file.length - 2);
        padded.write(new byte[5]);
        padded.write(file, file.length - 2, 2);
        assertEquals(40, ImageFile.open(padded.toByteArray(), SOURCE).read().getWidth());
        byte[] longer = Arrays.copyOf(file, file.length + 100);
        assertEquals(40, ImageFile.open(longer, SOURCE).read().getWidth());
    }

    /** The header of a PNG of 60000×60000 pixels, and nothing behind. */
    @Test
    void anImageThatIsTooLargeIsRefusedBeforeItIsUnpacked() throws IOException {
        byte[] header = Arrays.copyOf(png(new BufferedImage(1, 1, 1)), 2_000_000);
        ByteBuffer.wrap(header).putInt(16, 60_000).putInt(20, 60_000);
        ByteBuffer.wrap(header).putInt(29, crc(header, 12, 29));
        DataException e = assertThrows(DataException.class, () -> ImageFile.open(header, SOURCE));
        assertEquals(
                "photo.jpg: expected an image of at most 67108864 pixels but found 60000x60000",
                e.getMessage());
    }

    private static byte[] png(BufferedImage image) throws IOException {
        return PngFile.bytes(image);
    }

    private static byte[] jpeg(BufferedImage image) throws IOException {
        return jpeg(image, false);
    }

    private static byte[] jpeg(BufferedImage image, boolean progressive) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam parameters = writer.getDefaultWriteParam();
            parameters.setProgressiveMode(
                    progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.write(null, new IIOImage(image, null, null), parameters);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** EXIF data of three tags, of which the second is the orientation. */
    private static byte[] exif(int orientation, ByteOrder order) {
        ByteBuffer exif = ByteBuffer.allocate(8 + 2 + 3 * 12 + 4).order(order);
        exif.put((order == ByteOrder.BIG_ENDIAN ? "MM" : "II").getBytes(StandardCharsets.US_ASCII));
        exif.putShort((short) 42).putInt(8).putShort((short) 3);
        for (int tag : new int[] {256, 274, 296}) {
            int value = tag == 274 ? orientation : 2;
            exif.putShort((short) tag).putShort((short) 3).putInt(1);
            exif.putShort((short) value).putShort((short) 0);
        }
        return exif.putInt(0).array();
    }

    /** Puts a comment, a fill byte and EXIF data behind a JPEG's first segment. */
    private static byte[] withExif(byte[] jpeg, int orientation, ByteOrder order)
            throws IOException {
        byte[] exif = exif(orientation, order);
        int first = 4 + ByteBuffer.wrap(jpeg).getShort(4);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(jpeg, 0, first);
        out.write(new byte[] {(byte) 0xff, (byte) 0xfe, 0, 4, 'h', 'i', (byte) 0xff});
        out.write(new byte[] {(byte) 0xff, (byte) 0xe1, 0, (byte) (2 + 6 + exif.length)});
        out.write("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
        out.write(exif);
        out.write(jpeg, first, jpeg.length - first);
        return out.toByteArray();
    }

    /** Puts a chunk eXIf behind a PNG's header. */
    private static byte[] pngWithExif(byte[] png, int orientation) throws IOException {
        byte[] exif = exif(orientation, ByteOrder.BIG_ENDIAN);
        ByteBuffer chunk = ByteBuffer.allocate(12 + exif.length);
        chunk.putInt(exif.length).put("eXIf".getBytes(StandardCharsets.US_ASCII)).put(exif);
        chunk.putInt(crc(chunk.array(), 4, 8 + exif.length));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(png, 0, 33);
        out.write(chunk.array());
        out.write(png, 33, png.length - 33);
        return out.toByteArray();
    }

    private static int crc(byte[] bytes, int from, int to) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }
}
