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

/** The options of a network's size and its images'. */
final class ShapeArguments {

    /** The resource bundle that describes these options for a command that only takes UNets. */
    static final String OF_UNETS = "io.github.freqreg.examples.cli.unet";

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
    private Optional<Integer> width = Optional.empty();

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "unet: how often the image is halved (default: 4, or what the file says)")
    private Optional<Integer> depth = Optional.empty();

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
    private Optional<ImageSize> size = Optional.empty();

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
        checkMeaning("--width", width.isEmpty() || network.width() > 0, network);
        checkMeaning("--size", size.isEmpty() || network.side() > 0, network);
        checkMeaning("--depth", depth.isEmpty() || network == Network.UNET, network);
    }

    private void checkMeaning(String option, boolean holds, Network network) {
        check(holds, option + " has no meaning for " + network.command());
    }

    /** The width of a network to train. */
    int width(Network network) {
        return width.orElse(network.width());
    }

    /** What was chosen for a network to train, by option; the inputs' shapes tell the size. */
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

    /** The side of the images of a classifier to train. */
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

    /** A UNet to train, on the images of a folder or on drawn scenes. */
    ScenesTask unet(Optional<Path> data, int subset) throws IOException {
        int levels = depth.orElse(PublishedUNet.DEPTH);
        int side = size.map(this::square).orElse(Network.UNET.side());
        // The last level of one image needs more than one number to take statistics of.
        check(
                side >= 2 << levels,
                "--size must be " + (2 << levels) + " or more at this --depth but is " + side);
        int channels = width(Network.UNET);
        return data.isPresent()
                ? ScenesTask.read(data.get(), subset, side, channels, levels)
                : ScenesTask.drawn(subset, side, channels, levels);
    }

    /** How images are scaled for a UNet that is used. */
    InputScale scale() {
        check();
        return size.map(its -> its.pixels() == 0 ? InputScale.OWN : InputScale.to(its))
                .orElse(InputScale.TRAINED);
    }

    /** The side of a square that is asked for. */
    private int square(ImageSize asked) {
        check(
                asked.width() == asked.height(),
                "--size must be the side of a square to train on but is " + asked);
        return asked.width();
    }

    /** Builds a plain network without data; not for unet, whose width depends on the file. */
    private Block plain(Network network) {
        int units = width(network);
        return switch (network) {
            case VAE -> new Vae(units);
            case DCGAN -> new Dcgan(units);
            default -> network.classifier(units);
        };
    }

    /** The shapes of a network's inputs; not for unet, where they depend on the file. */
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
            try (WeightFile file = WeightFile.open(weights)) {
                file.load(network, model, inputs(network));
            }
        }
    }

    /**
     * Loads a file of any kind into a UNet of the width and depth that the file's names and shapes
     * tell; where it has none, of those given, or of the published ones.
     */
    void loadUNet(Model model, Path weights) throws IOException, MalformedModelException {
        check();
        try (WeightFile file = WeightFile.open(weights)) {
            model.setBlock(network(file.shapes()));
            Shape input =
                    size.filter(its -> its.pixels() > 0 && its.width() == its.height())
                            .map(its -> new Shape(1, 3, its.height(), its.width()))
                            .orElse(PublishedUNet.INPUT);
            file.load(Network.UNET, model, input);
        }
    }

    /** A UNet for the names and shapes of a file. */
    UNet network(Map<String, Shape> shapes) {
        int itsWidth = width.orElse(PublishedUNet.WIDTH);
        int itsDepth = depth.orElse(PublishedUNet.DEPTH);
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
        check(isBetween(width, MAX_WIDTH), "--width must be 1 to " + MAX_WIDTH + text(width));
        check(isBetween(depth, MAX_DEPTH), "--depth must be 1 to " + MAX_DEPTH + text(depth));
        check(
                size.map(its -> isSize(its.width(), its.height())).orElse(true),
                "--size must be 0 to " + MAX_SIZE + text(size));
    }

    private static boolean isBetween(Optional<Integer> number, int most) {
        return number.orElse(1) >= 1 && number.orElse(1) <= most;
    }

    private static String text(Optional<?> value) {
        return " but is " + value.map(String::valueOf).orElse("");
    }

    private static boolean isSize(int across, int down) {
        boolean none = across == 0 && down == 0;
        return none || Math.min(across, down) > 0 && Math.max(across, down) <= MAX_SIZE;
    }

    private void check(boolean holds, String message) {
        Usage.require(spec, holds, message);
    }
}
