package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.metric.Metrics;
import ai.djl.nn.Block;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The result of a {@link Compressor}: the content of the file, and what it took.
 *
 * <p>The model that was compressed computes with the same numbers as the file.
 */
public final class Compressed {

    private final FrqDocument document;
    private final CompressionReport report;
    private final OptionalDouble reference;
    private final OptionalDouble validation;
    private final List<String> log;
    private final Metrics metrics;

    Compressed(
            FrqDocument document,
            Block block,
            OptionalDouble reference,
            OptionalDouble validation,
            List<String> log,
            Metrics metrics) {
        this.document = document;
        this.reference = reference;
        this.validation = validation;
        this.log = List.copyOf(log);
        this.metrics = metrics;
        try {
            report = CompressionReport.of(SizedDocument.decode(document.encode()), block);
        } catch (MalformedModelException e) {
            throw new IllegalStateException("A file was made that cannot be read", e);
        }
    }

    /**
     * Saves the file.
     *
     * @param file the path; an existing file is replaced
     * @throws IOException if the file cannot be written; an existing file is unchanged
     */
    public void save(Path file) throws IOException {
        document.write(file);
    }

    /**
     * Returns the content of the file.
     *
     * @return the content
     */
    public FrqDocument getDocument() {
        return document;
    }

    /**
     * Returns the size of the file and what each tensor takes.
     *
     * @return the report
     */
    public CompressionReport getReport() {
        return report;
    }

    /**
     * Returns the validation figure of the dense network.
     *
     * @return the figure; empty for a fresh network that was trained to a number of bytes, and
     *     without a validation set
     */
    public OptionalDouble getReference() {
        return reference;
    }

    /**
     * Returns the validation figure of the compressed network.
     *
     * @return the figure; empty without a validation set
     */
    public OptionalDouble getValidation() {
        return validation;
    }

    /**
     * Returns what was decided and measured at each stage.
     *
     * @return a line for each decision
     */
    public List<String> getLog() {
        return log;
    }

    /**
     * Returns the figures of all epochs, as DJL's training listeners record them.
     *
     * @return the metrics
     */
    public Metrics getMetrics() {
        return metrics;
    }

    /** Returns the log and the report. */
    @Override
    public String toString() {
        return String.join("\n", log) + "\n" + report;
    }
}
