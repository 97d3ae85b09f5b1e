package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/** Reports on {@code .frq} files, also on those that leave names and shapes to their network. */
final class FrqReport {

    private FrqReport() {}

    /**
     * Reports on a file.
     *
     * @param file the path
     * @param document the file, decoded
     * @param unet tried for names and shapes after LeNet-5, if the file has none
     * @return the report; empty if the file has no names, and neither network has its shapes
     */
    static Optional<CompressionReport> of(Path file, FrqDocument document, Supplier<UNet> unet)
            throws IOException, MalformedModelException {
        if (document.isNamed()) {
            return Optional.of(CompressionReport.of(file));
        }
        try {
            return Optional.of(of(file, LeNet.build(), new Shape(1).addAll(LeNet.INPUT)));
        } catch (MalformedModelException e) {
            // Not LeNet's.
        }
        try {
            return Optional.of(of(file, unet.get(), PublishedUNet.INPUT));
        } catch (MalformedModelException e) {
            // Nor a UNet's.
            return Optional.empty();
        }
    }

    /** Reports on a file with the names and shapes of a network. */
    static CompressionReport of(Path file, Block network, Shape input)
            throws IOException, MalformedModelException {
        try (NDManager manager = NDManager.newBaseManager()) {
            network.initialize(manager, DataType.FLOAT32, input);
            return CompressionReport.of(file, network);
        }
    }
}
