package io.github.freqreg.examples;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Consumer;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Charts of compressed networks. Images have {@value #SCALE} pixels for each unit of length. */
final class Charts {

    /** For fine screens, and for paper. */
    static final int SCALE = 2;

    private static final int HEIGHT = 360;
    private static final int STRIP = 130;
    private static final int HEAT_WIDTH = 500;
    private static final int BAR_SPACE = 66;
    private static final int BAR = 12;
    private static final int HISTOGRAM_WIDTH = 400;
    private static final int BINS_A_DECADE = 8;
    private static final int DOTS_WIDTH = 900;
    private static final int DOTS_FRAME = 90;
    private static final int DOTS_ROW = 22;

    /** Of matplotlib's viridis, in even steps: equal steps look equal, in gray too. */
    private static final int[] VIRIDIS = {
        0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725
    };

    private Charts() {}

    /** Paints a chart as an image. */
    static BufferedImage paint(Chart<?, ?> chart) {
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

    /** Draws a spectrum as a heat map, with the colours of magnitudes beside it. */
    static BufferedImage heatMap(FoldedSpectrum spectrum, Decades decades, Theme theme) {
        boolean strip = spectrum.rowLabel() == null;
        int height = strip ? STRIP : HEIGHT;
        XYChart chart =
                new XYChartBuilder()
                        .width(HEAT_WIDTH - BAR_SPACE)
                        .height(height)
                        .xAxisTitle(spectrum.columnLabel())
                        .yAxisTitle(strip ? "" : spectrum.rowLabel())
                        .build();
        double right = spectrum.columns() - 0.5;
        double top = spectrum.rows() - 0.5;
        theme.dress(chart.getStyler());
        chart.getStyler()
                .setXAxisMin(-0.5)
                .setXAxisMax(right)
                .setYAxisMin(-0.5)
                .setYAxisMax(top)
                .setYAxisTicksVisible(!strip)
                .setPlotGridLinesVisible(false)
                .setxAxisTickLabelsFormattingFunction(x -> tick(x, spectrum.columnStep()))
                .setyAxisTickLabelsFormattingFunction(y -> tick(y, spectrum.rowStep()))
                .setXAxisTickMarkSpacingHint(40)
                .setYAxisTickMarkSpacingHint(40)
                .setPlotContentSize(1)
                .setLegendVisible(false);
        // The chart draws the axes; the cells are drawn over it, as one image without seams.
        chart.addSeries("corners", new double[] {0, right}, new double[] {0, top})
                .setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter)
                .setMarker(SeriesMarkers.NONE);
        BufferedImage cells = cells(spectrum, decades, theme);
        return paint(
                HEAT_WIDTH,
                height,
                theme.background(),
                graphics -> {
                    chart.paint(graphics, chart.getWidth(), height);
                    int x = (int) Math.round(chart.getScreenXFromChart(-0.5));
                    int y = (int) Math.round(chart.getScreenYFromChart(top));
                    int w = (int) Math.round(chart.getScreenXFromChart(right)) - x;
                    int h = (int) Math.round(chart.getScreenYFromChart(-0.5)) - y;
                    graphics.setClip(null);
                    graphics.setRenderingHint(
                            RenderingHints.KEY_INTERPOLATION,
                            RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
                    graphics.drawImage(cells, x, y, w, h, null);
                    colourBar(graphics, chart.getWidth() + 8, y, h, decades, theme);
                });
    }

    private static String tick(double place, int step) {
        boolean whole = Math.abs(place - Math.rint(place)) < 1e-9;
        return whole ? String.valueOf((long) Math.rint(place) * step) : "";
    }

    private static BufferedImage cells(FoldedSpectrum spectrum, Decades decades, Theme theme) {
        int rows = spectrum.rows();
        int columns = spectrum.columns();
        BufferedImage image = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                float cell = spectrum.cells()[row * columns + column];
                Color colour =
                        Float.isNaN(cell) ? theme.background() : viridis(decades.place(cell));
                image.setRGB(column, rows - 1 - row, colour.getRGB());
            }
        }
        return image;
    }

    private static void colourBar(
            Graphics2D graphics, int x, int y, int height, Decades decades, Theme theme) {
        for (int i = 0; i < height; i++) {
            graphics.setColor(viridis(1 - (i + 0.5) / height));
            graphics.fillRect(x, y + i, BAR, 1);
        }
        graphics.setFont(Theme.font());
        graphics.setColor(theme.pale());
        int step = height < STRIP ? decades.count() : 1;
        for (int i = 0; i <= decades.count(); i += step) {
            int at = y + height - Math.round((float) height * i / decades.count());
            int down = Math.max(y + 9, Math.min(at + 4, y + height));
            graphics.drawString(Decades.label(decades.low() + i), x + BAR + 5, down);
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

    /** Draws how many coefficients have which magnitude; those below the decades are not drawn. */
    static BufferedImage histogram(float[] values, Decades decades, Theme theme) {
        int bins = decades.count() * BINS_A_DECADE;
        double[] edges = new double[bins + 1];
        double[] counts = new double[bins + 1];
        for (int i = 0; i <= bins; i++) {
            edges[i] = Math.pow(10, decades.low() + (double) i / BINS_A_DECADE);
        }
        for (float value : values) {
            double magnitude = Math.abs(value);
            if (!decades.isBelow(magnitude)) {
                counts[Math.min(bins - 1, (int) (decades.place(magnitude) * bins))]++;
            }
        }
        XYChart chart =
                new XYChartBuilder()
                        .width(HISTOGRAM_WIDTH)
                        .height(HEIGHT)
                        .xAxisTitle("magnitude")
                        .yAxisTitle("coefficients")
                        .build();
        theme.dress(chart.getStyler());
        chart.getStyler()
                .setDefaultSeriesRenderStyle(XYSeriesRenderStyle.StepArea)
                .setXAxisLogarithmic(true)
                .setXAxisLogarithmicDecadeOnly(true)
                .setxAxisTickLabelsFormattingFunction(
                        x -> Decades.label((int) Math.rint(Math.log10(x))))
                .setYAxisMin(0.0)
                .setPlotGridVerticalLinesVisible(false)
                .setYAxisDecimalPattern("#,###")
                .setLegendVisible(false);
        XYSeries series = chart.addSeries("coefficients", edges, counts);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(theme.compressed());
        series.setFillColor(theme.compressed());
        return paint(chart);
    }

    /**
     * Draws the bytes of tensors, one below the other.
     *
     * @param names of the tensors
     * @param dense the bytes of each in the dense network, or null where they are not known
     * @param compressed the bytes of each in the file
     * @param theme how it looks
     */
    static BufferedImage bytes(
            List<String> names, double[] dense, double[] compressed, Theme theme) {
        int count = names.size();
        XYChart chart =
                new XYChartBuilder()
                        .width(DOTS_WIDTH)
                        .height(DOTS_FRAME + DOTS_ROW * count)
                        .xAxisTitle("bytes, log scale")
                        .build();
        theme.dress(chart.getStyler());
        double[] places = new double[count];
        for (int i = 0; i < count; i++) {
            places[i] = -i;
        }
        chart.getStyler()
                .setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter)
                .setXAxisLogarithmic(true)
                .setXAxisLogarithmicDecadeOnly(true)
                .setXAxisDecimalPattern("#,###")
                .setYAxisMin(0.5 - count)
                .setYAxisMax(0.5)
                .setYAxisTickMarkSpacingHint(DOTS_ROW - 4)
                .setyAxisTickLabelsFormattingFunction(y -> name(names, y))
                .setMarkerSize(9)
                .setPlotContentSize(1)
                .setLegendPosition(Styler.LegendPosition.OutsideS);
        if (dense != null) {
            connect(chart, dense, compressed, places, theme);
            dots(chart, "dense", dense, places, theme.dense());
        }
        dots(chart, "compressed", compressed, places, theme.compressed());
        return paint(chart);
    }

    private static String name(List<String> names, double place) {
        int at = (int) Math.rint(-place);
        boolean whole = Math.abs(at + place) < 1e-6;
        return whole && at >= 0 && at < names.size() ? names.get(at) : "";
    }

    /** A line from the compressed to the dense size of each tensor; NaN lifts the pen. */
    private static void connect(
            XYChart chart, double[] dense, double[] compressed, double[] places, Theme theme) {
        double[] x = new double[3 * places.length];
        double[] y = new double[3 * places.length];
        for (int i = 0; i < places.length; i++) {
            x[3 * i] = compressed[i];
            x[3 * i + 1] = dense[i];
            x[3 * i + 2] = dense[i];
            y[3 * i] = places[i];
            y[3 * i + 1] = places[i];
            y[3 * i + 2] = Double.NaN;
        }
        XYSeries lines = chart.addSeries("lines", x, y);
        lines.setXYSeriesRenderStyle(XYSeriesRenderStyle.Line);
        lines.setMarker(SeriesMarkers.NONE);
        lines.setLineColor(theme.line());
        lines.setShowInLegend(false);
    }

    private static void dots(
            XYChart chart, String name, double[] x, double[] places, Color colour) {
        XYSeries dots = chart.addSeries(name, x, places);
        dots.setMarker(SeriesMarkers.CIRCLE);
        dots.setMarkerColor(colour);
    }
}
