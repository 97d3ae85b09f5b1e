package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.data.Cifar;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.tasks.InputScale;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.examples.tasks.ScenesTask;
import io.github.freqreg.examples.tasks.WeightFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options of the size of a network and of its input images. */
final class ShapeArguments {

    /** The resource bundle that describes these options for commands that only run UNets. */
    static final String OF_UNETS = "io.github.freqreg.examples.cli.unet";

    private static final int MAX_WIDTH = 1024;
    private static final int MAX_DEPTH = 8;
    private static final int MAX_SIZE = 4096;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--width",
            paramLabel = "N",
            description =
                    "channels of the first layer, to which those of all other layers are"
                            + " proportional; units of vit and vae (default: alexnet, vgg,"
                            + " resnet18, unet, dcgan 16; separable 20; convnet 8; vit 128; vae"
                            + " 400; as published: 64, vit 512, vae 400). A saved UNet: the width"
                            + " in the file; if it has none, 64 for the published UNet, else 16")
    private Optional<Integer> width = Optional.empty();

    @Option(
            names = "--depth",
            paramLabel = "N",
            description =
                    "unet: levels below the first, each at half the size (default: 4; a saved UNet:"
                            + " the depth in the file)")
    private Optional<Integer> depth = Optional.empty();

    @Option(
            names = "--size",
            paramLabel = "N",
            converter = Size.class,
            description =
                    "side of the square that input images are scaled to. Training unet: default"
                            + " 96. A"
                            + " saved UNet: also WIDTHxHEIGHT, or 0 for no scaling, which takes"
                            + " memory proportional to the pixels (default: the training size if"
                            + " that is a square; otherwise the largest size within it that keeps"
                            + " the aspect ratio). alexnet, vgg, resnet18, separable, convnet, vit:"
                            + " a multiple of 32"
                            + " (default: 32, alexnet 64; the published AlexNet takes 224)")
    private Optional<ImageSize> size = Optional.empty();

    /** Parses the value of {@code --size}. */
    private static final class Size implements ITypeConverter<ImageSize> {

        /** {@inheritDoc} */
        @Override
        public ImageSize convert(String value) {
            try {
                return ImageSize.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Checks the values and rejects options that the network does not have. */
    void check(Network network) {
        check();
        checkMeaning("--width", width.isEmpty() || network.width() > 0, network);
        checkMeaning("--size", size.isEmpty() || network.side() > 0, network);
        checkMeaning("--depth", depth.isEmpty() || network == Network.UNET, network);
    }

    private void checkMeaning(String option, boolean holds, Network network) {
        check(holds, option + " does not apply to " + network.command());
    }

    /** Returns the width of a network to train. */
    int width(Network network) {
        return width.orElse(network.width());
    }

    /** Returns the values that a checkpoint records, by option; the size is in the input shapes. */
    Map<String, String> describe(Network network) {
        Map<String, String> described = new LinkedHashMap<>();
        if (network.width() > 0) {
            described.put("--width", String.valueOf(width(network)));
        }
        if (network == Network.UNET) {
            described.put("--depth", String.valueOf(depth.orElse(PublishedUNet.DEPTH)));
        }
        return described;
    }

    /**
     * Returns the side of the input images of a classifier to train.
     *
     * @param theirs the side of the images in the data set
     */
    int side(Network network, int theirs) {
        int side = size.map(this::square).orElse(Math.max(network.side(), theirs));
        check(
                side >= theirs && side % theirs == 0,
                "--size must be a multiple of " + theirs + " but is " + side);
        check(
                network != Network.ALEXNET || side >= network.side(),
                "--size of alexnet must be " + network.side() + " or more but is " + side);
        return side;
    }

    /** Creates the task of training a UNet, on the images of a folder or on generated scenes. */
    ScenesTask unet(Optional<Path> data, int subset) throws IOException {
        int levels = depth.orElse(PublishedUNet.DEPTH);
        int side = size.map(this::square).orElse(Network.UNET.side());
        // Normalisation at the last level needs more than one pixel.
        check(
                side >= 2 << levels,
                "--size must be " + (2 << levels) + " or more at this --depth but is " + side);
        int channels = width(Network.UNET);
        return data.isPresent()
                ? ScenesTask.read(data.get(), subset, side, channels, levels)
                : ScenesTask.drawn(subset, side, channels, levels);
    }

    /** Returns how images are scaled for a saved UNet. */
    InputScale scale() {
        check();
        return size.map(its -> its.pixels() == 0 ? InputScale.OWN : InputScale.to(its))
                .orElse(InputScale.TRAINED);
    }

    /** Returns the side of a size that must be a square. */
    private int square(ImageSize asked) {
        check(
                asked.width() == asked.height(),
                "--size must be the side of a square to train on but is " + asked);
        return asked.width();
    }

    /**
     * Builds a dense network of these sizes.
     *
     * @param usualWidth the width of a UNet without {@code --width}
     */
    Block plain(Network network, int usualWidth) {
        int units = width(network);
        return switch (network) {
            case UNET ->
                    new UNet(
                            width.orElse(usualWidth),
                            depth.orElse(PublishedUNet.DEPTH),
                            PublishedUNet.CLASSES);
            case VAE -> new Vae(units);
            case DCGAN -> new Dcgan(units);
            default -> network.classifier(units);
        };
    }

    /** Returns the input shapes of a network. */
    Shape[] inputs(Network network) {
        return switch (network) {
            case UNET -> new Shape[] {PublishedUNet.INPUT};
            case VAE -> Vae.inputs(1);
            case DCGAN -> Dcgan.inputs(1);
            case LENET -> new Shape[] {new Shape(1).addAll(LeNet.INPUT)};
            default -> {
                int side = side(network, Cifar.SIDE);
                yield new Shape[] {new Shape(1, Cifar.CHANNELS, side, side)};
            }
        };
    }

    /** Builds a network of these sizes and loads a weight file into it. */
    void load(Network network, Model model, WeightFile weights)
            throws IOException, MalformedModelException {
        check(network);
        if (network == Network.UNET) {
            loadUNet(model, weights);
        } else {
            model.setBlock(plain(network, 0));
            weights.load(network, model, inputs(network));
        }
    }

    /**
     * Builds a UNet and loads a weight file into it. Width and depth come from the tensor shapes in
     * the file; if it has none, from these options or the published network.
     */
    void loadUNet(Model model, WeightFile weights) throws IOException, MalformedModelException {
        check();
        model.setBlock(network(weights.shapes(), weights.usualUNetWidth()));
        Shape input =
                size.filter(its -> its.pixels() > 0 && its.width() == its.height())
                        .map(its -> new Shape(1, 3, its.height(), its.width()))
                        .orElse(PublishedUNet.INPUT);
        weights.load(Network.UNET, model, input);
    }

    /** Builds a UNet for the tensor names and shapes of a file, which may be empty. */
    private UNet network(Map<String, Shape> shapes, int usualWidth) {
        int itsWidth = width.orElse(usualWidth);
        int itsDepth = depth.orElse(PublishedUNet.DEPTH);
        int classes = PublishedUNet.CLASSES;
        // Two convolutions in the first level, two in each level down, three in each level up, one
        // last.
        if (shapes.size() % 5 == 3 && shapes.size() > 3) {
            // The tensors of a safetensors file may be sorted by name.
            List<Shape> all = List.copyOf(shapes.values());
            Shape last = shapes.getOrDefault(PublishedUNet.LAST, all.get(all.size() - 1));
            int levels = (shapes.size() - 3) / 5;
            if (last.dimension() == 4 && levels <= MAX_DEPTH && last.get(1) <= MAX_WIDTH) {
                itsWidth = (int) Math.max(1, last.get(1));
                itsDepth = levels;
                classes = (int) Math.max(1, Math.min(last.get(0), MAX_WIDTH));
            }
        }
        return new UNet(itsWidth, itsDepth, classes);
    }

    /** Checks the values. */
    void check() {
        check(
                isBetween(width, MAX_WIDTH),
                "--width must be 1 to " + MAX_WIDTH + Usage.butIs(width));
        check(
                isBetween(depth, MAX_DEPTH),
                "--depth must be 1 to " + MAX_DEPTH + Usage.butIs(depth));
        check(
                size.map(its -> isSize(its.width(), its.height())).orElse(true),
                "--size must be 0 to " + MAX_SIZE + Usage.butIs(size));
    }

    private static boolean isBetween(Optional<Integer> number, int most) {
        return number.orElse(1) >= 1 && number.orElse(1) <= most;
    }

    private static boolean isSize(int across, int down) {
        boolean none = across == 0 && down == 0;
        return none || Math.min(across, down) > 0 && Math.max(across, down) <= MAX_SIZE;
    }

    private void check(boolean holds, String message) {
        Usage.require(spec, holds, message);
    }
}
