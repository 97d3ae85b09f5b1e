package io.github.freqreg.examples.tasks;

import ai.djl.nn.Block;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.networks.AlexNet;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.examples.networks.Vgg;
import io.github.freqreg.examples.networks.VisionTransformer;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;

/** The networks that the program knows, and what is particular to each. */
public enum Network {
    LENET(
            "LeNet-5",
            0,
            0,
            new Classifier(32, 0.001f, 0.015f, 1, false, (width, classes) -> LeNet.build())),
    // Without normalisation, larger steps leave its units silent.
    ALEXNET("AlexNet", 16, 64, Classifier.colours(0.0005f, 0.004f, AlexNet::build)),
    VGG("VGG", 16, 32, Classifier.colours(0.001f, 0.005f, Vgg::build)),
    RESNET18("ResNet-18", 16, 32, Classifier.colours(0.001f, 0.01f, ResNet18::build)),
    VIT("Vision transformer", 128, 32, Classifier.colours(0.0005f, 0.003f, VisionTransformer::new)),
    UNET("UNet", 16, 96),
    DCGAN("DCGAN", 16, 0),
    VAE("VAE", 400, 0);

    private final String title;
    private final int width;
    private final int side;
    private final Optional<Classifier> classifier;

    Network(String title, int width, int side) {
        this(title, width, side, Optional.empty());
    }

    Network(String title, int width, int side, Classifier classifier) {
        this(title, width, side, Optional.of(classifier));
    }

    Network(String title, int width, int side, Optional<Classifier> classifier) {
        this.title = title;
        this.width = width;
        this.side = side;
        this.classifier = classifier;
    }

    /** What it is called in the paper. */
    public String title() {
        return title;
    }

    /** The name in commands. */
    public String command() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As in commands, also in messages. */
    @Override
    public String toString() {
        return command();
    }

    /** The width for a small machine, or 0 for a network of one fixed width. */
    public int width() {
        return width;
    }

    /** The side of its images where the user does not say, or 0 where it is fixed. */
    public int side() {
        return side;
    }

    /** Whether it classifies images. */
    public boolean isClassifier() {
        return classifier.isPresent();
    }

    /**
     * Builds it as a classifier of ten classes.
     *
     * @throws java.util.NoSuchElementException if it is not a classifier
     */
    public Block classifier(int width) {
        return classifier().architecture().apply(width, Images.CLASSES);
    }

    /** How training images are varied where the user does not say; not at all if no classifier. */
    public Variation variation() {
        return classifier
                .map(its -> new Variation(its.move(), 0, its.mirrored()))
                .orElse(Variation.NONE);
    }

    /** How it is trained as a classifier, which it must be. */
    Classifier classifier() {
        return classifier.orElseThrow();
    }

    /**
     * An architecture that classifies images, and how it is trained.
     *
     * @param batchSize examples in a step
     * @param denseRate Adam's first learning rate for the plain network
     * @param rate the same for the compressed one
     * @param move by how many pixels training images are moved at most
     * @param mirrored whether they are also mirrored
     * @param architecture builds it of a width and a number of classes
     */
    record Classifier(
            int batchSize,
            float denseRate,
            float rate,
            int move,
            boolean mirrored,
            BiFunction<Integer, Integer, Block> architecture) {

        private static Classifier colours(
                float denseRate, float rate, BiFunction<Integer, Integer, Block> architecture) {
            return new Classifier(32, denseRate, rate, 2, true, architecture);
        }
    }
}
