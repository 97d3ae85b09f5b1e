package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Variation;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Classification of images into ten classes, measured by the accuracy. */
public final class ClassificationTask implements Task {

    private static final int EVALUATION_BATCH = 500;

    private final Network network;
    private final int width;
    private final int side;
    private final Variation variation;
    private final Images.Split images;

    /**
     * Creates the task.
     *
     * @param network a classifier
     * @param images training, validation and test images
     * @param width the width of the network
     * @param side the side to which the images are enlarged, a multiple of their own
     * @param variation the augmentation of training images
     */
    public ClassificationTask(
            Network network, Images.Split images, int width, int side, Variation variation) {
        this.network = network;
        this.images = images;
        this.width = width;
        this.side = side;
        this.variation = variation;
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        String size = width == 0 ? "" : " of width " + width;
        String enlarged = width == 0 ? "" : ", " + side + "x" + side;
        return network.title() + size + " on " + images.describe() + enlarged;
    }

    /** {@inheritDoc} */
    @Override
    public DataSet data() {
        return images.data();
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return network.classifier(width);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] inputs(int batchSize) {
        return new Shape[] {new Shape(batchSize, images.training().channels(), side, side)};
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        return images.training().size();
    }

    /** {@inheritDoc} */
    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        return arrays(manager, images.training().varied(indices, random, variation));
    }

    /** Normalises colour images to about -2..2 and enlarges all images by repeating pixels. */
    private Example arrays(NDManager manager, Images some) {
        Example example = some.arrays(manager);
        NDArray data = example.data().singletonOrThrow();
        if (some.channels() > 1) {
            data.subi(0.5f).divi(0.25f);
        }
        int times = side / some.side();
        if (times > 1) {
            data = data.repeat(2, times).repeat(3, times);
        }
        return new Example(new NDList(data), example.labels());
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return Loss.softmaxCrossEntropyLoss();
    }

    /** {@inheritDoc} */
    @Override
    public TrainingDefaults defaults() {
        return network.training();
    }

    /** {@inheritDoc} */
    @Override
    public Score measure(Part part, Block block, NDManager manager) {
        Images measured = part == Part.TEST ? images.test() : images.validation();
        long correct = 0;
        for (int from = 0; from < measured.size(); from += EVALUATION_BATCH) {
            try (NDManager scratch = manager.newSubManager()) {
                int to = Math.min(from + EVALUATION_BATCH, measured.size());
                Example example = arrays(scratch, measured.part(from, to));
                NDArray predicted =
                        block.forward(new ParameterStore(scratch, false), example.data(), false)
                                .singletonOrThrow()
                                .argMax(1);
                NDArray right = example.labels().singletonOrThrow();
                correct += predicted.eq(right.toType(DataType.INT64, false)).sum().getLong();
            }
        }
        double accuracy = (double) correct / measured.size();
        String text =
                String.format(
                        Locale.ROOT,
                        "accuracy %.4f (%d of %d)",
                        accuracy,
                        correct,
                        measured.size());
        return new Score("accuracy", accuracy, text);
    }
}
