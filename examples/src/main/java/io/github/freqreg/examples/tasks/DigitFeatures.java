package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Images;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Features of handwritten digits: the 500 units before the output layer of a dense LeNet-5. The
 * constructor trains it on up to 8,500 digits for two epochs, always with the same seed.
 */
final class DigitFeatures implements AutoCloseable {

    private static final int DIGITS = 8_500;
    private static final int EPOCHS = 2;
    private static final int SEED = 0;
    private static final int BATCH = 500;

    private final Model model = Model.newInstance("features", Device.cpu());
    private final SequentialBlock block;

    DigitFeatures(Images.Split images) throws IOException, MalformedModelException {
        Task task =
                new ClassificationTask(
                        Network.LENET,
                        images.subset(DIGITS),
                        0,
                        Digits.SIDE,
                        Network.LENET.variation());
        Task.Settings settings = task.defaults().dense();
        Training.seed(SEED);
        model.setBlock(task.network());
        try {
            new Training(
                            task,
                            new TrainingPlan(
                                    EPOCHS, settings, Descent.ADAM, 0, Optional.empty(), SEED),
                            TrainingLog.SILENT)
                    .run(model, Device.cpu());
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
        block = (SequentialBlock) model.getBlock();
        block.removeLastBlock();
    }

    /**
     * Computes the features of images.
     *
     * @param digits the pixels of all images, 28×28 each, in 0..1
     * @return a row of features for each image
     */
    double[][] of(float[] digits) {
        int pixels = Digits.SIDE * Digits.SIDE;
        double[][] features = new double[digits.length / pixels][];
        for (int from = 0; from < features.length; from += BATCH) {
            int count = Math.min(BATCH, features.length - from);
            try (NDManager scratch = model.getNDManager().newSubManager()) {
                float[] some = Arrays.copyOfRange(digits, from * pixels, (from + count) * pixels);
                NDArray data = scratch.create(some).reshape(count, 1, Digits.SIDE, Digits.SIDE);
                float[] seen =
                        block.forward(new ParameterStore(scratch, false), new NDList(data), false)
                                .singletonOrThrow()
                                .toFloatArray();
                int units = seen.length / count;
                for (int i = 0; i < seen.length; i++) {
                    if (i % units == 0) {
                        features[from + i / units] = new double[units];
                    }
                    features[from + i / units][i % units] = seen[i];
                }
            }
        }
        return features;
    }

    /** {@inheritDoc} */
    @Override
    public void close() {
        model.close();
    }
}
