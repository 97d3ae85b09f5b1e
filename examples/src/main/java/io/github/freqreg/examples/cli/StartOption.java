package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option of the weights from which a compressed network starts. */
final class StartOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--seeded-start",
            paramLabel = "SEED",
            description =
                    "start from random weights of this seed, to which the coefficients are added;"
                            + " of these weights, the file stores only the seed. 0: coefficients"
                            + " alone (default: convnet 1, all others and --paper 0)")
    private Optional<Integer> start = Optional.empty();

    @Option(
            names = "--no-identity-start",
            description =
                    "initialise convolutions that no skip connection bypasses like all other layers,"
                            + " instead of letting them pass their input through; no effect with"
                            + " --seeded-start and --paper")
    private boolean noIdentity;

    /** Rejects a start of a network that is not compressed. */
    void check(AmountOptions amount) {
        Usage.require(
                spec,
                !amount.isDense() || start.isEmpty() && !noIdentity,
                "--seeded-start and --no-identity-start cannot be combined with --dense");
    }

    /** Sets the start of a policy. */
    void set(FrequencyRegularizationBuilder builder, Network network, AmountOptions amount) {
        seed(network, amount).ifPresent(builder::optSeededStart);
        if (noIdentity) {
            builder.optIdentityStart(false);
        }
    }

    /** Returns the seed; empty for coefficients alone. */
    private OptionalInt seed(Network network, AmountOptions amount) {
        int seed = start.orElse(amount.paper().isPresent() ? 0 : network.startSeed());
        return seed == 0 ? OptionalInt.empty() : OptionalInt.of(seed);
    }

    void describe(Map<String, String> settings, Network network, AmountOptions amount) {
        settings.put("--seeded-start", String.valueOf(seed(network, amount).orElse(0)));
        settings.put("--no-identity-start", String.valueOf(noIdentity));
    }
}
