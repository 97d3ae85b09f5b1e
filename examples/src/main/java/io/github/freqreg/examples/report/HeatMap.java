package io.github.freqreg.examples.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A heat map of a spectrum, with a colour bar of magnitudes beside it. */
final class HeatMap {

    private static final int HEIGHT = 360;
    private static final int STRIP = 150;
    private static final int STRIP_CELL = 40;
    private static final int STRIP_WIDTH = 220;
    private static final int HEAT_WIDTH = 514;
    private static final int BAR_SPACE = 80;
    private static final int BAR = 12;
    private static final int TICKS = 40;

    /** The share of the cells that may be at or below the lower end of the colours. */
    private static final double DARKEST = 0.02;

    /** Of matplotlib's viridis, in even steps: equal steps look equal, in gray too. */
    private static final int[] VIRIDIS = {
        0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725
    };

    private HeatMap() {}

    /** Draws the heat map. */
    static BufferedImage draw(FoldedSpectrum spectrum, Theme theme) {
        boolean strip = spectrum.isStrip();
        int height = strip ? STRIP : HEIGHT;
        int most = HEAT_WIDTH - BAR_SPACE;
        int cells = Math.max(STRIP_WIDTH, STRIP_CELL * spectrum.columns());
        int width = strip ? Math.min(most, cells) : most;
        XYChart chart =
                new XYChartBuilder()
                        .width(width)
                        .height(height)
                        .xAxisTitle(spectrum.columnLabel())
                        .yAxisTitle(spectrum.rowLabel().orElse(""))
                        .build();
        // A cell's frequencies begin in its middle.
        double left = -0.5 * spectrum.columnStep();
        double right = left + (double) spectrum.columns() * spectrum.columnStep();
        double bottom = -0.5 * spectrum.rowStep();
        double top = bottom + (double) spectrum.rows() * spectrum.rowStep();
        theme.dress(chart.getStyler());
        chart.getStyler()
                .setXAxisMin(left)
                .setXAxisMax(right)
                .setYAxisMin(bottom)
                .setYAxisMax(top)
                .setXAxisTicksVisible(spectrum.columns() > 1)
                .setYAxisTicksVisible(spectrum.rows() > 1)
                .setPlotGridLinesVisible(false)
                .setXAxisTickMarkSpacingHint(
                        spacing(width, spectrum.columns(), spectrum.columnStep()))
                .setYAxisTickMarkSpacingHint(spacing(height, spectrum.rows(), spectrum.rowStep()))
                .setPlotContentSize(1)
                .setLegendVisible(false);
        // The chart draws the axes; the cells are drawn over it, as one image without seams.
        chart.addSeries("corners", new double[] {0, right}, new double[] {0, top})
                .setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter)
                .setMarker(SeriesMarkers.NONE);
        Magnitudes scale = Magnitudes.withoutLeast(spectrum.cells(), DARKEST);
        boolean cut = spectrum.hasBelow(scale);
        BufferedImage image = cells(spectrum, scale, theme);
        return Charts.paint(
                width + BAR_SPACE,
                height,
                theme.background(),
                graphics -> {
                    chart.paint(graphics, chart.getWidth(), height);
                    int x = (int) Math.round(chart.getScreenXFromChart(left));
                    int y = (int) Math.round(chart.getScreenYFromChart(top));
                    int w = (int) Math.round(chart.getScreenXFromChart(right)) - x;
                    int h = (int) Math.round(chart.getScreenYFromChart(bottom)) - y;
                    graphics.setClip(null);
                    graphics.setRenderingHint(
                            RenderingHints.KEY_INTERPOLATION,
                            RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
                    graphics.drawImage(image, x, y, w, h, null);
                    colourBar(graphics, chart.getWidth() + 8, y, h, scale, cut, theme);
                });
    }

    /** Between ticks, so that there are none between whole numbers; one cell has no tick. */
    private static int spacing(int length, int cells, int step) {
        return cells == 1
                ? TICKS
                : Math.max(TICKS, (int) Math.round(0.8 * length / ((double) cells * step)));
    }

    private static BufferedImage cells(FoldedSpectrum spectrum, Magnitudes scale, Theme theme) {
        int rows = spectrum.rows();
        int columns = spectrum.columns();
        BufferedImage image = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                float cell = spectrum.cells()[row * columns + column];
                Color colour = Float.isNaN(cell) ? theme.background() : viridis(scale.place(cell));
                image.setRGB(column, rows - 1 - row, colour.getRGB());
            }
        }
        return image;
    }

    private static void colourBar(
            Graphics2D graphics,
            int x,
            int y,
            int height,
            Magnitudes scale,
            boolean cut,
            Theme theme) {
        for (int i = 0; i < height; i++) {
            graphics.setColor(viridis(1 - (i + 0.5) / height));
            graphics.fillRect(x, y + i, BAR, 1);
        }
        graphics.setFont(Theme.font());
        graphics.setColor(theme.pale());
        List<Double> marks = new ArrayList<>(List.of(scale.low(), scale.high()));
        double apart = (double) TICKS / 2 / height * (scale.high() - scale.low());
        for (double decade = Math.ceil(scale.low()); decade < scale.high(); decade++) {
            if (decade > scale.low() + apart && decade < scale.high() - apart) {
                marks.add(decade);
            }
        }
        for (double mark : marks) {
            double share = (mark - scale.low()) / (scale.high() - scale.low());
            int at = (int) Math.round(y + height * (1 - share) + 9 * share);
            String orLess = cut && mark == scale.low() ? "≤" : "";
            graphics.drawString(orLess + Magnitudes.label(mark), x + BAR + 5, at);
        }
    }

    private static Color viridis(double share) {
        double place = share * (VIRIDIS.length - 1);
        int at = Math.min((int) place, VIRIDIS.length - 2);
        float[] from = new Color(VIRIDIS[at]).getRGBColorComponents(null);
        float[] to = new Color(VIRIDIS[at + 1]).getRGBColorComponents(null);
        float way = (float) (place - at);
        return new Color(
                from[0] + way * (to[0] - from[0]),
                from[1] + way * (to[1] - from[1]),
                from[2] + way * (to[2] - from[2]));
    }
}
