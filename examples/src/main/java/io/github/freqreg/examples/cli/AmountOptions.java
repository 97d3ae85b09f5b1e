package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.LeNetRecipe;
import io.github.freqreg.examples.tasks.Preset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that set how many coefficients are kept; at most one may be given. */
final class AmountOptions {

    @Option(names = "--keep-rate", description = "fraction of the coefficients kept in each tensor")
    private Optional<Double> keepRate = Optional.empty();

    @Option(names = "--keep", description = "number of coefficients kept in each tensor")
    private Optional<Long> keep = Optional.empty();

    @Option(
            names = "--budget",
            description =
                    "total of stored numbers in the network, including biases (default: lenet"
                            + " 5000; unet --keep 33; all others --keep-rate 0.01)")
    private Optional<Long> budget = Optional.empty();

    @Option(names = "--preset", description = "the paper's keep rates: v1, v2 or v3")
    private Optional<Preset> preset = Optional.empty();

    @Option(
            names = "--recipe",
            description =
                    "lenet: tuned defaults for the options below: paper-776, small or accurate")
    private Optional<LeNetRecipe> recipe = Optional.empty();

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

    Optional<Preset> preset() {
        return preset;
    }

    Optional<LeNetRecipe> recipe() {
        return recipe;
    }

    boolean isDense() {
        return dense;
    }

    /** Returns whether no option with a value was given. */
    boolean isOpen() {
        return values().values().stream().allMatch(Optional::isEmpty);
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
        values.put("--keep-rate", keepRate);
        values.put("--keep", keep);
        values.put("--budget", budget);
        values.put("--preset", preset.map(Choice::word));
        values.put("--recipe", recipe);
        return values;
    }
}
