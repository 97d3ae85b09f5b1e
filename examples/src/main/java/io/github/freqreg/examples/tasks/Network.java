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

/** The networks of the program, with their default sizes and training settings. */
public enum Network {
    LENET(
            "LeNet-5",
            0,
            0,
            new Classifier(32, 0.001f, 0.015f, 1, false, (width, classes) -> LeNet.build())),
    // It has no normalisation: with larger learning rates its rectified units die.
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

    /** Returns the name in the paper. */
    public String title() {
        return title;
    }

    /** Returns the name on the command line. */
    public String command() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the name on the command line, for messages. */
    @Override
    public String toString() {
        return command();
    }

    /** Returns the default width, chosen for a small machine; 0 if the width is fixed. */
    public int width() {
        return width;
    }

    /** Returns the default side of the input images; 0 if it is fixed. */
    public int side() {
        return side;
    }

    /** Returns whether the network classifies images. */
    public boolean isClassifier() {
        return classifier.isPresent();
    }

    /**
     * Builds the network for ten classes.
     *
     * @throws java.util.NoSuchElementException if the network is not a classifier
     */
    public Block classifier(int width) {
        return classifier().architecture().apply(width, Images.CLASSES);
    }

    /**
     * Returns the default augmentation of training images; none if the network is no classifier.
     */
    public Variation variation() {
        return classifier
                .map(its -> new Variation(its.move(), 0, its.mirrored()))
                .orElse(Variation.NONE);
    }

    /** Returns the settings of a classifier, which the network must be. */
    Classifier classifier() {
        return classifier.orElseThrow();
    }

    /**
     * The architecture and the training settings of a classifier.
     *
     * @param batchSize the examples in a step
     * @param denseRate Adam's initial learning rate for the dense network
     * @param rate Adam's initial learning rate for the compressed network
     * @param move the largest random shift of training images, in pixels
     * @param mirrored whether training images are mirrored at random
     * @param architecture builds the network from a width and a number of classes
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
