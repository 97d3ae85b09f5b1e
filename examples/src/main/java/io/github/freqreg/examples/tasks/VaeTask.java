package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Sheet;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.networks.Vae;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/**
 * Generation of handwritten digits with a variational autoencoder, measured by the evidence lower
 * bound. The mean squared error of its reconstructions is reported too.
 */
public final class VaeTask implements Task {

    private static final int EVALUATION_BATCH = 500;
    private static final int SHEET_COLUMNS = 10;
    private static final int SHEET_ROWS = 8;
    private static final int NOISE_SEED = 0;

    private final Images.Split images;
    private final int width;

    /**
     * Creates the task.
     *
     * @param images training, validation and test digits
     * @param width the units of the hidden layers
     */
    public VaeTask(Images.Split images, int width) {
        this.images = images;
        this.width = width;
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        return "VAE of width " + width + " on " + images.describe();
    }

    /** {@inheritDoc} */
    @Override
    public DataSet data() {
        return images.data();
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return new Vae(width);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] inputs(int batchSize) {
        return Vae.inputs(batchSize);
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        return images.training().size();
    }

    /** {@inheritDoc} */
    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        return example(manager, images.training().varied(indices, random, Variation.NONE), random);
    }

    private static Example example(NDManager manager, Images some, Random random) {
        NDArray data = some.arrays(manager).data().singletonOrThrow();
        NDArray noise = Noise.normal(manager, new Shape(some.size(), Vae.LATENT), random);
        return new Example(new NDList(data, noise), new NDList(data));
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return new VaeLoss();
    }

    /** {@inheritDoc} */
    @Override
    public TrainingDefaults defaults() {
        return Network.VAE.training();
    }

    /** {@inheritDoc} */
    @Override
    public Score measure(Part part, Block block, NDManager manager) {
        Images measured = part == Part.TEST ? images.test() : images.validation();
        Random random = new Random(NOISE_SEED);
        VaeLoss loss = new VaeLoss();
        double bound = 0;
        double error = 0;
        for (int from = 0; from < measured.size(); from += EVALUATION_BATCH) {
            try (NDManager scratch = manager.newSubManager()) {
                Images some =
                        measured.part(from, Math.min(from + EVALUATION_BATCH, measured.size()));
                Example example = example(scratch, some, random);
                NDList predicted =
                        block.forward(new ParameterStore(scratch, false), example.data(), false);
                bound -= loss.evaluate(example.labels(), predicted).getFloat() * some.size();
                NDArray pixels = example.data().get(0).reshape(predicted.get(0).getShape());
                NDArray made = predicted.get(0).getNDArrayInternal().sigmoid();
                error += made.sub(pixels).square().mean().getFloat() * some.size();
            }
        }
        bound /= measured.size();
        error /= measured.size();
        String text =
                String.format(
                        Locale.ROOT,
                        "evidence bound %.2f nats, squared error %.4f (%d images)",
                        bound,
                        error,
                        measured.size());
        return new Score("evidence bound", bound, text);
    }

    /** Draws a row of test images, a row of their reconstructions, and eight rows of samples. */
    @Override
    public Optional<BufferedImage> samples(Block block, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            Random random = new Random(NOISE_SEED);
            int side = images.test().side();
            int columns = Math.min(SHEET_COLUMNS, images.test().size());
            Images some = images.test().part(0, columns);
            Example example = example(scratch, some, random);
            ParameterStore parameters = new ParameterStore(scratch, false);
            NDArray again =
                    block.forward(parameters, example.data(), false)
                            .head()
                            .getNDArrayInternal()
                            .sigmoid();
            Shape latent = new Shape((long) SHEET_ROWS * columns, Vae.LATENT);
            NDArray fresh =
                    ((Vae) block)
                            .decode(parameters, Noise.normal(scratch, latent, random), false)
                            .getNDArrayInternal()
                            .sigmoid();
            NDArray all =
                    example.data()
                            .get(0)
                            .reshape(-1, (long) side * side)
                            .concat(again)
                            .concat(fresh);
            return Optional.of(Sheet.of(all.toFloatArray(), side, columns));
        }
    }
}
