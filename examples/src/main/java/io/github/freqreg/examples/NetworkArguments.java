package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The arguments of every command that runs a network on data. */
final class NetworkArguments {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NETWORK",
            description = "lenet, alexnet, vgg, resnet18, vit, unet, dcgan or vae")
    private Network network;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "lenet, vae, dcgan: folder with MNIST's four IDX files, gzipped or not (default:"
                            + " the 10,000 digits that come with the program); alexnet, vgg,"
                            + " resnet18, vit: folder with CIFAR-10's binary files, gzipped or not"
                            + " (default: shapes that are drawn); unet: folder with images/ and"
                            + " masks/ (default to train: scenes that are drawn)")
    private Path data;

    @Option(
            names = "--subset",
            paramLabel = "N",
            description = "train on N examples alone, evenly spread over all")
    private Integer subset;

    @Mixin private DeviceArgument device;

    @Mixin private ShapeArguments shape;

    Network network() {
        return network;
    }

    Path data() {
        return data;
    }

    Device device() {
        return device.get();
    }

    ShapeArguments shape() {
        return shape;
    }

    /** Loads a file of any kind into a fresh network of a task. */
    Model load(Task task, Path weights) throws IOException, MalformedModelException {
        Model model = Model.newInstance("fresh", device());
        try {
            model.setBlock(task.network());
            WeightFile.load(network, model, weights, task.inputs(1));
            return model;
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * What a network is trained for.
     *
     * @param move by how many pixels images are moved at most, or null for the network's own
     * @param turn by how many degrees they are turned at most
     */
    Task task(Integer move, double turn) throws IOException, MalformedModelException {
        if (subset != null && subset < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--subset must be 1 or more but is " + subset);
        }
        shape.check(network);
        int most = subset == null ? Integer.MAX_VALUE : subset;
        int width = shape.width(network);
        switch (network) {
            case UNET:
                return shape.unet(data, most);
            case VAE:
                return new VaeTask(Digits.load(data).subset(most), width);
            case DCGAN:
                return new DcganTask(Digits.load(data), most, width);
            default:
                Images.Split all = network == Network.LENET ? Digits.load(data) : Cifar.load(data);
                Images.Split images = all.subset(most);
                int side = shape.side(network, images.training().side());
                try {
                    network.classifier(width);
                } catch (IllegalArgumentException e) {
                    throw new ParameterException(
                            spec.commandLine(), "--width: " + e.getMessage(), e);
                }
                return new ClassificationTask(network, images, width, side, move, turn);
        }
    }
}
