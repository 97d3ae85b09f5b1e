package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.util.JsonUtils;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The size on disk of each tensor of a network.
 *
 * <p>All numbers of the network count, including biases and normalisation. The bytes add up to the
 * size of the {@code .frq} file. Sizes are compared with float32, four bytes for each number of the
 * plain network. Instances are immutable.
 */
public final class CompressionReport {

    private final List<Row> rows;
    private final long bytes;

    private CompressionReport(SizedDocument file) throws MalformedModelException {
        List<Row> all = new ArrayList<>();
        long total = 0;
        for (FrqEntry tensor : file.document().entries()) {
            all.add(Row.of(tensor, file.entryBytes()[all.size()]));
            total += tensor.shape().size();
            if (total < 0 || total > Long.MAX_VALUE / Float.BYTES) {
                throw new MalformedModelException(
                        "the tensors up to " + tensor.name() + " are too large to be counted");
            }
        }
        rows = List.copyOf(all);
        bytes = file.fileBytes();
    }

    /**
     * Reports on the file that {@link FrequencyFile#save(Block, Path)} would write.
     *
     * @param block a network, initialised
     * @return the report
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite
     */
    public static CompressionReport of(Block block) {
        FrqDocument document = FrequencyFile.toDocument(block);
        try {
            return new CompressionReport(SizedDocument.decode(document.encode()));
        } catch (MalformedModelException e) {
            throw new IllegalStateException("A file just encoded is malformed", e);
        }
    }

    /**
     * Reports on a file with names and shapes.
     *
     * @param file a {@code .frq} file
     * @return the report
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is damaged, has an unknown version, or has no names and
     *     shapes, see {@link #of(SizedDocument, Block)}; the message starts with the path
     */
    public static CompressionReport of(Path file) throws IOException, MalformedModelException {
        SizedDocument document = SizedDocument.read(file);
        try {
            return of(document);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reports on a file that has been decoded, with names and shapes.
     *
     * @param file the decoded file
     * @return the report
     * @throws MalformedModelException if it has no names and shapes, see {@link #of(SizedDocument,
     *     Block)}
     */
    public static CompressionReport of(SizedDocument file) throws MalformedModelException {
        if (!file.document().isNamed()) {
            throw new MalformedModelException(
                    "the file has no names and shapes: call CompressionReport.of(file, network)");
        }
        return new CompressionReport(file);
    }

    /**
     * Reports on a file that has been decoded, with the names and shapes of its network; the file
     * need not have any.
     *
     * @param file the decoded file
     * @param block the network, initialised, plain or wrapped; its values are not used
     * @return the report
     * @throws MalformedModelException if the file belongs to another network
     * @throws IllegalStateException if the network is not initialised
     */
    public static CompressionReport of(SizedDocument file, Block block)
            throws MalformedModelException {
        if (!NetworkTensors.haveNumbers(block)) {
            throw new IllegalStateException(
                    "The network is not initialised, so its shapes are not known");
        }
        return new CompressionReport(
                file.withNames(NetworkReader.shapes(NetworkTensors.byName(block))));
    }

    /**
     * Returns a row for each tensor.
     *
     * @return the rows, in the network's order
     */
    public List<Row> getRows() {
        return rows;
    }

    /**
     * Returns how many numbers the plain network has.
     *
     * @return the number of all its parameters' elements
     */
    public long getOriginal() {
        return rows.stream().mapToLong(Row::original).sum();
    }

    /**
     * Returns how many numbers are stored.
     *
     * @return the number of coefficients, including those of running statistics, and of elements of
     *     all other parameters
     */
    public long getKept() {
        return rows.stream().mapToLong(Row::kept).sum();
    }

    /**
     * Returns the size of the plain network's numbers.
     *
     * @return four bytes for each
     */
    public long getDenseBytes() {
        return getOriginal() * Float.BYTES;
    }

    /**
     * Returns the size of the file.
     *
     * @return its bytes, with header and checksum
     */
    public long getBytes() {
        return bytes;
    }

    /**
     * Returns the report as comma-separated values: a header, a row for each tensor, and a total.
     *
     * @return lines that end with a line feed
     */
    public String toCsv() {
        StringBuilder csv = new StringBuilder("name,shape,original,kept,rate,type,bytes\n");
        for (Row row : rows) {
            csv.append(quote(row.name())).append(',').append(row.shapeText()).append(',');
            csv.append(row.original()).append(',').append(row.kept()).append(',');
            csv.append(row.rate()).append(',').append(row.type()).append(',');
            csv.append(row.bytes()).append('\n');
        }
        csv.append("total,,").append(getOriginal()).append(',').append(getKept()).append(',');
        csv.append(rate(getKept(), getOriginal())).append(",,").append(bytes).append('\n');
        return csv.toString();
    }

    private static double rate(long kept, long original) {
        return original == 0 ? 1 : (double) kept / original;
    }

    private static String quote(String text) {
        boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c < ' ');
        return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    /**
     * Returns the report as a JSON object with {@code tensors} and the totals.
     *
     * @return the text
     */
    public String toJson() {
        List<Map<String, Object>> tensors = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> tensor = new LinkedHashMap<>();
            tensor.put("name", row.name());
            tensor.put("shape", row.shape().getShape());
            FrequencyAxes axes = row.axes();
            if (axes != null && axes.split() != null) {
                tensor.put("split", axes.split().getShape());
            }
            if (axes != null && !axes.weights().isEmpty()) {
                tensor.put("weights", axes.weights());
            }
            if (axes != null && axes.start() instanceof TensorStart.Seeded seeded) {
                tensor.put("seed", seeded.seed());
            } else if (axes != null && axes.start() != null) {
                tensor.put("start", axes.start().describe());
            }
            tensor.put("original", row.original());
            tensor.put("kept", row.kept());
            tensor.put("spectral", row.spectral());
            tensor.put("rate", row.rate());
            tensor.put("type", row.type());
            tensor.put("bytes", row.bytes());
            tensors.add(tensor);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("tensors", tensors);
        report.put("original", getOriginal());
        report.put("kept", getKept());
        report.put("rate", rate(getKept(), getOriginal()));
        report.put("denseBytes", getDenseBytes());
        report.put("bytes", bytes);
        return JsonUtils.GSON_PRETTY.toJson(report);
    }

    /** Returns the report as an aligned table. */
    @Override
    public String toString() {
        List<String[]> cells = new ArrayList<>();
        cells.add(new String[] {"tensor", "shape", "original", "kept", "rate", "type", "bytes"});
        long inTensors = 0;
        for (Row row : rows) {
            cells.add(
                    cells(
                            row.name(),
                            row.shapeText(),
                            row.original(),
                            row.kept(),
                            row.type(),
                            row.bytes()));
            inTensors += row.bytes();
        }
        cells.add(
                new String[] {"header and checksum", "", "", "", "", "", count(bytes - inTensors)});
        cells.add(cells("total", "", getOriginal(), getKept(), "", bytes));
        return TextTable.of(cells, 2)
                + String.format(
                        Locale.ROOT,
                        "%,d bytes instead of %,d (dense float32): %.1f times smaller%n",
                        bytes,
                        getDenseBytes(),
                        (double) getDenseBytes() / bytes);
    }

    private static String[] cells(
            String name, String shape, long original, long kept, String type, long bytes) {
        String rate = String.format(Locale.ROOT, "%.3g%%", 100 * rate(kept, original));
        return new String[] {name, shape, count(original), count(kept), rate, type, count(bytes)};
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /**
     * One tensor of the network.
     *
     * @param name the parameter's name
     * @param shape its shape in the network
     * @param axes the axes along which it was transformed; null if its elements are stored
     * @param original the number of its elements
     * @param kept the number of stored values
     * @param type of the stored values: {@code float16}, {@code float32} or {@code steps of} a
     *     number
     * @param bytes its size in the file, with name and shape
     */
    public record Row(
            String name,
            Shape shape,
            @Nullable FrequencyAxes axes,
            long original,
            long kept,
            String type,
            long bytes) {

        static Row of(FrqEntry tensor, long bytes) {
            return new Row(
                    tensor.name(),
                    tensor.shape(),
                    tensor.spectral() ? tensor.axes() : null,
                    tensor.shape().size(),
                    tensor.values().length,
                    tensor.precision().toString(),
                    bytes);
        }

        /**
         * Returns the share of the tensor's elements that is stored.
         *
         * @return the keep rate, from 0 to 1
         */
        public double rate() {
            return CompressionReport.rate(kept, original);
        }

        /**
         * Returns whether coefficients are stored.
         *
         * @return false if elements are stored
         */
        public boolean spectral() {
            return axes != null;
        }

        /**
         * Returns the shape as text, with the split, weights and start of its axes if there are
         * any.
         *
         * @return such as {@code 500x800 as 500x50x4x4 weighted 1:2:3:3 seed 7}
         */
        public String shapeText() {
            String own = FrequencyAxes.OWN.describe(shape);
            if (axes == null) {
                return own;
            }
            return (axes.split() == null ? "" : own + " as ") + axes.describe(shape);
        }
    }
}
