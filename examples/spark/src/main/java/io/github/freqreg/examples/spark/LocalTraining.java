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
 * The training of an executor in one round: some steps on the scenes of a partition, from the
 * coefficients that all partitions start with.
 *
 * <p>Adam's moments are not sent, so they start at zero in each round.
 *
 * @param size the size of the network
 * @param steps the number of steps
 * @param batchSize the number of scenes per step
 * @param learningRate Adam's learning rate
 * @param seed the seed of the scenes' order and variation; equal scenes give equal coefficients
 */
record LocalTraining(NetworkSize size, int steps, int batchSize, float learningRate, long seed)
        implements Serializable {

    /** DJL allows one gradient collector per process; a second one throws. */
    private static final Lock ONE_AT_A_TIME = new ReentrantLock();

    /**
     * Trains.
     *
     * <p>Safe for concurrent use: trainings in one process run one after the other.
     *
     * @param frq the initial coefficients, as the bytes of a file
     * @param scenes one or more scenes of equal size
     * @return the coefficients after the last step
     * @throws MalformedModelException if the bytes belong to another network
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
     * The result of the training on one partition.
     *
     * @param frq the coefficients, as the bytes of a file
     * @param scenes the number of scenes in the partition
     * @param loss the mean loss of the steps
     */
    record Update(byte[] frq, int scenes, float loss) implements Serializable {}
}
