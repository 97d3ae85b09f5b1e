package io.github.freqreg.examples.report;

import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.report.Figures.Spectrum;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.CompressionReport.Row;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.WholeFile;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Writes the contents of a {@code .frq} file as a self-contained HTML page.
 *
 * <p>Charts are embedded as images, in a light and a dark version. The page has no script, and a
 * content security policy forbids loading anything. Names from the file are escaped. The page is
 * also well-formed XML, so any XML parser can check it.
 */
public final class HtmlReport {

    /** The largest number of rows in the table of tensors. */
    static final int MOST_ROWS = 500;

    private static final String POLICY =
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private final Contents contents;
    private final Figures figures;
    private final Writer out;

    private HtmlReport(Contents contents, Figures figures, Writer out) {
        this.contents = contents;
        this.figures = figures;
        this.out = out;
    }

    /** Writes the page, completely or not at all. */
    public static void write(Contents contents, Figures figures, Path file) throws IOException {
        StringWriter page = new StringWriter();
        new HtmlReport(contents, figures, page).page();
        WholeFile.write(file, page.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void page() throws IOException {
        String title = Labels.html(Labels.shorten(contents.title(), 80));
        print(
                """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8"/>
                <meta http-equiv="Content-Security-Policy" content="%s"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                <h1>%s</h1>
                """,
                POLICY, title, style(), title);
        summary();
        if (!figures.learning().isEmpty()) {
            print("<section>%n<h2>Learning</h2>%n<div class=\"even row\">%n");
            for (Figure figure : figures.learning()) {
                figure(figure);
            }
            print("</div>%n</section>%n");
        }
        print("<section>%n<h2>Bytes on disk</h2>%n");
        figure(figures.bytes());
        print("</section>%n<section>%n<h2>Filters of the first layer</h2>%n");
        figure(figures.filters());
        print("</section>%n<section>%n<h2>Tensors</h2>%n");
        table();
        print("</section>%n<section>%n<h2>Spectra</h2>%n");
        spectra();
        print("</section>%n</main>%n</body>%n</html>%n");
    }

    private static String style() throws IOException {
        try (InputStream css = HtmlReport.class.getResourceAsStream("report.css")) {
            return ":root {"
                    + colours(Theme.LIGHT)
                    + "}\n@media screen and (prefers-color-scheme: dark) { :root {"
                    + colours(Theme.DARK)
                    + "} }\n"
                    + new String(css.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String colours(Theme theme) {
        return String.format(
                Locale.ROOT,
                " --background: %s; --ink: %s; --pale: %s; --line: %s; --bar: %s; ",
                hex(theme.background()),
                hex(theme.ink()),
                hex(theme.pale()),
                hex(theme.line()),
                hex(theme.compressed()));
    }

    private static String hex(Color colour) {
        return String.format(Locale.ROOT, "#%06x", colour.getRGB() & 0xffffff);
    }

    private void summary() throws IOException {
        Optional<CompressionReport> report = contents.report();
        if (report.isPresent()) {
            CompressionReport all = report.get();
            print(
                    "<p class=\"lead\"><b>%,d numbers</b> in <b>%,d bytes</b> on disk:"
                            + " <b>%s times smaller</b> than the dense network, <b>%s</b> of its"
                            + " %,d numbers.</p>%n",
                    all.getKept(),
                    all.getBytes(),
                    times((double) all.getDenseBytes() / all.getBytes()),
                    percent(share(all.getKept(), all.getOriginal())),
                    all.getOriginal());
        } else {
            print(
                    "<p class=\"lead\"><b>%,d numbers</b> in <b>%,d bytes</b> on disk.</p>%n"
                            + "<p>The file has no names and shapes, and its fingerprint is of no"
                            + " network of this program with the given sizes. So tensors are"
                            + " numbered, and the size of the dense network is not known.</p>%n",
                    contents.document().numbers(), contents.bytes());
        }
    }

    private static String times(double ratio) {
        return String.format(Locale.ROOT, ratio < 100 ? "%.1f" : "%,.0f", ratio);
    }

    private static double share(long kept, long original) {
        return original == 0 ? 1 : (double) kept / original;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.3g%%", 100 * share);
    }

    private void figure(Figure figure) throws IOException {
        if (figure.drawing().isEmpty()) {
            print("<p class=\"missing\">%s</p>%n", Labels.html(figure.caption()));
            return;
        }
        print("<figure id=\"%s\">%n", figure.id());
        // Not <picture>: when printing, a browser would keep the image that it chose for the
        // screen.
        for (Theme theme : Theme.values()) {
            BufferedImage image = figure.drawing().get().apply(theme);
            print(
                    "<img class=\"%s\" src=\"%s\" width=\"%d\" height=\"%d\" alt=\"%s\"/>%n",
                    theme.name().toLowerCase(Locale.ROOT),
                    data(image),
                    image.getWidth() / Charts.SCALE,
                    image.getHeight() / Charts.SCALE,
                    Labels.html(figure.title()));
        }
        if (!figure.caption().isEmpty()) {
            print("<figcaption>%s</figcaption>%n", Labels.html(figure.caption()));
        }
        print("</figure>%n");
    }

    private static String data(BufferedImage image) throws IOException {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(PngFile.bytes(image));
    }

    private void table() throws IOException {
        List<FrqEntry> tensors = contents.entries();
        Optional<List<Row>> rows = contents.report().map(CompressionReport::getRows);
        int shown = Math.min(tensors.size(), MOST_ROWS);
        double least =
                rows.stream()
                        .flatMap(List::stream)
                        .limit(shown)
                        .mapToDouble(Row::rate)
                        .filter(rate -> rate > 0)
                        .min()
                        .orElse(1);
        int decades = Math.max(1, (int) Math.ceil(-Math.log10(least)));
        if (rows.isPresent()) {
            print(
                    "<p class=\"note\">The bars show the kept rate on a logarithmic scale, from"
                            + " %s%% to 100%%.</p>%n",
                    BigDecimal.ONE.scaleByPowerOfTen(2 - decades).toPlainString());
        }
        print(
                "<div class=\"wide\">%n<table>%n<thead><tr><th>#</th>"
                        + "<th class=\"name\">tensor</th>%s<th>kept</th>%s<th class=\"text\">stored as</th><th>bytes</th></tr>"
                        + "</thead>%n<tbody>%n",
                rows.isEmpty() ? "" : "<th class=\"text\">shape</th><th>numbers</th>",
                rows.isEmpty() ? "" : "<th>rate</th><th></th>");
        long bytes = 0;
        long numbers = 0;
        for (int i = 0; i < shown; i++) {
            FrqEntry tensor = tensors.get(i);
            int index = i;
            row(i, tensor, rows.map(all -> all.get(index)), decades);
            bytes += contents.sizes()[i];
            numbers += tensor.values().length;
        }
        print("</tbody>%n</table>%n</div>%n");
        if (shown < tensors.size()) {
            print(
                    "<p class=\"note\">And %,d more tensors of %,d numbers.</p>%n",
                    tensors.size() - shown, contents.document().numbers() - numbers);
        } else {
            print(
                    "<p class=\"note\">Header and checksum: %,d bytes.</p>%n",
                    contents.bytes() - bytes);
        }
    }

    private void row(int index, FrqEntry tensor, Optional<Row> row, int decades)
            throws IOException {
        print(
                "<tr><td>%d</td><td class=\"name\">%s</td>",
                index + 1, Labels.html(contents.label(index)));
        if (row.isPresent()) {
            print("<td class=\"text\">%s</td><td>%,d</td>", shape(index), row.get().original());
        }
        print("<td>%,d</td>", tensor.values().length);
        if (row.isPresent()) {
            double rate = row.get().rate();
            double width = rate == 0 ? 0 : 100 + 100 * Math.log10(rate) / decades;
            print(
                    "<td>%s</td><td class=\"bar\"><span style=\"width:%.1f%%\"></span></td>",
                    percent(rate), Math.max(width, 1));
        }
        print(
                "<td class=\"text\">%s%s</td><td>%,d</td></tr>%n",
                tensor.spectral() ? "coefficients, " : "elements, ",
                Labels.html(tensor.precision().toString()),
                contents.sizes()[index]);
    }

    private void spectra() throws IOException {
        if (!figures.spectra().isEmpty()) {
            print(
                    "<p class=\"note\">The file stores the first coefficients of a tensor's cosine"
                            + " transform in zigzag order, low frequencies first. All other"
                            + " coefficients are zero and left blank.</p>%n");
        }
        for (String note : figures.notes()) {
            print("<p class=\"note\">%s</p>%n", Labels.html(note));
        }
        for (Spectrum spectrum : figures.spectra()) {
            print(
                    "<article>%n<h3>%s <small>%s</small></h3>%n<div class=\"row\">%n",
                    Labels.html(contents.label(spectrum.index())), shape(spectrum.index()));
            for (Figure figure : spectrum.figures()) {
                figure(figure);
            }
            print("</div>%n</article>%n");
        }
    }

    /** Returns the shape of a tensor, or nothing if it is not known. */
    private String shape(int index) {
        return contents.report()
                .map(report -> report.getRows().get(index))
                .map(row -> Labels.html(row.shapeText().replace('x', '×')))
                .orElse("");
    }

    private void print(String format, Object... values) throws IOException {
        out.write(String.format(Locale.ROOT, format, values).replace("\r\n", "\n"));
    }
}
