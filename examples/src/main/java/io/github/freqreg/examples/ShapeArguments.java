package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options of a network's size and its images'. */
final class ShapeArguments {

    /** The resource bundle of a command that takes UNets alone: these options' descriptions. */
    static final String OF_UNETS = "io.github.freqreg.examples.unet";

    private static final int MAX_WIDTH = 1024;
    private static final int MAX_DEPTH = 8;
    private static final int MAX_SIZE = 4096;
    private static final int CLASSES = 2;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--width",
            paramLabel = "N",
            description =
                    "channels of the first layer, all others in proportion; units of vit and vae"
                            + " (default: alexnet, vgg, resnet18, unet, dcgan 16; vit 128; vae 400;"
                            + " as published: 64, vit 512, vae 400). To use a UNet: what the file"
                            + " says, or 64")
    private Integer width;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "unet: how often the image is halved (default: 4, or what the file says)")
    private Integer depth;

    @Option(
            names = "--size",
            paramLabel = "N",
            converter = Size.class,
            description =
                    "side of the square that images are scaled to. To train unet: default 96. To"
                            + " use a UNet: also WIDTHxHEIGHT, or 0 for their own size, whose memory"
                            + " is in proportion (default: to the square that it was trained on; if"
                            + " that was none, up or down into the trained size, with their own"
                            + " ratio of width to height). alexnet, vgg, resnet18, vit: a multiple"
                            + " of 32 (default: 32, alexnet 64; the published AlexNet takes 224)")
    private ImageSize size;

    /** The value of {@code --size}. */
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

    /** Refuses what a network does not have. */
    void check(Network network) {
        check();
        checkMeaning("--width", width == null || network.width() > 0, network);
        checkMeaning("--size", size == null || network.side() > 0, network);
        checkMeaning("--depth", depth == null || network == Network.UNET, network);
    }

    private void checkMeaning(String option, boolean holds, Network network) {
        check(holds, option + " has no meaning for " + network.command());
    }

    /** The width of a network to train. */
    int width(Network network) {
        return width == null ? network.width() : width;
    }

    /** What was chosen for a network to train, by option; the inputs' shapes tell the size. */
    Map<String, String> describe(Network network) {
        Map<String, String> described = new LinkedHashMap<>();
        if (network.width() > 0) {
            described.put("--width", String.valueOf(width(network)));
        }
        if (network == Network.UNET) {
            described.put("--depth", String.valueOf(depth == null ? PublishedUNet.DEPTH : depth));
        }
        return described;
    }

    /** The side of the images of a classifier to train. */
    int side(Network network, int theirs) {
        int side = size == null ? Math.max(network.side(), theirs) : square();
        check(
                side >= theirs && side % theirs == 0,
                "--size must be a multiple of " + theirs + " but is " + side);
        check(
                network != Network.ALEXNET || side >= network.side(),
                "--size of alexnet must be " + network.side() + " or more but is " + side);
        return side;
    }

    /** A UNet to train, with its images. */
    ScenesTask unet(Path data, int subset) throws IOException {
        int levels = depth == null ? PublishedUNet.DEPTH : depth;
        int side = size == null ? Network.UNET.side() : square();
        // The last level of one image needs more than one number to take statistics of.
        check(
                side >= 2 << levels,
                "--size must be " + (2 << levels) + " or more at this --depth but is " + side);
        return new ScenesTask(data, subset, side, width(Network.UNET), levels);
    }

    /** How images are scaled for a UNet that is used. */
    InputScale scale() {
        check();
        if (size == null) {
            return InputScale.TRAINED;
        }
        return size.pixels() == 0 ? InputScale.OWN : InputScale.to(size);
    }

    /** The side of a square that is asked for. */
    private int square() {
        check(
                size.width() == size.height(),
                "--size must be the side of a square to train on but is " + size);
        return size.width();
    }

    /** Builds a plain network without data; not for unet, whose file tells its width. */
    private Block plain(Network network) {
        int units = width(network);
        return switch (network) {
            case VAE -> new Vae(units);
            case DCGAN -> new Dcgan(units);
            default -> network.classifier(units);
        };
    }

    /** The shapes of a network's inputs; not for unet, whose file tells them. */
    private Shape[] inputs(Network network) {
        return switch (network) {
            case VAE -> Vae.inputs(1);
            case DCGAN -> Dcgan.inputs(1);
            case LENET -> new Shape[] {new Shape(1).addAll(LeNet.INPUT)};
            default -> {
                int side = side(network, Cifar.SIDE);
                yield new Shape[] {new Shape(1, Cifar.CHANNELS, side, side)};
            }
        };
    }

    /** Loads a file of any kind into a network of these sizes. */
    void load(Network network, Model model, Path weights)
            throws IOException, MalformedModelException {
        check(network);
        if (network == Network.UNET) {
            loadUNet(model, weights);
        } else {
            model.setBlock(plain(network));
            WeightFile.load(network, model, weights, inputs(network));
        }
    }

    /**
     * Loads a file of any kind into a UNet of the width and depth that the file's names and shapes
     * tell; where it has none, of those given, or of the published ones.
     */
    void loadUNet(Model model, Path weights) throws IOException, MalformedModelException {
        check();
        model.setBlock(network(WeightFile.shapes(weights)));
        boolean square = size != null && size.pixels() > 0 && size.width() == size.height();
        Shape input = square ? new Shape(1, 3, size.height(), size.width()) : PublishedUNet.INPUT;
        WeightFile.load(Network.UNET, model, weights, input);
    }

    /** A UNet for the names and shapes of a file. */
    UNet network(Map<String, Shape> shapes) {
        int itsWidth = width == null ? PublishedUNet.WIDTH : width;
        int itsDepth = depth == null ? PublishedUNet.DEPTH : depth;
        int classes = CLASSES;
        // Two convolutions at the top, two on each level down, three up, and one at the end.
        if (shapes.size() % 5 == 3 && shapes.size() > 3) {
            // Safetensors may be sorted by name.
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

    private void check() {
        check(
                width == null || width >= 1 && width <= MAX_WIDTH,
                "--width must be 1 to " + MAX_WIDTH + " but is " + width);
        check(
                depth == null || depth >= 1 && depth <= MAX_DEPTH,
                "--depth must be 1 to " + MAX_DEPTH + " but is " + depth);
        check(
                size == null || isSize(size.width(), size.height()),
                "--size must be 0 to " + MAX_SIZE + " but is " + size);
    }

    private static boolean isSize(int across, int down) {
        boolean none = across == 0 && down == 0;
        return none || Math.min(across, down) > 0 && Math.max(across, down) <= MAX_SIZE;
    }

    private void check(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
