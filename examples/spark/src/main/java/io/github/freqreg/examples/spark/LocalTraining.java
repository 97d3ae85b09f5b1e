package io.github.freqreg.examples.spark;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Batchifier;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.tasks.SegmentationLoss;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.BufferRetention;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What an executor does with its part of the scenes in a round: a few steps from the coefficients
 * that all begin with.
 *
 * <p>Adam's moments begin anew in each round, as they are not sent.
 *
 * @param size of the network
 * @param steps how many
 * @param batchSize scenes in a step
 * @param learningRate Adam's
 * @param seed of the scenes' order and variation; equal parts of scenes give equal coefficients
 */
record LocalTraining(NetworkSize size, int steps, int batchSize, float learningRate, long seed)
        implements Serializable {

    /** DJL lets one gradient collector live in a process; a second one throws. */
    private static final Lock ONE_AT_A_TIME = new ReentrantLock();

    /**
     * Trains.
     *
     * <p>Safe for concurrent use: trainings in one process wait for each other.
     *
     * @param frq the coefficients to begin with, as a file's bytes
     * @param scenes one or more, all of one size
     * @return the coefficients after the last step
     * @throws MalformedModelException if the bytes are not of this network
     * @throws DataException if the loss is not finite
     */
    Update train(byte[] frq, List<Scene> scenes) throws MalformedModelException {
        ONE_AT_A_TIME.lock();
        try (Model model = size.load(frq);
                Adam adam =
                        Adam.builder()
                                .optLearningRateTracker(Tracker.fixed(learningRate))
                                .build()) {
            EvaluatorTrainingListener evaluation = new EvaluatorTrainingListener();
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(new SegmentationLoss())
                            .optDevices(new Device[] {Device.cpu()})
                            .optOptimizer(adam)
                            .addTrainingListeners(new BufferRetention(), evaluation);
            try (Trainer trainer = model.newTrainer(config)) {
                int side = scenes.get(0).size();
                trainer.initialize(new Shape(batchSize, 3, side, side));
                steps(trainer, scenes);
                trainer.notifyListeners(listener -> listener.onEpoch(trainer));
            }
            float loss = evaluation.getLatestEvaluations().get("train_loss");
            if (!Float.isFinite(loss)) {
                throw new DataException(
                        "The loss is " + loss + ": try a --learning-rate below " + learningRate);
            }
            return new Update(NetworkSize.encode(model.getBlock()), scenes.size(), loss);
        } finally {
            ONE_AT_A_TIME.unlock();
        }
    }

    private void steps(Trainer trainer, List<Scene> scenes) {
        Random random = new Random(seed);
        List<Scene> left = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            List<Scene> taken = new ArrayList<>();
            while (taken.size() < batchSize) {
                if (left.isEmpty()) {
                    left.addAll(scenes);
                    Collections.shuffle(left, random);
                }
                taken.add(left.remove(left.size() - 1).varied(random));
            }
            NDManager manager = trainer.getManager().newSubManager();
            try (Batch batch =
                    new Batch(
                            manager,
                            new NDList(Scene.inputs(manager, taken)),
                            new NDList(Scene.labels(manager, taken)),
                            batchSize,
                            Batchifier.STACK,
                            Batchifier.STACK,
                            step,
                            steps)) {
                EasyTrain.trainBatch(trainer, batch);
                trainer.step();
            }
        }
    }

    /**
     * What a training in one place came to.
     *
     * @param frq the coefficients, as a file's bytes
     * @param scenes how many it was trained on
     * @param loss the mean over the steps
     */
    record Update(byte[] frq, int scenes, float loss) implements Serializable {}
}
