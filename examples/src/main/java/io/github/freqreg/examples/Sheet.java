package io.github.freqreg.examples;

import java.awt.image.BufferedImage;

/** Sets small gray images side by side. */
final class Sheet {

    private static final int GAP = 2;

    private Sheet() {}

    /**
     * Draws a sheet.
     *
     * @param pixels image after image, row by row, 0 to 1
     * @param side of an image in pixels
     * @param columns how many images are in a row
     */
    static BufferedImage of(float[] pixels, int side, int columns) {
        int count = pixels.length / (side * side);
        int rows = (count + columns - 1) / columns;
        BufferedImage sheet =
                new BufferedImage(
                        columns * (side + GAP) + GAP,
                        rows * (side + GAP) + GAP,
                        BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < count * side * side; i++) {
            int image = i / (side * side);
            int x = GAP + image % columns * (side + GAP) + i % side;
            int y = GAP + image / columns * (side + GAP) + i / side % side;
            int gray = Math.round(255 * Math.max(0, Math.min(1, pixels[i])));
            sheet.getRaster().setSample(x, y, 0, gray);
        }
        return sheet;
    }
}
