package io.github.freqreg.examples.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.font.FontRenderContext;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A dot plot of the bytes of tensors, in the file and in the dense network. */
final class DotPlot {

    private static final int DOTS_WIDTH = 912;
    private static final int NAME_SPACE = 8;
    private static final int DOTS_FRAME = 90;
    private static final int DOTS_ROW = 22;

    private DotPlot() {}

    /**
     * Draws the bytes of tensors, one below the other.
     *
     * @param names of the tensors
     * @param dense the bytes of each in the dense network, if they are known
     * @param compressed the bytes of each in the file
     * @param theme how it looks
     */
    static BufferedImage draw(
            List<String> names, Optional<double[]> dense, double[] compressed, Theme theme) {
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
                                DoubleStream.of(dense.orElse(compressed)))
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
        dense.ifPresent(
                sizes -> {
                    connect(chart, sizes, compressed, places, theme);
                    dots(chart, "dense", sizes, places, theme.dense());
                });
        dots(chart, "compressed", compressed, places, theme.compressed());
        return Charts.paint(
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
