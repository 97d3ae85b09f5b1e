package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.AxisTreatment;
import io.github.freqreg.examples.tasks.ByteLimit;
import io.github.freqreg.examples.tasks.LeNetRecipe;
import io.github.freqreg.format.FrqDocument;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of how a network is compressed while it is trained, but for how much is kept. */
final class CompressionOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Mixin private AxisOptions axes;

    @Option(
            names = "--balanced",
            paramLabel = "ROUNDS",
            arity = "0..1",
            fallbackValue = "3",
            defaultValue = "0",
            description =
                    "beyond the paper: start with coefficients that are larger at high frequencies,"
                            + " of which few are kept; this many rounds of scaling, 3 without a"
                            + " value")
    private int balanced;

    @Option(
            names = "--biases",
            description =
                    "also compress biases and normalisation parameters, keeping √n of n"
                            + " coefficients")
    private boolean biases;

    @Option(
            names = "--budget-bytes",
            paramLabel = "N",
            description =
                    "quantise numbers in the second half of the epochs, so that the file has at"
                            + " most N bytes; without another amount, keep as many as these hold,"
                            + " of biases and normalisation parameters too")
    private Optional<Long> budgetBytes = Optional.empty();

    @Option(
            names = "--rate-weight",
            paramLabel = "X",
            description =
                    "with --budget-bytes: how much a bit weighs against the loss, such as 0.00001"
                            + " (default: 0)")
    private double rateWeight;

    @Option(
            names = "--truncate",
            description =
                    "start with all coefficients and cut the tail over this share of the steps")
    private double truncate;

    Set<AxisTreatment> axes() {
        return axes.treatment();
    }

    int balanced() {
        return balanced;
    }

    boolean biases() {
        return biases;
    }

    OptionalLong budgetBytes() {
        return budgetBytes.map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    double truncate() {
        return truncate;
    }

    /** Whether none of these options is given. */
    boolean isUnset() {
        return truncate == 0
                && axes.treatment().isEmpty()
                && balanced == 0
                && !biases
                && budgetBytes.isEmpty();
    }

    /** Checks the values, and what has no meaning together. */
    void check() {
        Usage.require(
                spec,
                budgetBytes.isEmpty() || isSize(budgetBytes.get()),
                "--budget-bytes must be 1 to "
                        + FrqDocument.MAX_BYTES
                        + " but is "
                        + budgetBytes.map(String::valueOf).orElse(""));
        Usage.require(
                spec,
                rateWeight == 0 || rateWeight > 0 && rateWeight < 1 && budgetBytes.isPresent(),
                "--rate-weight must be 0 to 1, with --budget-bytes, but is " + rateWeight);
        Usage.require(
                spec,
                truncate >= 0 && truncate <= 1,
                "--truncate must be 0 to 1 but is " + truncate);
        Usage.require(
                spec,
                balanced == 0 || truncate == 0,
                "--balanced has no meaning with --truncate, which starts with all coefficients");
    }

    private static boolean isSize(long bytes) {
        return bytes >= 1 && bytes <= FrqDocument.MAX_BYTES;
    }

    /**
     * The limit of the file's size, if there is one.
     *
     * @param recipe may have a limit of its own
     * @param names whether the file is to have names and shapes
     */
    Optional<ByteLimit> limit(Optional<LeNetRecipe> recipe, boolean names) {
        Optional<ByteLimit> its = recipe.flatMap(LeNetRecipe::limit);
        if (budgetBytes.isEmpty()) {
            return its;
        }
        double weight = rateWeight == 0 ? its.map(ByteLimit::rateWeight).orElse(0.0) : rateWeight;
        boolean bothNames = names && its.map(ByteLimit::names).orElse(true);
        return Optional.of(new ByteLimit(budgetBytes.get(), bothNames, weight));
    }

    void describe(Map<String, String> settings) {
        axes.describe(settings);
        settings.put("--balanced", String.valueOf(balanced));
        settings.put("--biases", String.valueOf(biases));
        settings.put("--truncate", String.valueOf(truncate));
    }
}
