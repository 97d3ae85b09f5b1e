package io.github.freqreg.examples.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

/** The colours of charts and of the page: a light and a dark theme. */
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

    /** The colour of text. */
    Color ink() {
        return ink;
    }

    /** The colour of secondary text. */
    Color pale() {
        return pale;
    }

    /** The colour of grids and borders. */
    Color line() {
        return line;
    }

    /** The colour of the dense network. */
    Color dense() {
        return dense;
    }

    /** The colour of the compressed network. */
    Color compressed() {
        return compressed;
    }

    /** The font of labels in charts. */
    static Font font() {
        return new Font(Font.SANS_SERIF, Font.PLAIN, TEXT);
    }

    /** Applies the theme to a chart. */
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
