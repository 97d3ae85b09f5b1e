package io.github.freqreg.examples.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Masks of objects in images: read, drawn over the image, and written.
 *
 * <p>A mask has an element for each pixel, row by row, which is true in the object.
 */
public final class Masks {

    private static final int FOREGROUND = 128;
    private static final int RED = 0xff3030;

    private Masks() {}

    /**
     * Makes a mask of labels.
     *
     * @param labels 1 in the object, 0 around it
     * @return the mask
     */
    public static boolean[] of(byte[] labels) {
        boolean[] mask = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            mask[i] = labels[i] == 1;
        }
        return mask;
    }

    /**
     * Reads a mask.
     *
     * @param pair the files, with a mask
     * @param image the image of this pair
     * @return the mask
     * @throws DataException if the file cannot be read, is no image, or of another size
     */
    public static boolean[] read(ImagePair pair, BufferedImage image) {
        Path file = pair.mask().orElseThrow();
        BufferedImage mask = ImageFile.readRgb(file);
        if (mask.getWidth() != image.getWidth() || mask.getHeight() != image.getHeight()) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: expected a mask of %dx%d pixels, as its image, but found %dx%d",
                            file,
                            image.getWidth(),
                            image.getHeight(),
                            mask.getWidth(),
                            mask.getHeight()));
        }
        boolean[] foreground = new boolean[mask.getWidth() * mask.getHeight()];
        for (int i = 0; i < foreground.length; i++) {
            int color = mask.getRGB(i % mask.getWidth(), i / mask.getWidth());
            foreground[i] = (color & 0xff) >= FOREGROUND;
        }
        return foreground;
    }

    /**
     * Writes a mask as a black and white PNG file, whole or not at all.
     *
     * @param mask the mask
     * @param image whose mask it is
     * @param file the path; missing folders are created
     * @throws IOException if it cannot be written
     */
    public static void write(boolean[] mask, BufferedImage image, Path file) throws IOException {
        BufferedImage picture =
                new BufferedImage(
                        image.getWidth(), image.getHeight(), BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < mask.length; i++) {
            picture.setRGB(i % image.getWidth(), i / image.getWidth(), mask[i] ? 0xffffff : 0);
        }
        PngFile.write(picture, file);
    }

    /**
     * Writes an image with its object tinted red.
     *
     * @param mask the mask
     * @param image whose mask it is
     * @param file the path; missing folders are created
     * @throws IOException if it cannot be written
     */
    public static void writeOverlay(boolean[] mask, BufferedImage image, Path file)
            throws IOException {
        BufferedImage overlay =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < mask.length; i++) {
            int x = i % image.getWidth();
            int y = i / image.getWidth();
            int color = image.getRGB(x, y);
            // Halves of both colours: the lowest bit of each channel is dropped first.
            int tinted = ((color & 0xfefefe) >> 1) + ((RED & 0xfefefe) >> 1);
            overlay.setRGB(x, y, mask[i] ? tinted : color);
        }
        PngFile.write(overlay, file);
    }
}
