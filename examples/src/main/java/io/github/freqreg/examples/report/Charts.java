package io.github.freqreg.examples.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.function.Consumer;
import org.knowm.xchart.internal.chartpart.Chart;

/** Paints charts as images with {@value #SCALE} pixels for each unit of length. */
public final class Charts {

    /** For fine screens, and for paper. */
    static final int SCALE = 2;

    private Charts() {}

    /** Paints a chart as an image. */
    public static BufferedImage paint(Chart<?, ?> chart) {
        int width = chart.getWidth();
        int height = chart.getHeight();
        Color ground = chart.getStyler().getChartBackgroundColor();
        return paint(width, height, ground, graphics -> chart.paint(graphics, width, height));
    }

    /** Paints an image of a width and height in units of length. */
    static BufferedImage paint(int width, int height, Color ground, Consumer<Graphics2D> painter) {
        BufferedImage image =
                new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.scale(SCALE, SCALE);
        graphics.setRenderingHint(
                RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(ground);
        graphics.fillRect(0, 0, width, height);
        painter.accept(graphics);
        graphics.dispose();
        return image;
    }
}
