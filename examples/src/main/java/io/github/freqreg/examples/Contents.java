package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a file holds, to be drawn.
 *
 * @param title the name of the file
 * @param bytes its size
 * @param document its tensors, with names and shapes if these are known
 * @param sizes the bytes of each tensor
 * @param report on the file, where names and shapes are known
 */
record Contents(
        String title,
        long bytes,
        FrqDocument document,
        long[] sizes,
        Optional<CompressionReport> report) {

    private static final int NAME = 96;

    /**
     * Reads a file.
     *
     * @param file the path
     * @param report on it, which has names and shapes, or none
     */
    static Contents read(Path file, Optional<CompressionReport> report)
            throws IOException, MalformedModelException {
        byte[] bytes = FrqDocument.readBytes(file);
        FrqDocument document = FrqDocument.decode(bytes);
        if (report.isPresent()) {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            report.get().getRows().forEach(row -> shapes.put(row.name(), row.shape()));
            document = document.withNames(shapes);
        }
        return new Contents(
                file.getFileName().toString(),
                bytes.length,
                document,
                FrqDocument.entryBytes(bytes),
                report);
    }

    List<FrqEntry> entries() {
        return document.entries();
    }

    /** What a tensor is called: its name, or its number from 1. */
    String label(int index) {
        String name = entries().get(index).name();
        return name == null ? "tensor " + (index + 1) : Labels.shorten(name, NAME);
    }
}
