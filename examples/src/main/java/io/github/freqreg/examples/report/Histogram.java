package io.github.freqreg.examples.report;

import java.awt.image.BufferedImage;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A histogram of the magnitudes of coefficients. */
final class Histogram {

    private static final int HEIGHT = 360;
    private static final int LOW = 210;
    private static final int WIDTH = 400;
    private static final int BINS_A_DECADE = 8;

    private Histogram() {}

    /**
     * Draws how many coefficients have which magnitude; those below the scale are not drawn.
     *
     * @param values of the coefficients
     * @param scale of whole decades
     * @param low whether it is to be low, beside a strip
     * @param theme how it looks
     */
    static BufferedImage draw(float[] values, Magnitudes scale, boolean low, Theme theme) {
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
                        .width(WIDTH)
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
        return Charts.paint(chart);
    }
}
