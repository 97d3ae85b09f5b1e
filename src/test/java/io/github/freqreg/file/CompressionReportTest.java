package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.CompressionReport.Row;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes of tensors in a file, as table, CSV and JSON. */
@UsesEngine
class CompressionReportTest {

    /** Enough for most numbers of the network, but not for two bytes each. */
    private static final int BYTES = 2_000;

    private final NDManager manager;
    private final Path file;

    CompressionReportTest(NDManager manager, @TempDir Path folder) {
        this.manager = manager;
        file = folder.resolve("network.frq");
    }

    /** A network with every kind of parameter; 9 coefficients of each weight are kept. */
    private Block network() {
        Block block =
                new SequentialBlock()
                        .add(TestModels.convolution(8))
                        .add(BatchNorm.builder().build())
                        .add(TestModels.linear(1500));
        TestModels.initialize(block, manager, DataType.FLOAT32, new Shape(1, 3, 6, 6));
        return TestModels.policy(9).apply(block);
    }

    @Test
    void rowsGiveTheCostOfEachTensor() {
        List<Row> rows = CompressionReport.of(network()).getRows();
        List<String> names = rows.stream().map(Row::name).toList();
        assertEquals(
                List.of(
                        "01Conv2d_weight",
                        "01Conv2d_bias",
                        "02BatchNorm_gamma",
                        "02BatchNorm_beta",
                        "02BatchNorm_runningMean",
                        "02BatchNorm_runningVar",
                        "03Linear_weight",
                        "03Linear_bias"),
                names);
        assertRow(rows.get(0), new Shape(8, 3, 3, 3), 9, true, "float16");
        assertRow(rows.get(3), new Shape(8), 8, false, "float16");
        // The variances of a fresh network are all 1: one coefficient.
        assertRow(rows.get(5), new Shape(8), 1, true, "float16");
        assertEquals(9.0 / 216, rows.get(0).rate());
        assertEquals(1, rows.get(3).rate());
    }

    private static void assertRow(Row row, Shape shape, long kept, boolean spectral, String type) {
        assertEquals(
                new Row(
                        row.name(),
                        shape,
                        spectral ? FrequencyAxes.OWN : null,
                        shape.size(),
                        kept,
                        type,
                        row.bytes()),
                row);
        // A float16 takes 11 bits and a float32 24, plus exponents, name and shape.
        long least = kept * (type.equals("float16") ? 11 : 24) / 8;
        assertTrue(row.bytes() >= least && row.bytes() <= 4 * kept + 40, row.toString());
    }

    @Test
    void totalsCountEveryNumberOfTheNetwork() {
        Block block = network();
        CompressionReport report = CompressionReport.of(block);
        long numbers = 0;
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            numbers += tensor.isRunningStatistic() ? 1 : tensor.numbers();
        }
        assertEquals(numbers, report.getKept());
        Block plain = FrequencyBlocks.toDense(block);
        long original = 0;
        for (Parameter parameter : plain.getParameters().values()) {
            original += parameter.getArray().size();
        }
        assertEquals(original, report.getOriginal());
        assertEquals(4 * original, report.getDenseBytes());
    }

    @Test
    void bytesAreTheSizeOfTheFileOnDisk() throws IOException, MalformedModelException {
        Block block = network();
        FrequencyFile.save(block, file);
        assertEquals(Files.size(file), CompressionReport.of(block).getBytes());
        assertEquals(Files.size(file), CompressionReport.of(file).getBytes());
        assertQuantizedSize(network());
        long rows = CompressionReport.of(file).getRows().stream().mapToLong(Row::bytes).sum();
        long around = Files.size(file) - rows;
        // Magic, version, checksum, counts and input shapes.
        assertTrue(around >= 8 && around <= 24, around + " bytes beside the tensors");
    }

    private void assertQuantizedSize(Block block) throws IOException {
        Quantization.fit(block, BYTES, true).applyTo(block);
        Path quantized = file.resolveSibling("quantized.frq");
        FrequencyFile.save(block, quantized);
        assertTrue(Files.size(quantized) <= BYTES);
        assertEquals(Files.size(quantized), CompressionReport.of(block).getBytes());
    }

    @Test
    void reportOfAFileWithoutNamesNeedsItsNetwork() throws IOException, MalformedModelException {
        Block block = network();
        FrequencyFile.toDocument(block, DataType.FLOAT16).withoutNames().write(file);
        Exception e = assertThrows(MalformedModelException.class, () -> CompressionReport.of(file));
        assertTrue(e.getMessage().contains("the file has no names and shapes"), e.getMessage());
        SizedDocument read = SizedDocument.read(file);
        assertThrows(MalformedModelException.class, () -> CompressionReport.of(read));
        CompressionReport report = CompressionReport.of(read, block);
        assertEquals(Files.size(file), report.getBytes());
        assertEquals(CompressionReport.of(block).getKept(), report.getKept());
        assertEquals(CompressionReport.of(block).getOriginal(), report.getOriginal());
    }

    @Test
    void reportOfABlockEqualsReportOfItsFile() throws IOException, MalformedModelException {
        Block block = network();
        FrequencyFile.save(block, file);
        assertSameReport(CompressionReport.of(block), CompressionReport.of(file));
        assertSameReport(
                CompressionReport.of(block), CompressionReport.of(SizedDocument.read(file), block));
    }

    @Test
    void theReportOfAnotherNetworkIsRefused() throws IOException, MalformedModelException {
        FrequencyFile.toDocument(network(), DataType.FLOAT16).withoutNames().write(file);
        SizedDocument read = SizedDocument.read(file);
        Block fresh = TestModels.smallNetwork();
        assertThrows(IllegalStateException.class, () -> CompressionReport.of(read, fresh));
        Block other = TestModels.linear(2);
        TestModels.initialize(other, manager, DataType.FLOAT32, new Shape(1, 2));
        assertThrows(MalformedModelException.class, () -> CompressionReport.of(read, other));
    }

    @Test
    void reportFollowsThePrecisionOfTheFile() throws IOException, MalformedModelException {
        FrequencyFile.save(network(), file, DataType.FLOAT32);
        for (Row row : CompressionReport.of(file).getRows()) {
            assertEquals("float32", row.type());
            assertTrue(row.bytes() >= 3 * row.kept());
        }
    }

    private static void assertSameReport(CompressionReport expected, CompressionReport actual) {
        assertEquals(expected.getRows(), actual.getRows());
        assertEquals(expected.getBytes(), actual.getBytes());
        assertEquals(expected.toString(), actual.toString());
        assertEquals(expected.toCsv(), actual.toCsv());
        assertEquals(expected.toJson(), actual.toJson());
    }

    @Test
    void csvHasARowPerTensorAndATotal() throws IOException, MalformedModelException {
        CompressionReport report = reportWithOddNames();
        assertTrue(report.toCsv().endsWith("\n"));
        List<List<String>> csv = parseCsv(report.toCsv());
        assertEquals(
                List.of("name", "shape", "original", "kept", "rate", "type", "bytes"), csv.get(0));
        List<Row> rows = report.getRows();
        assertEquals(rows.size() + 2, csv.size());
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            List<String> line = csv.get(i + 1);
            assertEquals(7, line.size());
            assertEquals(row.name(), line.get(0));
            assertEquals(row.original(), product(line.get(1)));
            assertEquals(row.original(), Long.parseLong(line.get(2)));
            assertEquals(row.kept(), Long.parseLong(line.get(3)));
            assertEquals(row.rate(), Double.parseDouble(line.get(4)));
            assertEquals(row.type(), line.get(5));
            assertEquals(row.bytes(), Long.parseLong(line.get(6)));
        }
        List<String> total = csv.get(csv.size() - 1);
        assertEquals(7, total.size());
        assertEquals("total", total.get(0));
        assertEquals(report.getOriginal(), Long.parseLong(total.get(2)));
        assertEquals(report.getKept(), Long.parseLong(total.get(3)));
        assertEquals(
                (double) report.getKept() / report.getOriginal(), Double.parseDouble(total.get(4)));
        assertEquals(Files.size(file), Long.parseLong(total.get(6)));
    }

    private static long product(String shape) {
        long product = 1;
        for (String extent : shape.isEmpty() ? new String[0] : shape.split("x")) {
            product *= Long.parseLong(extent);
        }
        return product;
    }

    /** A file with names that CSV must quote. */
    private CompressionReport reportWithOddNames() throws IOException, MalformedModelException {
        FrqDocument document =
                new FrqDocument(
                        List.of(new Shape(1)),
                        List.of(
                                FrqEntries.coefficients("plain", new Shape(20, 30), 7),
                                FrqEntries.zeros("with, comma", new Shape(3)),
                                FrqEntries.zeros("with \"quotes\"", new Shape()),
                                FrqEntries.zeros("with\nline end", new Shape(2)),
                                FrqEntries.zeros("\u00e4\u03c9", new Shape(0))));
        document.write(file);
        return CompressionReport.of(file);
    }

    /** Parses comma-separated values according to RFC 4180. */
    private static List<List<String>> parseCsv(String csv) {
        List<List<String>> lines = new ArrayList<>();
        List<String> line = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < csv.length(); i++) {
            char c = csv.charAt(i);
            if (c == '"') {
                if (!quoted && i > 0 && csv.charAt(i - 1) == '"') {
                    // The second of two quotes inside a quoted field.
                    field.append(c);
                }
                quoted = !quoted;
            } else if (quoted || c != ',' && c != '\n') {
                field.append(c);
            } else {
                line.add(field.toString());
                field.setLength(0);
                if (c == '\n') {
                    lines.add(line);
                    line = new ArrayList<>();
                }
            }
        }
        assertFalse(quoted);
        return lines;
    }

    @Test
    void jsonEqualsTheRows() throws IOException, MalformedModelException {
        CompressionReport report = reportWithOddNames();
        JsonObject json = JsonUtils.GSON.fromJson(report.toJson(), JsonObject.class);
        assertEquals(report.getOriginal(), json.get("original").getAsLong());
        assertEquals(report.getKept(), json.get("kept").getAsLong());
        assertEquals(report.getDenseBytes(), json.get("denseBytes").getAsLong());
        assertEquals(Files.size(file), json.get("bytes").getAsLong());
        List<Row> rows = report.getRows();
        assertEquals(rows.size(), json.getAsJsonArray("tensors").size());
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            JsonObject tensor = json.getAsJsonArray("tensors").get(i).getAsJsonObject();
            assertEquals(row.name(), tensor.get("name").getAsString());
            long[] shape = JsonUtils.GSON.fromJson(tensor.get("shape"), long[].class);
            assertEquals(row.shape(), new Shape(shape));
            assertEquals(row.original(), tensor.get("original").getAsLong());
            assertEquals(row.kept(), tensor.get("kept").getAsLong());
            assertEquals(row.rate(), tensor.get("rate").getAsDouble());
            assertEquals(row.type(), tensor.get("type").getAsString());
            assertEquals(row.bytes(), tensor.get("bytes").getAsLong());
        }
    }

    @Test
    void tableIsAligned() {
        CompressionReport report = CompressionReport.of(network());
        List<String> lines = report.toString().lines().toList();
        List<Row> rows = report.getRows();
        // Titles, one line per tensor, header and checksum, total, and the saving.
        assertEquals(rows.size() + 4, lines.size());
        String header = lines.get(0);
        // Numbers are right-aligned with the titles of their columns.
        for (String title : List.of("original", "kept", "bytes")) {
            int end = header.indexOf(title) + title.length();
            for (int i = 0; i < rows.size(); i++) {
                Row row = rows.get(i);
                long number =
                        switch (title) {
                            case "original" -> row.original();
                            case "kept" -> row.kept();
                            default -> row.bytes();
                        };
                String text = String.format(Locale.ROOT, "  %,d", number);
                String cell = lines.get(i + 1).substring(0, end);
                assertTrue(cell.endsWith(text), title + " of " + lines.get(i + 1));
            }
        }
        // Names and shapes are left-aligned with the titles.
        int shapes = header.indexOf("shape");
        for (int i = 0; i < rows.size(); i++) {
            assertTrue(lines.get(i + 1).startsWith(rows.get(i).name() + "  "));
            assertEquals(' ', lines.get(i + 1).charAt(shapes - 1));
            assertTrue(Character.isDigit(lines.get(i + 1).charAt(shapes)));
        }
        int bytes = header.length();
        assertTrue(lines.get(rows.size() + 1).startsWith("header and checksum "));
        assertTrue(lines.get(rows.size() + 2).startsWith("total "));
        for (String line : lines.subList(0, rows.size() + 3)) {
            assertEquals(bytes, line.length(), line);
        }
    }

    @Test
    void tableEndsWithTotalAndSaving() {
        CompressionReport report = CompressionReport.of(network());
        List<String> lines = report.toString().lines().toList();
        String total = lines.get(lines.size() - 2);
        // 216 + 8 + 32 + 1500 · 4 + 1500 numbers, of which 9 + 8 + 18 + 9 + 1500 are stored.
        assertTrue(total.matches("total +7,756 +1,544 +19\\.9% +[0-9,]+"), total);
        assertEquals(
                String.format(
                        Locale.ROOT,
                        "%,d bytes instead of %,d (dense float32): %.1f times smaller",
                        report.getBytes(),
                        report.getDenseBytes(),
                        (double) report.getDenseBytes() / report.getBytes()),
                lines.get(lines.size() - 1));
    }

    @Test
    void uninitialisedNetworkAndMalformedFileAreRejected() throws IOException {
        Block fresh = TestModels.smallNetwork();
        assertThrows(IllegalStateException.class, () -> CompressionReport.of(fresh));
        Files.write(file, new byte[] {1, 2, 3});
        assertThrowsExactly(MalformedModelException.class, () -> CompressionReport.of(file));
    }
}
