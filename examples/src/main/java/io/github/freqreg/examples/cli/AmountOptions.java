package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.Preset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * The options that set how many numbers are kept instead of how many bytes; at most one may be
 * given.
 */
final class AmountOptions {

    @Option(
            names = "--budget",
            paramLabel = "N",
            description =
                    "keep N numbers, biases included, as float16; quantised with --budget-bytes")
    private Optional<Long> budget = Optional.empty();

    @Option(
            names = "--paper",
            paramLabel = "VERSION",
            arity = "0..1",
            fallbackValue = "v3",
            description =
                    "the published method with the paper's numbers: v1, v2 or v3, the smallest (v3"
                            + " if omitted)")
    private Optional<Preset> paper = Optional.empty();

    @Option(
            names = "--keep-rate",
            paramLabel = "R",
            description = "fraction of the coefficients kept in each weight")
    private Optional<Double> keepRate = Optional.empty();

    @Option(
            names = "--keep",
            paramLabel = "N",
            description = "number of coefficients kept in each weight")
    private Optional<Long> keep = Optional.empty();

    @Option(names = "--dense", description = "train the dense network only")
    private boolean dense;

    Optional<Double> keepRate() {
        return keepRate;
    }

    Optional<Long> keep() {
        return keep;
    }

    Optional<Long> budget() {
        return budget;
    }

    Optional<Preset> paper() {
        return paper;
    }

    boolean isDense() {
        return dense;
    }

    /** Returns whether no option was given, so that the bytes of the file set how much is kept. */
    boolean isOpen() {
        return !dense && values().values().stream().allMatch(Optional::isEmpty);
    }

    /** Returns the option that was given, with its value, or {@code default}. */
    String describe() {
        if (dense) {
            return "--dense";
        }
        return values().entrySet().stream()
                .filter(option -> option.getValue().isPresent())
                .map(option -> option.getKey() + " " + option.getValue().get())
                .findFirst()
                .orElse("default");
    }

    private Map<String, Optional<?>> values() {
        Map<String, Optional<?>> values = new LinkedHashMap<>();
        values.put("--budget", budget);
        values.put("--paper", paper.map(Choice::word));
        values.put("--keep-rate", keepRate);
        values.put("--keep", keep);
        return values;
    }
}
