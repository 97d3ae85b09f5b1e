package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.ByteLimit;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.TrainingDefaults;
import io.github.freqreg.format.FrqDocument;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of the size of the file that {@code train} writes, and of how it is reached. */
final class ByteOptions {

    private static final double UNROUNDED = 0.5;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--budget-bytes",
            paramLabel = "N",
            description =
                    "largest size of the file in bytes; training quantises the network to fit"
                            + " (default: lenet 1500, alexnet 2816, vgg 4096, resnet18 5376,"
                            + " separable 4337, convnet 1464, vit 315748, unet 1518, dcgan 127070,"
                            + " vae 24000). Before it is trained, a network is wrapped for four bits"
                            + " a number, resnet18 for three")
    private Optional<Long> bytes = Optional.empty();

    @Option(
            names = "--rate-weight",
            paramLabel = "X",
            description =
                    "weight of the file's size in bits in the training loss; needs a size limit"
                            + " (default: lenet 0.00001 at 1149 bytes, all others 0)")
    private Optional<Double> rateWeight = Optional.empty();

    @Option(
            names = "--unrounded",
            paramLabel = "SHARE",
            description =
                    "fraction of the epochs that are trained before numbers are rounded to fit the"
                            + " file; needs a size limit (default: 0.5)")
    private Optional<Double> unrounded = Optional.empty();

    @Mixin private NamesOption names;

    @Option(
            names = "--truncate",
            paramLabel = "SHARE",
            description =
                    "start with all coefficients and truncate the tail during this fraction of the"
                            + " training steps")
    private double truncate;

    double truncate() {
        return truncate;
    }

    /** Checks the values and rejects invalid combinations. */
    void check(AmountOptions amount) {
        Usage.require(
                spec,
                bytes.isEmpty() || bytes.get() >= 1 && bytes.get() <= FrqDocument.MAX_BYTES,
                "--budget-bytes must be 1 to " + FrqDocument.MAX_BYTES + Usage.butIs(bytes));
        double weight = rateWeight.orElse(0.0);
        Usage.require(
                spec,
                weight >= 0 && weight < 1 && (weight == 0 || bytes.isPresent() || amount.isOpen()),
                "--rate-weight must be 0 to 1, with a size limit, but is " + weight);
        Usage.require(
                spec,
                truncate >= 0 && truncate <= 1,
                "--truncate must be 0 to 1 but is " + truncate);
        double before = unrounded.orElse(UNROUNDED);
        Usage.require(
                spec,
                before >= 0 && before < 1,
                "--unrounded must be 0 or more and below 1 but is " + before);
        Usage.require(
                spec,
                unrounded.isEmpty() || bytes.isPresent() || amount.isOpen(),
                "--unrounded needs a size limit");
        Usage.require(
                spec,
                !amount.isDense() || bytes.isEmpty() && truncate == 0,
                "--budget-bytes and --truncate cannot be combined with --dense");
    }

    /** Returns the largest size of the file in bytes; empty if the network is not quantised. */
    OptionalLong bytes(Network network, AmountOptions amount) {
        if (bytes.isPresent()) {
            return OptionalLong.of(bytes.get());
        }
        return amount.isOpen() ? OptionalLong.of(network.bytes()) : OptionalLong.empty();
    }

    /**
     * Returns the limit on the size of the file, if there is one.
     *
     * @param tuning the settings for the kept numbers
     */
    Optional<ByteLimit> limit(
            Network network, AmountOptions amount, TrainingDefaults.Tuning tuning) {
        OptionalLong most = bytes(network, amount);
        return most.isPresent()
                ? Optional.of(
                        new ByteLimit(
                                most.getAsLong(),
                                names.names(),
                                rateWeight.orElse(tuning.rateWeight()),
                                unrounded.orElse(UNROUNDED)))
                : Optional.empty();
    }

    boolean names() {
        return names.names();
    }

    void describe(Map<String, String> settings) {
        settings.put("--truncate", String.valueOf(truncate));
    }
}
