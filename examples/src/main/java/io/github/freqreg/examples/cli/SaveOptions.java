package io.github.freqreg.examples.cli;

import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options of the file that {@code train} writes, and of the report on it. */
final class SaveOptions {

    @Option(
            names = "--out",
            paramLabel = "F.frq",
            description = "the file to write (default: NETWORK.frq)")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--execution",
            description = "print the execution strategy of each layer and its estimated cost")
    private boolean execution;

    boolean isExecution() {
        return execution;
    }

    /** Returns the file to write. */
    Path file(Network network) {
        return out.orElse(Path.of(network.command() + ".frq"));
    }

    /** Fails before the training begins if the file cannot be written. */
    void check(Network network) throws IOException {
        WholeFile.checkWritable(file(network));
    }

    /** Prints the execution strategy of each layer, if the option was given. */
    void printExecution(Block block, PrintWriter to) {
        if (execution) {
            to.println();
            to.print(ExecutionReport.of(block));
        }
    }
}
