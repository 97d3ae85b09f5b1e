package io.github.freqreg.examples.report;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.SizedDocument;
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
     * @param content the file, decoded
     * @param report on the file, with names and shapes, if these are known
     */
    public static Contents of(Path file, SizedDocument content, Optional<CompressionReport> report)
            throws MalformedModelException {
        FrqDocument document = content.document();
        if (report.isPresent()) {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            report.get().getRows().forEach(row -> shapes.put(row.name(), row.shape()));
            document = document.withNames(shapes);
        }
        return new Contents(
                file.getFileName().toString(),
                content.fileBytes(),
                document,
                content.entryBytes(),
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
