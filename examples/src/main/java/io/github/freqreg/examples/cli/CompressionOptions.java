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

/**
 * The options of how a network is compressed during training; {@link AmountOptions} has those of
 * how much is kept.
 */
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
                    "not in the paper: draw initial coefficients with larger variance at high"
                            + " frequencies, so that all frequencies start with the same energy;"
                            + " computed in ROUNDS rounds of scaling (3 if omitted)")
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
                    "quantise during the second half of the epochs, so that the file has at most N"
                            + " bytes. Unless another option sets how much is kept, keep as many"
                            + " coefficients as fit into N bytes, and compress biases and"
                            + " normalisation parameters too")
    private Optional<Long> budgetBytes = Optional.empty();

    @Option(
            names = "--rate-weight",
            paramLabel = "X",
            description =
                    "with --budget-bytes: weight of the file's size in bits in the training loss,"
                            + " such as 0.00001 (default: 0)")
    private double rateWeight;

    @Option(
            names = "--truncate",
            description =
                    "start with all coefficients and truncate the tail during this fraction of the"
                            + " training steps")
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

    /** Returns whether none of these options was given. */
    boolean isUnset() {
        return truncate == 0
                && axes.treatment().isEmpty()
                && balanced == 0
                && !biases
                && budgetBytes.isEmpty();
    }

    /** Checks the values and rejects invalid combinations. */
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
                "--balanced cannot be combined with --truncate, which starts with all"
                        + " coefficients");
    }

    private static boolean isSize(long bytes) {
        return bytes >= 1 && bytes <= FrqDocument.MAX_BYTES;
    }

    /**
     * Returns the limit on the size of the file, if there is one. These options override the
     * recipe.
     *
     * @param recipe the recipe, which may have a limit of its own
     * @param names whether the file contains names and shapes
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
