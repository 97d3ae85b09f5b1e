package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
import java.util.Arrays;
import java.util.Optional;

/** Reports on {@code .frq} files, including those that leave names and shapes to their network. */
final class FrqReport {

    private FrqReport() {}

    /**
     * Reports on a file; one without names and shapes gets those of the network of the program that
     * has its fingerprint.
     *
     * @param file the decoded file
     * @param shape the sizes of the networks, by default those that the program trains
     * @return the report; empty if the file has no names and belongs to none of these networks
     */
    static Optional<CompressionReport> of(SizedDocument file, ShapeArguments shape)
            throws MalformedModelException {
        if (file.document().isNamed()) {
            return Optional.of(CompressionReport.of(file));
        }
        shape.check();
        return Arrays.stream(Network.values())
                .flatMap(network -> tryNetwork(file, network, shape).stream())
                .findFirst();
    }

    private static Optional<CompressionReport> tryNetwork(
            SizedDocument file, Network network, ShapeArguments shape) {
        FrqDocument document = file.document();
        try {
            Block block = shape.plain(network, PublishedUNet.usualWidth(document));
            // Only a network with as many tensors takes memory.
            return block.getParameters().size() == document.entries().size()
                    ? Optional.of(of(file, block, shape.inputs(network)))
                    : Optional.empty();
        } catch (IllegalArgumentException | MalformedModelException e) {
            // The file belongs to another network, or this one cannot have the given width.
            return Optional.empty();
        }
    }

    /** Reports on a file with the names and shapes of a network, which is initialised for this. */
    static CompressionReport of(SizedDocument file, Block network, Shape... inputs)
            throws MalformedModelException {
        try (NDManager manager = NDManager.newBaseManager()) {
            network.initialize(manager, DataType.FLOAT32, inputs);
            return CompressionReport.of(file, network);
        }
    }
}
