package io.github.freqreg.examples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Charts of compressed networks. Images have {@value #SCALE} pixels for each unit of length. */
final class Charts {

    /** For fine screens, and for paper. */
    static final int SCALE = 2;

    private static final int HEIGHT = 360;
    private static final int LOW = 210;
    private static final int STRIP = 150;
    private static final int STRIP_CELL = 40;
    private static final int STRIP_WIDTH = 220;
    private static final int HEAT_WIDTH = 514;
    private static final int BAR_SPACE = 80;
    private static final int BAR = 12;
    private static final int HISTOGRAM_WIDTH = 400;
    private static final int BINS_A_DECADE = 8;
    private static final int TICKS = 40;
    private static final int DOTS_WIDTH = 912;
    private static final int NAME_SPACE = 8;
    private static final int DOTS_FRAME = 90;
    private static final int DOTS_ROW = 22;

    /** Of the cells, which may be at or below the lower end of the colours. */
    private static final double DARKEST = 0.02;

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
    static BufferedImage heatMap(FoldedSpectrum spectrum, Theme theme) {
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
                        .yAxisTitle(strip ? "" : spectrum.rowLabel())
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
        return paint(
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

    /**
     * Draws how many coefficients have which magnitude; those below the scale are not drawn.
     *
     * @param values of the coefficients
     * @param scale of whole decades
     * @param low whether it is to be low, beside a strip
     * @param theme how it looks
     */
    static BufferedImage histogram(float[] values, Magnitudes scale, boolean low, Theme theme) {
        int bins = (int) Math.round(BINS_A_DECADE * (scale.high() - scale.low()));
        double[] edges = new double[bins + 1];
        double[] counts = new double[bins + 1];
        for (int i = 0; i <= bins; i++) {
            edges[i] = Math.pow(10, scale.low() + (double) i / BINS_A_DECADE);
        }
        for (float value : values) {
            double magnitude = Math.abs(value);
            if (!scale.isBelow(magnitude)) {
                counts[Math.min(bins - 1, (int) (scale.place(magnitude) * bins))]++;
            }
        }
        XYChart chart =
                new XYChartBuilder()
                        .width(HISTOGRAM_WIDTH)
                        .height(low ? LOW : HEIGHT)
                        .xAxisTitle("magnitude")
                        .yAxisTitle("coefficients")
                        .build();
        theme.dress(chart.getStyler());
        chart.getStyler()
                .setDefaultSeriesRenderStyle(XYSeriesRenderStyle.StepArea)
                .setXAxisLogarithmic(true)
                .setXAxisLogarithmicDecadeOnly(true)
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
        FontRenderContext fonts = new FontRenderContext(null, true, true);
        int left = NAME_SPACE;
        for (String name : names) {
            double width = Theme.font().getStringBounds(name, fonts).getWidth();
            left = Math.max(left, NAME_SPACE + (int) Math.ceil(width));
        }
        int beside = left;
        XYChart chart =
                new XYChartBuilder()
                        .width(DOTS_WIDTH - beside)
                        .height(DOTS_FRAME + DOTS_ROW * count)
                        .xAxisTitle("bytes, logarithmic scale")
                        .build();
        theme.dress(chart.getStyler());
        double[] places = new double[count];
        for (int i = 0; i < count; i++) {
            places[i] = -i;
        }
        double[] all =
                DoubleStream.concat(
                                DoubleStream.of(compressed),
                                DoubleStream.of(dense == null ? compressed : dense))
                        .sorted()
                        .toArray();
        // A little beyond, for the dots at the ends.
        double low = all[0] / 1.5;
        double high = all[all.length - 1] * 1.5;
        chart.getStyler()
                .setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter)
                .setXAxisLogarithmic(true)
                .setXAxisMin(low)
                .setXAxisMax(high)
                .setXAxisDecimalPattern("#,###")
                .setYAxisMin(0.5 - count)
                .setYAxisMax(0.5)
                .setYAxisTicksVisible(false)
                .setPlotGridLinesVisible(false)
                .setMarkerSize(9)
                .setPlotContentSize(1);
        grid(chart, low, high, count, theme);
        if (dense != null) {
            connect(chart, dense, compressed, places, theme);
            dots(chart, "dense", dense, places, theme.dense());
        }
        dots(chart, "compressed", compressed, places, theme.compressed());
        return paint(
                DOTS_WIDTH,
                chart.getHeight(),
                theme.background(),
                graphics -> {
                    graphics.translate(beside, 0);
                    chart.paint(graphics, chart.getWidth(), chart.getHeight());
                    graphics.setClip(null);
                    graphics.setFont(Theme.font());
                    graphics.setColor(theme.ink());
                    for (int i = 0; i < count; i++) {
                        String name = names.get(i);
                        int right = graphics.getFontMetrics().stringWidth(name);
                        int y = (int) Math.round(chart.getScreenYFromChart(-i));
                        graphics.drawString(name, -right, y + 4);
                    }
                });
    }

    /** A line at each power of ten; the chart's own grid would have them between too. */
    private static void grid(XYChart chart, double low, double high, int count, Theme theme) {
        int first = (int) Math.ceil(Math.log10(low));
        int last = (int) Math.floor(Math.log10(high));
        for (int decade = first; decade <= last; decade++) {
            double at = Math.pow(10, decade);
            line(
                    chart,
                    "decade " + decade,
                    new double[] {at, at},
                    new double[] {0.5 - count, 0.5},
                    theme.line());
        }
    }

    private static void line(XYChart chart, String name, double[] x, double[] y, Color colour) {
        XYSeries line = chart.addSeries(name, x, y);
        line.setXYSeriesRenderStyle(XYSeriesRenderStyle.Line);
        line.setMarker(SeriesMarkers.NONE);
        line.setLineStyle(new BasicStroke(1));
        line.setLineColor(colour);
        line.setShowInLegend(false);
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
        line(chart, "lines", x, y, theme.pale());
    }

    private static void dots(
            XYChart chart, String name, double[] x, double[] places, Color colour) {
        XYSeries dots = chart.addSeries(name, x, places);
        dots.setMarker(SeriesMarkers.CIRCLE);
        dots.setMarkerColor(colour);
    }
}
