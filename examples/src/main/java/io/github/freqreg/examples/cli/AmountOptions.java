package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.LeNetRecipe;
import io.github.freqreg.examples.tasks.Preset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How much of a network is kept: at most one of these options. */
final class AmountOptions {

    @Option(names = "--keep-rate", description = "share of each tensor's coefficients")
    private Optional<Double> keepRate = Optional.empty();

    @Option(names = "--keep", description = "coefficients kept of each tensor")
    private Optional<Long> keep = Optional.empty();

    @Option(
            names = "--budget",
            description =
                    "numbers of the whole network, biases included (default: lenet 5000; unet"
                            + " keeps 33 of each tensor, the others a rate of 0.01)")
    private Optional<Long> budget = Optional.empty();

    @Option(names = "--preset", description = "as the paper: v1, v2 or v3")
    private Optional<Preset> preset = Optional.empty();

    @Option(
            names = "--recipe",
            description = "lenet: tuned settings of all that follows: paper-776, small or accurate")
    private Optional<LeNetRecipe> recipe = Optional.empty();

    @Option(names = "--dense", description = "train the plain network")
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

    /** Whether none of the options sets how much is kept. */
    boolean isOpen() {
        return values().values().stream().allMatch(Optional::isEmpty);
    }

    /** The option that was given, with its value. */
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
