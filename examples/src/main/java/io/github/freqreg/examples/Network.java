package io.github.freqreg.examples;

import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.AlexNet;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.examples.networks.Vgg;
import io.github.freqreg.examples.networks.VisionTransformer;
import java.util.Locale;
import java.util.function.BiFunction;

/** The networks that the program knows, and what is particular to each. */
enum Network {
    LENET(
            "LeNet-5",
            0,
            0,
            new Settings(32, 0.001f, 0.015f, 1, false),
            (width, classes) -> LeNet.build()),
    // Without normalisation, larger steps leave its units silent.
    ALEXNET("AlexNet", 16, 64, Settings.colours(0.0005f, 0.004f), AlexNet::build),
    VGG("VGG", 16, 32, Settings.colours(0.001f, 0.005f), Vgg::build),
    RESNET18("ResNet-18", 16, 32, Settings.colours(0.001f, 0.01f), ResNet18::build),
    VIT("Vision transformer", 128, 32, Settings.colours(0.0005f, 0.003f), VisionTransformer::new),
    UNET("UNet", 16, 96, null, null),
    DCGAN("DCGAN", 16, 0, null, null),
    VAE("VAE", 400, 0, null, null);

    private final String title;
    private final int width;
    private final int side;
    private final Settings settings;
    private final BiFunction<Integer, Integer, Block> classifier;

    Network(
            String title,
            int width,
            int side,
            Settings settings,
            BiFunction<Integer, Integer, Block> classifier) {
        this.title = title;
        this.width = width;
        this.side = side;
        this.settings = settings;
        this.classifier = classifier;
    }

    /** What it is called in the paper. */
    String title() {
        return title;
    }

    /** The name in commands. */
    String command() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As in commands, also in messages. */
    @Override
    public String toString() {
        return command();
    }

    /** The width for a small machine, or 0 for a network that has one alone. */
    int width() {
        return width;
    }

    /** The side of its images where the user does not say, or 0 where there is one alone. */
    int side() {
        return side;
    }

    boolean isClassifier() {
        return settings != null;
    }

    /** How it is trained as a classifier, which it must be. */
    Settings settings() {
        return settings;
    }

    /** Builds it as a classifier of ten classes, which it must be. */
    Block classifier(int width) {
        return classifier.apply(width, Images.CLASSES);
    }

    /**
     * How a classifier is trained.
     *
     * @param batchSize examples in a step
     * @param denseRate Adam's first learning rate for the plain network
     * @param rate the same for the compressed one
     * @param move by how many pixels training images are moved at most
     * @param mirrored whether they are also seen in a mirror
     */
    record Settings(int batchSize, float denseRate, float rate, int move, boolean mirrored) {

        private static Settings colours(float denseRate, float rate) {
            return new Settings(32, denseRate, rate, 2, true);
        }
    }
}
