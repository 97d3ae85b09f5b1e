package io.github.freqreg.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import java.io.IOException;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;

/**
 * A learning-rate range test (Smith 2015): trains for some steps with a rate that rises
 * exponentially, and returns a fraction of the rate at which the smoothed loss was lowest.
 *
 * <p>The test changes the network; the caller restores it.
 */
final class LearningRateTest extends TrainingListenerAdapter {

    private static final int STEPS = 120;
    private static final double LOWEST = 1e-4;
    private static final double HIGHEST = 0.1;

    /** The fraction of the rate with the lowest loss that long trainings take without harm. */
    private static final double SAFE = 0.25;

    private static final double SMOOTHING = 0.9;

    /** The test ends when the smoothed loss is this many times the lowest one. */
    private static final double DIVERGED = 3;

    private final int steps;
    private final double highest;
    private double smoothed;
    private double lowest = Double.POSITIVE_INFINITY;
    private double best = LOWEST;
    private int step;
    private boolean diverged;

    private LearningRateTest(int steps, double highest) {
        this.steps = steps;
        this.highest = highest;
    }

    /**
     * Runs the test.
     *
     * @param setup the model and its training set
     * @return the learning rate for Adam
     */
    static float run(TrainingSetup setup) throws IOException, TranslateException {
        double size = rootMeanSquare(setup.model().getBlock());
        LearningRateTest test =
                new LearningRateTest(STEPS, Math.max(2 * LOWEST, Math.min(HIGHEST, size)));
        ParameterTracker rate = (parameter, update) -> (float) test.rate(update - 1);
        try (Adam adam = Adam.builder().optLearningRateTracker(rate).build()) {
            DefaultTrainingConfig config = setup.config(adam);
            config.addTrainingListeners(new BufferRetention(), test);
            try (Trainer trainer = setup.newTrainer(config)) {
                test.train(trainer, setup);
            }
        }
        return (float) (SAFE * test.best);
    }

    /**
     * Returns the root mean square of the coefficients, or of the weights of a dense network. A
     * step of Adam changes a number by about the rate: a larger rate would replace the numbers. The
     * coefficients of a tensor with a start begin at 0, so its weights count instead.
     */
    private static double rootMeanSquare(Block block) {
        double squares = 0;
        double count = 0;
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            Parameter parameter = tensor.parameter();
            boolean weight =
                    parameter.getType() == Parameter.Type.WEIGHT
                            || parameter.getType() == Parameter.Type.OTHER;
            if (weight && parameter.requiresGradient()) {
                try (NDManager scratch = parameter.getArray().getManager().newSubManager()) {
                    NDArray numbers =
                            tensor.spectral()
                                    .filter(each -> !each.hasStart())
                                    .map(each -> each.copyCoefficients(scratch))
                                    .orElseGet(() -> tensor.copyDense(scratch))
                                    .toType(DataType.FLOAT32, false);
                    squares += numbers.square().sum().getFloat();
                    count += numbers.size();
                }
            }
        }
        return squares == 0 ? HIGHEST : Math.sqrt(squares / count);
    }

    private void train(Trainer trainer, TrainingSetup setup)
            throws IOException, TranslateException {
        while (step < steps && !diverged) {
            int before = step;
            Iterator<Batch> batches = trainer.iterateDataset(setup.trainingSet()).iterator();
            while (batches.hasNext() && step < steps && !diverged) {
                try (Batch batch = batches.next()) {
                    EasyTrain.trainBatch(trainer, batch);
                    trainer.step();
                }
            }
            if (step == before) {
                throw new IllegalArgumentException("The training set has no examples");
            }
        }
    }

    private double rate(int index) {
        return LOWEST * Math.pow(highest / LOWEST, index / (double) (steps - 1));
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData data) {
        double loss = 0;
        for (Map.Entry<Device, NDList> labels : data.getLabels().entrySet()) {
            NDList predictions = Objects.requireNonNull(data.getPredictions().get(labels.getKey()));
            try (NDManager scratch = predictions.head().getManager().newSubManager()) {
                NDArray value = trainer.getLoss().evaluate(labels.getValue(), predictions);
                value.attach(scratch);
                loss += value.getFloat() / data.getLabels().size();
            }
        }
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss;
        double mean = smoothed / (1 - Math.pow(SMOOTHING, step + 1));
        // The first losses are of the untrained network, whatever the rate.
        if (mean < lowest && step > 0) {
            lowest = mean;
            best = rate(step);
        }
        diverged =
                !(Math.abs(mean) <= DIVERGED * Math.max(Math.abs(lowest), 1e-3))
                        && step > steps / 4;
        step++;
    }
}
