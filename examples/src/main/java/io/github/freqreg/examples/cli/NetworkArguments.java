package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.data.Cifar;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.DrawnShapes;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.tasks.ClassificationTask;
import io.github.freqreg.examples.tasks.DcganTask;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.VaeTask;
import io.github.freqreg.examples.tasks.WeightFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The arguments that choose a network, its data and the device. */
final class NetworkArguments {

    /** The names of the networks, for the descriptions of arguments. */
    static final String NETWORKS =
            "lenet, alexnet, vgg, resnet18, separable, convnet, vit, unet, dcgan or vae";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NETWORK",
            description = NETWORKS,
            converter = NetworkName.Converter.class)
    private NetworkName name;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "lenet, vae, dcgan: folder with MNIST's four IDX files, plain or gzipped"
                            + " (default: 10,000 embedded digits); alexnet, vgg, resnet18,"
                            + " separable, convnet, vit: folder with CIFAR-10's binary files, plain"
                            + " or gzipped (default: generated shapes); unet: folder with images/"
                            + " and masks/ (default for training: generated scenes)")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--subset",
            paramLabel = "N",
            description =
                    "use N training examples only, evenly spread over the training set; a tenth of"
                            + " them is for validation")
    private Optional<Integer> subset = Optional.empty();

    @Mixin private DeviceArgument device;

    @Mixin private ShapeArguments shape;

    /** Returns the network of this program. */
    Network network() {
        return name.network()
                .orElseThrow(
                        () ->
                                new ParameterException(
                                        spec.commandLine(),
                                        "Only compress takes a TorchScript archive, but NETWORK is "
                                                + name.archive().orElseThrow()
                                                + ": expected "
                                                + NETWORKS));
    }

    /** Returns the path of a TorchScript archive, if one is given instead of a network. */
    Optional<Path> archive() {
        return name.archive();
    }

    Optional<Path> data() {
        return data;
    }

    Device device() {
        return device.get();
    }

    ShapeArguments shape() {
        return shape;
    }

    /** Loads a weight file into a new model of a task's network. */
    Model load(Task task, WeightFile weights) throws IOException, MalformedModelException {
        return task.load(device(), model -> weights.load(network(), model, task.inputs(1)));
    }

    /** Creates the task of the network, with the default augmentation of training images. */
    Task task() throws IOException, MalformedModelException {
        return task(UnaryOperator.identity());
    }

    /**
     * Creates the task of the network.
     *
     * @param vary receives the default augmentation of the training images and returns the one to
     *     use
     */
    Task task(UnaryOperator<Variation> vary) throws IOException, MalformedModelException {
        Usage.require(
                spec, subset.orElse(2) >= 2, "--subset must be 2 or more" + Usage.butIs(subset));
        Network network = network();
        shape.check(network);
        int most = subset.orElse(Integer.MAX_VALUE);
        int width = shape.width(network);
        return switch (network) {
            case UNET -> shape.unet(data, most);
            case VAE -> new VaeTask(digits().subset(most), width);
            case DCGAN -> new DcganTask(digits(), most, width);
            default -> classification(most, vary.apply(network.variation()));
        };
    }

    private Images.Split digits() {
        return data.map(Digits::load).orElseGet(Digits::embedded);
    }

    private Task classification(int most, Variation variation) {
        Network network = network();
        Images.Split images =
                network == Network.LENET
                        ? digits()
                        : data.map(Cifar::load).orElseGet(DrawnShapes::draw);
        int width = shape.width(network);
        int side = shape.side(network, images.training().side());
        try {
            network.classifier(width);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--width: " + e.getMessage(), e);
        }
        return new ClassificationTask(network, images.subset(most), width, side, variation);
    }
}
