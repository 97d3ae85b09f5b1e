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
import io.github.freqreg.format.SizedDocument;
import java.util.Optional;
import java.util.function.Supplier;

/** Reports on {@code .frq} files, including those that leave names and shapes to their network. */
final class FrqReport {

    private FrqReport() {}

    /**
     * Reports on a file; one without names and shapes gets those of LeNet-5 or of a UNet.
     *
     * @param file the decoded file
     * @param unet builds the UNet to try after LeNet-5
     * @return the report; empty if the file has no names and belongs to neither network
     */
    static Optional<CompressionReport> of(SizedDocument file, Supplier<UNet> unet)
            throws MalformedModelException {
        if (file.document().isNamed()) {
            return Optional.of(CompressionReport.of(file));
        }
        Optional<CompressionReport> report =
                tryNetwork(file, LeNet.build(), new Shape(1).addAll(LeNet.INPUT));
        return report.isPresent() ? report : tryNetwork(file, unet.get(), PublishedUNet.INPUT);
    }

    private static Optional<CompressionReport> tryNetwork(
            SizedDocument file, Block network, Shape input) {
        try {
            return Optional.of(of(file, network, input));
        } catch (MalformedModelException e) {
            // The file belongs to another network.
            return Optional.empty();
        }
    }

    /** Reports on a file with the names and shapes of a network, which is initialised for this. */
    static CompressionReport of(SizedDocument file, Block network, Shape input)
            throws MalformedModelException {
        try (NDManager manager = NDManager.newBaseManager()) {
            network.initialize(manager, DataType.FLOAT32, input);
            return CompressionReport.of(file, network);
        }
    }
}
