package io.github.freqreg.examples.cli;

import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of the file that {@code train} saves, and of what it prints about it. */
final class SaveOptions {

    @Option(
            names = "--out",
            description = "the file to write (default: the network's name and .frq)")
    private Optional<Path> out = Optional.empty();

    @Mixin private NamesOption names;

    @Option(
            names = "--execution",
            description = "print how each layer was computed, and what that was expected to cost")
    private boolean execution;

    NamesOption names() {
        return names;
    }

    boolean isExecution() {
        return execution;
    }

    /** The file to write. */
    Path file(Network network) {
        return out.orElse(Path.of(network.command() + ".frq"));
    }

    /** Fails now, and not after the training, if the file cannot be written. */
    void check(Network network) throws IOException {
        WholeFile.checkWritable(file(network));
    }

    /** Prints how the layers of a network were computed, if that is asked for. */
    void printExecution(Block block, PrintWriter to) {
        if (execution) {
            to.println();
            to.print(ExecutionReport.of(block));
        }
    }
}
