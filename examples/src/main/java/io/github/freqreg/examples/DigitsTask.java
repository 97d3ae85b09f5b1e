package io.github.freqreg.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.networks.LeNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** LeNet-5 tells handwritten digits, and is judged by its accuracy. */
final class DigitsTask implements Task {

    private static final int EVALUATION_BATCH = 500;

    private final Digits.Split digits;
    private final int move;

    /**
     * Reads the digits.
     *
     * @param folder with MNIST's files, or null for the embedded digits
     * @param move by how many pixels training images are moved at most
     */
    DigitsTask(Path folder, int move) {
        digits = Digits.load(folder);
        this.move = move;
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        return String.format(
                Locale.ROOT,
                "LeNet-5 on %s: %,d training and %,d test images",
                digits.source(),
                digits.training().size(),
                digits.test().size());
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return LeNet.build();
    }

    /** {@inheritDoc} */
    @Override
    public Shape input(int batchSize) {
        return new Shape(batchSize).addAll(LeNet.INPUT);
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        return digits.training().size();
    }

    /** {@inheritDoc} */
    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        return digits.training().moved(indices, random, move).arrays(manager);
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return Loss.softmaxCrossEntropyLoss();
    }

    /** {@inheritDoc} */
    @Override
    public void keepByDefault(FrequencyRegularization.Builder policy) {
        policy.optBudget(5_000);
    }

    /** {@inheritDoc} */
    @Override
    public int batchSize() {
        return 32;
    }

    /** {@inheritDoc} */
    @Override
    public float learningRate(boolean dense) {
        return dense ? 0.001f : 0.015f;
    }

    /** {@inheritDoc} */
    @Override
    public Score measure(Block block, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            ArrayDataset dataset = digits.test().dataset(scratch, EVALUATION_BATCH, false);
            ParameterStore parameters = new ParameterStore(scratch, false);
            long correct = 0;
            for (Batch batch : dataset.getData(scratch)) {
                try (batch) {
                    NDList scores = block.forward(parameters, batch.getData(), false);
                    NDArray told = scores.singletonOrThrow().argMax(1);
                    NDArray right = batch.getLabels().singletonOrThrow();
                    correct +=
                            told.toType(DataType.INT64, false)
                                    .eq(right.toType(DataType.INT64, false))
                                    .sum()
                                    .getLong();
                }
            }
            int total = digits.test().size();
            double accuracy = (double) correct / total;
            String text =
                    String.format(
                            Locale.ROOT, "accuracy %.4f (%d of %d)", accuracy, correct, total);
            return new Score("accuracy", accuracy, text);
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException("A dataset in memory cannot be read", e);
        }
    }
}
