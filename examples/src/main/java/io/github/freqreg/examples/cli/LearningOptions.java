package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.tasks.Descent;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.TrainingDefaults;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The training options that apply to compressed and dense networks alike. */
final class LearningOptions {

    private static final float SGD_RATE = 0.01f;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description =
                    "training epochs (default: lenet 40 on MNIST, more on fewer images, and a"
                            + " quarter of that dense; all others 10). May be increased with"
                            + " --resume: the remaining schedules of learning rate, --truncate and"
                            + " quantisation then follow the new number, and the result equals"
                            + " neither a training of the old number of epochs nor one of the new")
    private Optional<Integer> epochs = Optional.empty();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description =
                    "training examples in a step (default: unet 2, dcgan 64, lenet, separable,"
                            + " convnet and vae 128, all others 32)")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description =
                    "largest learning rate, which decays to a hundredth by a cosine schedule"
                            + " (default: 0.01 with sgd; with adam lenet 0.001 to 0.03, less the"
                            + " more numbers are kept; alexnet 0.004; vgg 0.005; separable 0.02;"
                            + " convnet 0.03; vit 0.0005 at its default size, up to 0.003 for fewer"
                            + " numbers; dcgan 0.002; vae 0.02; all others 0.01; and for dense"
                            + " networks alexnet and vit 0.0005, lenet 0.002, separable and convnet"
                            + " 0.01, all others 0.001)")
    private Optional<Float> learningRate = Optional.empty();

    @Option(
            names = "--warm-up",
            paramLabel = "SHARE",
            description =
                    "fraction of the training steps during which the learning rate rises from 0"
                            + " (default: separable and convnet 0.15, all others 0)")
    private Optional<Double> warmUp = Optional.empty();

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            defaultValue = "adam",
            description = "adam, or sgd with momentum 0.9 (default: adam)")
    private Descent descent;

    @Option(
            names = "--move",
            paramLabel = "N",
            description =
                    "classifiers: largest random shift of training images, in pixels (default:"
                            + " lenet 1, convnet 0, all others 2)")
    private Optional<Integer> move = Optional.empty();

    @Option(
            names = "--turn",
            paramLabel = "DEGREES",
            description =
                    "classifiers: largest random rotation of training images in degrees, and"
                            + " scaling in percent (default: 0)")
    private double turn;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "random seed of initial weights and order of examples (default:"
                            + " ${DEFAULT-VALUE})")
    private int seed;

    Descent descent() {
        return descent;
    }

    int seed() {
        return seed;
    }

    /** Returns the epochs, of which a dense network may need fewer. */
    int epochs(Task task, boolean dense) {
        TrainingDefaults usual = task.defaults();
        return epochs.orElse(dense ? usual.denseEpochs(task.size()) : usual.epochs(task.size()));
    }

    void check(Network network) {
        Usage.require(
                spec, epochs.orElse(1) >= 1, "--epochs must be 1 or more" + Usage.butIs(epochs));
        Usage.require(
                spec,
                batchSize.orElse(1) >= 1,
                "--batch-size must be 1 or more" + Usage.butIs(batchSize));
        Usage.require(
                spec,
                move.orElse(0) >= 0 && move.orElse(0) <= 10,
                "--move must be 0 to 10" + Usage.butIs(move));
        Usage.require(spec, turn >= 0 && turn <= 45, "--turn must be 0 to 45 but is " + turn);
        Usage.requireRate(spec, learningRate);
        Usage.require(
                spec,
                warmUp.orElse(0.0) >= 0 && warmUp.orElse(0.0) < 1,
                "--warm-up must be at least 0 and below 1" + Usage.butIs(warmUp));
        Usage.require(
                spec,
                network.isClassifier() || turn == 0 && move.isEmpty(),
                "--move and --turn do not apply to " + network.command());
    }

    /** Replaces the shift and rotation of a network's own augmentation by those of the options. */
    Variation vary(Variation own) {
        return new Variation(move.orElse(own.move()), turn, own.mirrored());
    }

    /** Returns the settings of a training, overridden by these options. */
    Task.Settings settings(Task.Settings usual) {
        float usualRate = descent == Descent.SGD ? SGD_RATE : usual.learningRate();
        return new Task.Settings(
                batchSize.orElse(usual.batchSize()),
                learningRate.orElse(usualRate),
                usual.beta1(),
                warmUp.orElse(usual.warmUp()));
    }

    void describe(Map<String, String> settings, Network network) {
        settings.put("--optimizer", Choice.word(descent));
        settings.put("--seed", String.valueOf(seed));
        if (network.isClassifier()) {
            settings.put("--move", String.valueOf(vary(network.variation()).move()));
        }
        settings.put("--turn", String.valueOf(turn));
    }
}
