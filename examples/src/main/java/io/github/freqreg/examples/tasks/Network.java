package io.github.freqreg.examples.tasks;

import ai.djl.nn.Block;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.networks.AlexNet;
import io.github.freqreg.examples.networks.ConvNet;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.examples.networks.SeparableResNet;
import io.github.freqreg.examples.networks.Vgg;
import io.github.freqreg.examples.networks.VisionTransformer;
import io.github.freqreg.format.FrqDocument;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiFunction;

/**
 * The networks of the program, with all their defaults: sizes, bytes, and settings of the training.
 */
public enum Network {
    // Tuned on MNIST, at 776 numbers without quantisation and in 1,149 and 3,100 bytes.
    LENET(
            "LeNet-5",
            new Size(0, 0, 1_500),
            new TrainingDefaults(
                    40,
                    10,
                    54_000,
                    128,
                    0.9f,
                    0,
                    0.002f,
                    List.of(
                            new TrainingDefaults.Tuning(776, 0.03f, 2e-5),
                            new TrainingDefaults.Tuning(2_298, 0.02f, 1e-5),
                            new TrainingDefaults.Tuning(6_200, 0.008f, 4e-6),
                            new TrainingDefaults.Tuning(431_080, 0.001f, 1e-7))),
            new Classifier(1, false, (width, classes) -> LeNet.build())),
    // It has no normalisation: with larger learning rates its rectified units die.
    ALEXNET(
            "AlexNet",
            new Size(16, 64, 2_816),
            TrainingDefaults.of(32, 0.0005f, 0.004f),
            Classifier.colours(AlexNet::build)),
    VGG(
            "VGG",
            new Size(16, 32, 4_096),
            TrainingDefaults.of(32, 0.001f, 0.005f),
            Classifier.colours(Vgg::build)),
    RESNET18(
            "ResNet-18",
            new Size(16, 32, 5_376),
            TrainingDefaults.of(32, 0.001f, 0.01f),
            Classifier.colours(ResNet18::build)),
    SEPARABLE(
            "Separable ResNet",
            new Size(20, 32, 4_337),
            TrainingDefaults.of(128, 0.01f, 0.02f).withWarmUp(0.15),
            Classifier.colours(SeparableResNet::build)),
    // So few numbers fit the training images no better than others: variation only slows them down.
    CONVNET(
            "Convolutional network",
            new Size(8, 32, 1_464),
            TrainingDefaults.of(128, 0.01f, 0.03f).withWarmUp(0.15),
            new Classifier(0, false, ConvNet::build)),
    // By default its bytes are enough for all numbers, which train like those of the dense network.
    VIT(
            "Vision transformer",
            new Size(128, 32, 315_748),
            TrainingDefaults.of(32, 0.0005f, 0.003f).withRates(157_874, 611_466),
            Classifier.colours(VisionTransformer::new)),
    UNET("UNet", new Size(16, 96, 1_518), TrainingDefaults.of(2, 0.001f, 0.01f)),
    DCGAN(
            "DCGAN",
            new Size(16, 0, 127_070),
            TrainingDefaults.of(64, 0.001f, 0.002f).withBeta1(0.5f)),
    VAE("VAE", new Size(400, 0, 24_000), TrainingDefaults.of(128, 0.001f, 0.02f));

    /** About three bits a number; two bits, and so more numbers, were no better. */
    private static final double CONVNET_NUMBERS_PER_BYTE = 3_600 / 1_464.0;

    /**
     * The default sizes of a network.
     *
     * @param width the width, chosen for a small machine; 0 if it is fixed
     * @param side the side of the input images; 0 if it is fixed
     * @param bytes the bytes of the file: for all but LeNet-5 and the VAE, those of the numbers of
     *     the paper's last version at two bytes each
     */
    private record Size(int width, int side, long bytes) {}

    private final String title;
    private final Size size;
    private final TrainingDefaults training;
    private final Optional<Classifier> classifier;

    Network(String title, Size size, TrainingDefaults training) {
        this(title, size, training, Optional.empty());
    }

    Network(String title, Size size, TrainingDefaults training, Classifier classifier) {
        this(title, size, training, Optional.of(classifier));
    }

    Network(String title, Size size, TrainingDefaults training, Optional<Classifier> classifier) {
        this.title = title;
        this.size = size;
        this.training = training;
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
        return size.width();
    }

    /** Returns the default side of the input images; 0 if it is fixed. */
    public int side() {
        return size.side();
    }

    /** Returns the default size of the file in bytes. */
    public long bytes() {
        return size.bytes();
    }

    /** Returns the default settings of the training. */
    public TrainingDefaults training() {
        return training;
    }

    /** Returns the seed of the start of the compressed network; 0 for coefficients alone. */
    public int startSeed() {
        return this == CONVNET ? 1 : 0;
    }

    /**
     * Returns how many numbers the compressed network keeps in a number of bytes; nothing if the
     * library is to decide.
     */
    public OptionalLong numbers(long bytes) {
        return this == CONVNET
                ? OptionalLong.of(Math.round(bytes * CONVNET_NUMBERS_PER_BYTE))
                : OptionalLong.empty();
    }

    /**
     * Returns the budget with which the network is wrapped for a file of a number of bytes. It
     * counts four bits for a coefficient; ResNet-18 is more accurate with three.
     */
    public long budget(long bytes) {
        return this == RESNET18 ? Math.min(bytes * 4 / 3, FrqDocument.MAX_BYTES) : bytes;
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

    private Classifier classifier() {
        return classifier.orElseThrow();
    }

    /**
     * The architecture of a classifier and the augmentation of its training images.
     *
     * @param move the largest random shift, in pixels
     * @param mirrored whether images are mirrored at random
     * @param architecture builds the network from a width and a number of classes
     */
    private record Classifier(
            int move, boolean mirrored, BiFunction<Integer, Integer, Block> architecture) {

        private static Classifier colours(BiFunction<Integer, Integer, Block> architecture) {
            return new Classifier(2, true, architecture);
        }
    }
}
