package io.github.freqreg.examples.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.cli.ProgramRun;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Writes reports of files, parses the pages strictly, and checks text and images. */
class HtmlReportTest {

    @TempDir private Path folder;

    private ProgramRun run;

    @Test
    void thePageIsSelfContainedAndShowsTheContents() throws Exception {
        Path file = ReportPage.lenet(folder, true);
        Document page = page(file, "--curve", curve().toString());
        String text = page.getDocumentElement().getTextContent();
        String bytes = String.format("%,d bytes", Files.size(file));
        for (String expected :
                List.of(
                        "lenet.frq",
                        bytes,
                        "1,300 numbers",
                        "431,080 numbers",
                        "0.302%",
                        "06Linear_weight",
                        "500×800",
                        "each cell shows the largest magnitude over the frequencies along kernel"
                                + " rows, kernel columns")) {
            assertTrue(text.contains(expected), expected);
        }
        // Two curves, the bytes, the filters, and two charts for each of four weights.
        assertEquals(2 + 1 + 1 + 2 * 4, page.getElementsByTagName("figure").getLength());
        assertEquals(8, page.getElementsByTagName("tbody").item(0).getChildNodes().getLength() / 2);
    }

    @Test
    void plotsAreTheImagesOfThePage() throws Exception {
        Path plots = folder.resolve("plots");
        Path file = ReportPage.lenet(folder, true);
        Document page = page(file, "--curve", curve().toString(), "--plots", plots.toString());
        Set<String> ids = new TreeSet<>();
        NodeList figures = page.getElementsByTagName("figure");
        for (int i = 0; i < figures.getLength(); i++) {
            Element figure = (Element) figures.item(i);
            Element image = (Element) figure.getElementsByTagName("img").item(0);
            ids.add(figure.getAttribute("id") + ".png");
            BufferedImage picture =
                    ImageIO.read(plots.resolve(figure.getAttribute("id") + ".png").toFile());
            BufferedImage inlined = ReportPage.image(image.getAttribute("src"));
            assertEquals(
                    Integer.parseInt(image.getAttribute("width")),
                    picture.getWidth() / Charts.SCALE);
            assertEquals(
                    Integer.parseInt(image.getAttribute("height")),
                    picture.getHeight() / Charts.SCALE);
            assertTrue(
                    ReportPage.colours(picture).size() > 2,
                    figure.getAttribute("id") + " is not empty");
            for (int y = 0; y < picture.getHeight(); y++) {
                for (int x = 0; x < picture.getWidth(); x++) {
                    assertEquals(picture.getRGB(x, y), inlined.getRGB(x, y));
                }
            }
        }
        try (Stream<Path> files = Files.list(plots)) {
            assertEquals(
                    ids, new TreeSet<>(files.map(each -> each.getFileName().toString()).toList()));
        }
        assertTrue(ids.contains("spectrum-003.png"), ids.toString());
        assertTrue(ids.contains("learning-loss.png"), ids.toString());
    }

    /** Names from the file appear as text, even if they contain markup. */
    @Test
    void namesAreEscaped() throws Exception {
        List<String> names =
                List.of(
                        "<script>alert(1)</script>",
                        "\"><img src=x onerror=alert(1)>",
                        "' style='x",
                        "--></style></table>&lt;b&gt;&amp;",
                        "%s%n%d",
                        "../../escape");
        List<FrqEntry> tensors = new ArrayList<>();
        for (String name : names) {
            tensors.add(spectral(name, new Shape(3, 5), 6));
        }
        tensors.add(spectral("a\u0000b\u202ec\nd\u2028e\ufffef", new Shape(2, 2, 3, 3), 4));
        Path file = folder.resolve("a&b';c.frq");
        new FrqDocument(List.of(), tensors).write(file);
        Path plots = folder.resolve("plots");
        Document page = page(file, "--plots", plots.toString());
        List<String> shown = new ArrayList<>(names);
        shown.add("a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf");
        NodeList rows = page.getElementsByTagName("tr");
        for (int i = 0; i < shown.size(); i++) {
            Element row = (Element) rows.item(i + 1);
            assertEquals(shown.get(i), row.getElementsByTagName("td").item(1).getTextContent());
        }
        assertEquals("a&b';c.frq", page.getElementsByTagName("h1").item(0).getTextContent());
        assertFalse(run.out().contains("\u202e"), "the terminal gets no such characters either");
        try (Stream<Path> files = Files.walk(folder)) {
            assertTrue(
                    files.filter(Files::isRegularFile)
                            .map(Path::getFileName)
                            .map(Path::toString)
                            .allMatch(
                                    name ->
                                            name.matches("[a-z]+(-\\d{3})?\\.png")
                                                    || name.endsWith(".frq")
                                                    || name.equals("report.html")));
        }
    }

    @Test
    void namesAndShapesComeFromAKnownNetwork() throws Exception {
        Document bare = page(ReportPage.lenet(folder, false));
        assertTrue(bare.getDocumentElement().getTextContent().contains("06Linear_weight"));
        assertEquals(10, bare.getElementsByTagName("figure").getLength());
    }

    @Test
    void withoutNamesAndShapesThePageSaysWhatIsMissing() throws Exception {
        Path file = folder.resolve("bare.frq");
        new FrqDocument(
                        List.of(),
                        List.of(
                                spectral("w", new Shape(4, 1, 3, 3), 9),
                                new FrqEntry(
                                        "b",
                                        new Shape(2),
                                        null,
                                        Precision.FLOAT32,
                                        new float[] {1, 2})))
                .withoutNames()
                .write(file);
        Document page = page(file);
        String text = page.getDocumentElement().getTextContent();
        for (String expected :
                List.of(
                        "tensor 1",
                        "tensor 2",
                        "tensors are numbered",
                        "which tensor holds filters is not known",
                        "the frequencies of its coefficients are not known")) {
            assertTrue(text.contains(expected), expected);
        }
        assertFalse(text.contains("smaller"), text);
        assertFalse(text.contains("rate"), text);
        // The chart of bytes, and the histogram of the weight.
        assertEquals(2, page.getElementsByTagName("figure").getLength());
        // The text table needs the names.
        ProgramRun table = ProgramRun.of("inspect", file.toString());
        assertEquals(1, table.code());
        assertTrue(table.err().contains("its fingerprint is of no network"), table.err());
    }

    /** Five thousand tensors, the first of which would be four tebibytes if rebuilt. */
    @Test
    void aHostileFileGivesABoundedPage() throws Exception {
        List<FrqEntry> tensors = new ArrayList<>();
        tensors.add(spectral("huge", new Shape(1, 1, 1 << 20, 1 << 20), 5));
        tensors.add(spectral("zero", new Shape(7), 3, value -> 0));
        tensors.add(spectral("tall", new Shape(1 << 20, 2), 300_000));
        for (int i = 0; i < 5_000; i++) {
            tensors.add(spectral(i + "<".repeat(200) + i, new Shape(2, 3, 1, 2), 12));
        }
        Path file = folder.resolve("hostile.frq");
        new FrqDocument(List.of(), tensors).write(file);
        Document page = page(file);
        long size = Files.size(folder.resolve("report.html"));
        assertTrue(size < 8 << 20, size + " bytes");
        String text = page.getDocumentElement().getTextContent();
        for (String expected :
                List.of(
                        "is too large to be drawn",
                        "The 40 largest of 5,003 tensors",
                        "Of 5,003 tensors stored as coefficients, the 24 with the most"
                                + " coefficients are drawn; 4,979 are omitted.",
                        "And 4,503 more tensors of 54,036 numbers")) {
            assertTrue(text.contains(expected), expected);
        }
        assertEquals(1 + 2 * 24, page.getElementsByTagName("figure").getLength());
        assertEquals(1 + HtmlReport.MOST_ROWS, page.getElementsByTagName("tr").getLength());
    }

    @Test
    void aTensorOfZerosIsReported() throws Exception {
        Path file = folder.resolve("zero.frq");
        new FrqDocument(List.of(), List.of(spectral("zero", new Shape(7), 3, value -> 0)))
                .write(file);
        Document page = page(file);
        String text = page.getDocumentElement().getTextContent();
        assertTrue(text.contains("All kept coefficients are zero."), text);
        assertTrue(text.contains("No tensor holds filters"), text);
    }

    private Path curve() throws IOException {
        String epoch =
                "{\"number\": %d, \"loss\": %s, \"validation\": 0.5, \"numbers\": 9, \"seconds\": 1}";
        String epochs = epoch.formatted(1, "2.5") + ", " + epoch.formatted(2, "1.5");
        return Files.writeString(
                folder.resolve("curve.json"),
                "{\"metric\": \"accuracy\", \"curve\": [%s], \"denseCurve\": [%s]}"
                        .formatted(epochs, epochs));
    }

    private static FrqEntry spectral(String name, Shape shape, int kept) {
        Random random = new Random(7);
        return spectral(name, shape, kept, i -> random.nextGaussian());
    }

    private static FrqEntry spectral(
            String name, Shape shape, int kept, IntToDoubleFunction value) {
        float[] values = new float[kept];
        for (int i = 0; i < kept; i++) {
            values[i] = (float) value.applyAsDouble(i);
        }
        return new FrqEntry(name, shape, FrequencyAxes.OWN, Precision.FLOAT32, values);
    }

    /** Writes a page with the program and parses it. */
    private Document page(Path file, String... more) throws Exception {
        Path html = folder.resolve("report.html");
        List<String> arguments =
                new ArrayList<>(List.of("inspect", file.toString(), "--html", html.toString()));
        arguments.addAll(List.of(more));
        run = ProgramRun.of(arguments.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return ReportPage.parse(html);
    }
}
