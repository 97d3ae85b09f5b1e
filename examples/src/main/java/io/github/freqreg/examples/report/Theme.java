package io.github.freqreg.examples.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

/** How charts look, and the page around them: on white, and on a dark screen. */
public enum Theme {
    LIGHT(0xffffff, 0x1f2328, 0x656d76, 0xe4e7eb, 0x8a8a8a, 0x1f77b4),
    DARK(0x15181c, 0xe3e6ea, 0x9aa4af, 0x2d333a, 0x9a9a9a, 0x5fb0e8);

    private static final int TEXT = 12;

    private final Color background;
    private final Color ink;
    private final Color pale;
    private final Color line;
    private final Color dense;
    private final Color compressed;

    Theme(int background, int ink, int pale, int line, int dense, int compressed) {
        this.background = new Color(background);
        this.ink = new Color(ink);
        this.pale = new Color(pale);
        this.line = new Color(line);
        this.dense = new Color(dense);
        this.compressed = new Color(compressed);
    }

    Color background() {
        return background;
    }

    /** Of text. */
    Color ink() {
        return ink;
    }

    /** Of text beside. */
    Color pale() {
        return pale;
    }

    /** Of grids and borders. */
    Color line() {
        return line;
    }

    /** Of what is about the dense network. */
    Color dense() {
        return dense;
    }

    /** Of what is about the compressed network. */
    Color compressed() {
        return compressed;
    }

    /** Of labels in charts. */
    static Font font() {
        return new Font(Font.SANS_SERIF, Font.PLAIN, TEXT);
    }

    /** Dresses a chart. */
    public void dress(AxesChartStyler styler) {
        styler.setChartBackgroundColor(background)
                .setPlotBackgroundColor(background)
                .setPlotBorderVisible(false)
                .setLegendBackgroundColor(background)
                .setLegendBorderColor(background)
                .setLegendFont(font())
                .setChartFontColor(ink)
                .setChartTitleFont(font().deriveFont(Font.BOLD, TEXT + 4f))
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setAxisTitleFont(font())
                .setAxisTickLabelsFont(font())
                .setAxisTickLabelsColor(pale)
                .setAxisTickMarksColor(line)
                .setPlotGridLinesColor(line)
                .setPlotGridLinesStroke(new BasicStroke(1))
                .setXAxisTickLabelsColor(pale)
                .setYAxisTickLabelsColor(pale);
    }
}
