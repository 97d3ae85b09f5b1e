package io.github.freqreg.examples.report;

import io.github.freqreg.examples.tasks.Epoch;
import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws learning curves: the metric on the validation examples, the training loss, and the kept
 * numbers.
 */
public final class Curves {

    private static final int WIDTH = 480;
    private static final int HEIGHT = 340;
    private static final int TITLE = 36;

    private Curves() {}

    /**
     * Draws all curves side by side.
     *
     * @param title the title of the image
     * @param learning the learning curves
     */
    public static BufferedImage draw(String title, Learning learning) {
        return sheet(
                title,
                List.of(
                        value(learning, Theme.LIGHT),
                        loss(learning, Theme.LIGHT),
                        numbers(learning, Theme.LIGHT)));
    }

    /** Draws only the curve of the kept numbers. */
    public static BufferedImage drawTruncation(String title, Learning learning) {
        return sheet(title, List.of(numbers(learning, Theme.LIGHT)));
    }

    private static BufferedImage sheet(String title, List<XYChart> charts) {
        return Charts.paint(
                charts.size() * WIDTH,
                TITLE + HEIGHT,
                Theme.LIGHT.background(),
                graphics -> {
                    graphics.setColor(Theme.LIGHT.ink());
                    Font font = new Font(Font.SANS_SERIF, Font.BOLD, TITLE / 2);
                    double width = graphics.getFontMetrics(font).stringWidth(title);
                    double most = charts.size() * WIDTH - TITLE;
                    graphics.setFont(
                            font.deriveFont((float) (font.getSize() * Math.min(1, most / width))));
                    graphics.drawString(title, TITLE / 2, TITLE * 3 / 4);
                    graphics.translate(0, TITLE);
                    for (XYChart chart : charts) {
                        chart.paint(graphics, WIDTH, HEIGHT);
                        graphics.translate(WIDTH, 0);
                    }
                });
    }

    /** Returns the chart of the metric on the validation examples. */
    static XYChart value(Learning learning, Theme theme) {
        return chart(
                learning.metric() + " on the validation set", learning, Epoch::validation, theme);
    }

    /** Returns the chart of the training loss. */
    static XYChart loss(Learning learning, Theme theme) {
        return chart("training loss", learning, Epoch::loss, theme);
    }

    /** Returns the chart of the kept numbers. */
    static XYChart numbers(Learning learning, Theme theme) {
        XYChart chart = chart("numbers kept, log scale", learning, Epoch::numbers, theme);
        LongSummaryStatistics kept =
                learning.runs().values().stream()
                        .flatMap(List::stream)
                        .mapToLong(Epoch::numbers)
                        .summaryStatistics();
        // With whole decades, both ends of the axis have labels.
        if (kept.getCount() > 0) {
            chart.getStyler()
                    .setYAxisMin(Math.pow(10, Math.floor(Math.log10(kept.getMin()))))
                    .setYAxisMax(Math.pow(10, Math.floor(Math.log10(kept.getMax())) + 1));
        }
        chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("#,###");
        return chart;
    }

    private static XYChart chart(
            String what, Learning learning, ToDoubleFunction<Epoch> figure, Theme theme) {
        Map<String, List<Epoch>> runs = learning.runs();
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .xAxisTitle("epoch")
                        .yAxisTitle(what)
                        .build();
        theme.dress(chart.getStyler());
        if (runs.size() < 2 || runs.values().stream().allMatch(List::isEmpty)) {
            chart.getStyler().setLegendVisible(false);
        }
        Color[] colors = {theme.dense(), theme.compressed()};
        int run = colors.length - runs.size();
        for (Map.Entry<String, List<Epoch>> each : runs.entrySet()) {
            List<Epoch> epochs = each.getValue();
            // A resumed training may have no epochs.
            if (epochs.isEmpty()) {
                run++;
                continue;
            }
            XYSeries series =
                    chart.addSeries(
                            each.getKey(),
                            epochs.stream().mapToDouble(Epoch::number).toArray(),
                            epochs.stream().mapToDouble(figure).toArray());
            series.setLineColor(colors[run]);
            series.setMarkerColor(colors[run]);
            series.setMarker(epochs.size() > 1 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
            run++;
        }
        return chart;
    }
}
