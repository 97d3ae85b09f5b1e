package io.github.freqreg.examples.report;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The contents of a {@code .frq} file, as the charts need them.
 *
 * @param title the name of the file
 * @param bytes the size of the file
 * @param document the tensors, with names and shapes if they are known
 * @param sizes the bytes of each tensor
 * @param report the report of the file; empty if names and shapes are not known
 */
public record Contents(
        String title,
        long bytes,
        FrqDocument document,
        long[] sizes,
        Optional<CompressionReport> report) {

    private static final int NAME = 96;

    /**
     * Returns the contents of a file.
     *
     * @param file the path
     * @param document the decoded file
     * @param report the report of the file with names and shapes, if they are known
     */
    public static Contents of(Path file, FrqDocument document, Optional<CompressionReport> report)
            throws IOException, MalformedModelException {
        String title = file.getFileName().toString();
        if (report.isEmpty()) {
            byte[] bytes = FrqDocument.readBytes(file);
            long[] sizes = FrqDocument.entryBytes(bytes);
            return new Contents(title, bytes.length, document, sizes, report);
        }
        List<CompressionReport.Row> rows = report.get().getRows();
        Map<String, Shape> shapes = new LinkedHashMap<>();
        rows.forEach(row -> shapes.put(row.name(), row.shape()));
        return new Contents(
                title,
                report.get().getBytes(),
                document.withNames(shapes),
                rows.stream().mapToLong(CompressionReport.Row::bytes).toArray(),
                report);
    }

    List<FrqEntry> entries() {
        return document.entries();
    }

    /** Returns the label of a tensor: its name, or its number, counted from 1. */
    String label(int index) {
        FrqEntry entry = entries().get(index);
        return entry.isNamed() ? Labels.shorten(entry.name(), NAME) : "tensor " + (index + 1);
    }
}
