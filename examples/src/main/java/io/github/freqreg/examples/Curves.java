package io.github.freqreg.examples;

import io.github.freqreg.examples.Training.Epoch;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws learning curves: the figure on the test set, the loss, and the numbers kept. */
final class Curves {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 400;
    private static final int TITLE = 36;
    private static final Color[] COLORS = {new Color(0x8a8a8a), new Color(0x1f77b4)};

    private Curves() {}

    /**
     * Draws the curves of some networks side by side.
     *
     * @param title over them all
     * @param metric what the figure is
     * @param runs the epochs of each network by its name, in the order of drawing
     */
    static BufferedImage draw(String title, String metric, Map<String, List<Epoch>> runs) {
        List<XYChart> charts = new ArrayList<>();
        charts.add(chart(metric, runs, Epoch::value));
        charts.add(chart("loss in training", runs, Epoch::loss));
        charts.add(chart("numbers kept", runs, Epoch::numbers));
        charts.get(2).getStyler().setYAxisLogarithmic(true);
        int width = charts.size() * WIDTH;
        BufferedImage sheet = new BufferedImage(width, TITLE + HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, TITLE + HEIGHT);
        graphics.setRenderingHint(
                RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.BLACK);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, TITLE / 2));
        graphics.drawString(title, TITLE / 2, TITLE * 3 / 4);
        for (int i = 0; i < charts.size(); i++) {
            BufferedImage drawn = BitmapEncoder.getBufferedImage(charts.get(i));
            graphics.drawImage(drawn, i * WIDTH, TITLE, null);
        }
        graphics.dispose();
        return sheet;
    }

    /** How all charts look. */
    static Styler plain(Styler styler) {
        return styler.setLegendBorderColor(Color.WHITE)
                .setPlotBorderColor(Color.LIGHT_GRAY)
                .setChartBackgroundColor(Color.WHITE);
    }

    private static XYChart chart(
            String what, Map<String, List<Epoch>> runs, ToDoubleFunction<Epoch> figure) {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .xAxisTitle("epoch")
                        .yAxisTitle(what)
                        .build();
        plain(chart.getStyler())
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal);
        if (runs.values().stream().allMatch(List::isEmpty)) {
            chart.getStyler().setLegendVisible(false);
        }
        int run = COLORS.length - runs.size();
        for (Map.Entry<String, List<Epoch>> each : runs.entrySet()) {
            List<Epoch> epochs = each.getValue();
            // After a resume there may be none.
            if (epochs.isEmpty()) {
                run++;
                continue;
            }
            XYSeries series =
                    chart.addSeries(
                            each.getKey(),
                            epochs.stream().mapToDouble(Epoch::number).toArray(),
                            epochs.stream().mapToDouble(figure).toArray());
            series.setLineColor(COLORS[run]);
            series.setMarkerColor(COLORS[run]);
            series.setMarker(epochs.size() > 1 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
            run++;
        }
        return chart;
    }
}
