package io.github.freqreg.examples.cli;

import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.training.CompressorBuilder;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options of the goal of {@code compress}; exactly one must be given. */
final class GoalOptions {

    @Option(
            names = "--budget-bytes",
            paramLabel = "N",
            description = "the most bytes of the written file")
    private Optional<Long> bytes = Optional.empty();

    @Option(
            names = "--max-loss",
            paramLabel = "X",
            description =
                    "instead of the bytes: write the smallest file whose validation score is at"
                            + " most X worse than that of the given network")
    private Optional<Double> maxLoss = Optional.empty();

    boolean isLoss() {
        return maxLoss.isPresent();
    }

    /** Returns the most bytes, if they are the goal. */
    long bytes() {
        return bytes.orElseThrow();
    }

    /** Checks the value. */
    void check(CommandSpec spec) {
        long most = bytes.orElse(1L);
        Usage.require(
                spec,
                most >= 1 && most <= FrqDocument.MAX_BYTES,
                "--budget-bytes must be 1 to " + FrqDocument.MAX_BYTES + " but is " + most);
        double loss = maxLoss.orElse(0.0);
        Usage.require(
                spec,
                loss >= 0 && Double.isFinite(loss),
                "--max-loss must be 0 or more but is " + loss);
    }

    /** Sets the goal of a compressor. */
    void applyTo(CompressorBuilder compressor) {
        bytes.ifPresent(compressor::setBytes);
        maxLoss.ifPresent(compressor::setAllowedLoss);
    }
}
