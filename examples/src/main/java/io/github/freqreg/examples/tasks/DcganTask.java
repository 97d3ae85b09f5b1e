package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Sheet;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.networks.Dcgan;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;

/**
 * Generation of handwritten digits with a DCGAN, measured by the Fréchet distance of the generated
 * images from the validation or test images in the features of a classifier.
 */
public final class DcganTask implements Task {

    /** The images that are generated at a time. */
    private static final int BATCH = 64;

    /** The most images that are generated and compared. */
    private static final int MOST_COMPARED = 2_000;

    /** The width of the black frame around a digit that is enlarged to 56×56. */
    private static final int FRAME = (Dcgan.SIDE - 2 * Digits.SIDE) / 2;

    private static final int SHEET = 8;
    private static final int NOISE_SEED = 0;

    private final Images.Split images;
    private final int width;
    private final DigitFeatures features;
    private final Map<Part, double[][]> real = new EnumMap<>(Part.class);

    /**
     * Creates the task and trains the classifier of {@link DigitFeatures}, on all digits.
     *
     * @param all the digits
     * @param subset the most digits to train the DCGAN on
     * @param width the channels of the layer next to the image
     */
    public DcganTask(Images.Split all, int subset, int width)
            throws IOException, MalformedModelException {
        images = all.subset(subset);
        this.width = width;
        if (Math.min(images.validation().size(), images.test().size()) < 2) {
            throw new DataException(
                    all.source()
                            + ": expected 2 or more validation and test images to compare with");
        }
        features = new DigitFeatures(all);
        real.put(Part.VALIDATION, features(images.validation()));
        real.put(Part.TEST, features(images.test()));
    }

    private double[][] features(Images some) {
        return features.of(some.part(0, Math.min(MOST_COMPARED, some.size())).values());
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        return "DCGAN of width " + width + " on " + images.describe();
    }

    /** {@inheritDoc} */
    @Override
    public DataSet data() {
        return images.data();
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return new Dcgan(width);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] inputs(int batchSize) {
        return Dcgan.inputs(batchSize);
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        return images.training().size();
    }

    /** {@inheritDoc} */
    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        Example digits = images.training().varied(indices, random, Variation.NONE).arrays(manager);
        NDArray doubled = digits.data().singletonOrThrow().repeat(2, 2).repeat(3, 2);
        NDArray framed = manager.zeros(new Shape(indices.size(), 1, Dcgan.SIDE, Dcgan.SIDE));
        String inner = FRAME + ":" + (Dcgan.SIDE - FRAME);
        framed.set(new NDIndex(":, :, " + inner + ", " + inner), doubled);
        NDArray noise = noise(manager, indices.size(), random);
        return new Example(new NDList(framed.muli(2).subi(1), noise), digits.labels());
    }

    private static NDArray noise(NDManager manager, int count, Random random) {
        return Noise.normal(manager, new Shape(count, Dcgan.NOISE, 1, 1), random);
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return new DcganLoss();
    }

    /** {@inheritDoc} */
    @Override
    public TrainingDefaults defaults() {
        return Network.DCGAN.training();
    }

    /** {@inheritDoc} */
    @Override
    public Score measure(Part part, Block block, NDManager manager) {
        Random random = new Random(NOISE_SEED);
        double[][] compared = Objects.requireNonNull(real.get(part));
        int all = compared.length;
        int pixels = Digits.SIDE * Digits.SIDE;
        float[] digits = new float[all * pixels];
        for (int from = 0; from < all; from += BATCH) {
            int count = Math.min(BATCH, all - from);
            float[] made = make(block, manager, count, random);
            for (int i = 0; i < count * pixels; i++) {
                digits[from * pixels + i] = digitPixel(made, i);
            }
        }
        double distance = FrechetDistance.between(features.of(digits), compared);
        String text =
                String.format(Locale.ROOT, "Fréchet distance %.2f (%d images)", distance, all);
        return new Score(Score.DISTANCE, distance, text);
    }

    /** Returns the pixels of generated images, in -1..1. */
    private static float[] make(Block block, NDManager manager, int count, Random random) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray noise = noise(scratch, count, random);
            // In inference, the network ignores its first input, the real images.
            NDList inputs = new NDList(noise, noise);
            return block.forward(new ParameterStore(scratch, false), inputs, false)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    /**
     * Returns a pixel of the digit, in 0..1: the mean of the four pixels that it is enlarged to.
     */
    static float digitPixel(float[] made, int index) {
        int image = index / (Digits.SIDE * Digits.SIDE);
        int row = FRAME + 2 * (index / Digits.SIDE % Digits.SIDE);
        int column = FRAME + 2 * (index % Digits.SIDE);
        int at = (image * Dcgan.SIDE + row) * Dcgan.SIDE + column;
        float sum = made[at] + made[at + 1] + made[at + Dcgan.SIDE] + made[at + Dcgan.SIDE + 1];
        return (sum / 4 + 1) / 2;
    }

    /** Draws eight rows of eight generated images. */
    @Override
    public Optional<BufferedImage> samples(Block block, NDManager manager) {
        float[] made = make(block, manager, SHEET * SHEET, new Random(NOISE_SEED));
        for (int i = 0; i < made.length; i++) {
            made[i] = (made[i] + 1) / 2;
        }
        return Optional.of(Sheet.of(made, Dcgan.SIDE, SHEET));
    }

    /** {@inheritDoc} */
    @Override
    public void close() {
        features.close();
    }
}
