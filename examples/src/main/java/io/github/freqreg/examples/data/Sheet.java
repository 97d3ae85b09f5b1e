package io.github.freqreg.examples.data;

import java.awt.Color;
import java.awt.image.BufferedImage;

/** Sets small images side by side. */
public final class Sheet {

    private static final int GAP = 2;

    private Sheet() {}

    /**
     * Draws a sheet of gray squares.
     *
     * @param pixels image after image, row by row, 0 to 1
     * @param side of an image in pixels
     * @param columns how many images are in a row
     */
    public static BufferedImage of(float[] pixels, int side, int columns) {
        return of(new float[][] {pixels}, side, side, 1, columns, GAP, Color.BLACK);
    }

    /**
     * Draws a sheet.
     *
     * @param bands one for gray, or red, green and blue; each image after image, row by row, 0 to 1
     * @param height of an image in pixels
     * @param width of an image in pixels
     * @param zoom the side of the square that a pixel becomes
     * @param columns how many images are in a row
     * @param gap between images, in pixels of the sheet
     * @param ground between the images; of its colour a gray sheet takes the red
     */
    public static BufferedImage of(
            float[][] bands, int height, int width, int zoom, int columns, int gap, Color ground) {
        int area = height * width;
        int count = bands[0].length / area;
        int rows = (count + columns - 1) / columns;
        int[] between = {ground.getRed(), ground.getGreen(), ground.getBlue()};
        BufferedImage sheet =
                new BufferedImage(
                        columns * (width * zoom + gap) + gap,
                        rows * (height * zoom + gap) + gap,
                        bands.length == 1
                                ? BufferedImage.TYPE_BYTE_GRAY
                                : BufferedImage.TYPE_INT_RGB);
        int acrossEach = width * zoom + gap;
        int downEach = height * zoom + gap;
        for (int band = 0; band < bands.length; band++) {
            for (int y = 0; y < sheet.getHeight(); y++) {
                for (int x = 0; x < sheet.getWidth(); x++) {
                    int image = y / downEach * columns + x / acrossEach;
                    int row = y % downEach - gap;
                    int column = x % acrossEach - gap;
                    int level = between[band];
                    if (image < count && row >= 0 && column >= 0) {
                        float pixel =
                                bands[band][image * area + row / zoom * width + column / zoom];
                        level = Math.round(255 * Math.max(0, Math.min(1, pixel)));
                    }
                    sheet.getRaster().setSample(x, y, band, level);
                }
            }
        }
        return sheet;
    }
}
