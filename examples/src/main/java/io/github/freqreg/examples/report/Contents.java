package io.github.freqreg.examples.report;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.SizedDocument;
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
public record Contents(
        String title,
        long bytes,
        FrqDocument document,
        long[] sizes,
        Optional<CompressionReport> report) {

    private static final int NAME = 96;

    /**
     * Takes the contents of a file.
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
                content.tensorBytes(),
                report);
    }

    List<FrqTensor> tensors() {
        return document.tensors();
    }

    /** What a tensor is called: its name, or its number from 1. */
    String label(int index) {
        String name = tensors().get(index).name();
        return name == null ? "tensor " + (index + 1) : Labels.shorten(name, NAME);
    }
}
