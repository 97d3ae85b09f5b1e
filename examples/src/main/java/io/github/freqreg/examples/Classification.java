package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.training.util.ProgressBar;
import ai.djl.translate.TranslateException;
import io.github.freqreg.CompressionReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Trains and measures a classifier of digits, dense or frequency-regularised alike. */
final class Classification {

    private static final int EVALUATION_BATCH = 500;
    private static final float FINAL_RATE = 0.01f;

    private Classification() {}

    /**
     * How to train.
     *
     * @param epochs how many times over the training set
     * @param batchSize images in a step
     * @param learningRate Adam's first learning rate, lowered along half a cosine
     * @param move by how many pixels training images are moved at most, anew in each epoch
     * @param seed of the moves
     */
    record Recipe(int epochs, int batchSize, float learningRate, int move, long seed) {

        long steps(Digits digits) {
            return (long) epochs * ((digits.size() + batchSize - 1) / batchSize);
        }
    }

    /**
     * How many of the test images are told right.
     *
     * @param correct the right ones
     * @param total all
     */
    record Score(long correct, long total) {

        double accuracy() {
            return (double) correct / total;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT, "accuracy %.4f (%d of %d)", accuracy(), correct, total);
        }
    }

    /** Seeds the engine; what follows in this thread is the same for the same seed. */
    static void seed(long seed) {
        Engine.getInstance().setRandomSeed(Math.toIntExact(seed));
    }

    /**
     * Trains a model, and prints one line for each epoch.
     *
     * @return the seconds it took
     */
    static double train(
            Model model,
            Digits.Split digits,
            Recipe recipe,
            List<TrainingListener> listeners,
            Device device,
            PrintWriter out) {
        ArrayDataset test = digits.test().dataset(model.getNDManager(), EVALUATION_BATCH, false);
        EvaluatorTrainingListener evaluation = new EvaluatorTrainingListener();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optDevices(new Device[] {device})
                        .optOptimizer(
                                Optimizer.adam()
                                        .optLearningRateTracker(schedule(recipe, digits.training()))
                                        .build())
                        .addEvaluator(new Accuracy())
                        .addTrainingListeners(evaluation);
        listeners.forEach(config::addTrainingListeners);
        Random moves = new Random(recipe.seed());
        long begin = System.nanoTime();
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(new Shape(recipe.batchSize()).addAll(LeNet.INPUT));
            long steps = recipe.steps(digits.training()) / recipe.epochs();
            for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
                ProgressBar progress = new ProgressBar("Epoch " + epoch, steps);
                int step = 0;
                Digits moved = digits.training().moved(moves, recipe.move());
                try (NDManager manager = model.getNDManager().newSubManager()) {
                    ArrayDataset training = moved.dataset(manager, recipe.batchSize(), true);
                    for (Batch batch : trainer.iterateDataset(training)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        batch.close();
                        progress.update(step++);
                    }
                }
                EasyTrain.evaluateDataset(trainer, test);
                trainer.notifyListeners(listener -> listener.onEpoch(trainer));
                float loss = evaluation.getLatestEvaluations().get("train_loss");
                if (!Float.isFinite(loss)) {
                    throw new DataException(
                            "The loss of epoch "
                                    + epoch
                                    + " is "
                                    + loss
                                    + ": try a --learning-rate below "
                                    + recipe.learningRate());
                }
                out.printf(
                        Locale.ROOT,
                        "epoch %d/%d: loss %.4f, test accuracy %.4f, %,d numbers kept, %.1f s%n",
                        epoch,
                        recipe.epochs(),
                        loss,
                        evaluation.getLatestEvaluations().get("validate_Accuracy"),
                        CompressionReport.of(model.getBlock()).getKept(),
                        seconds(begin));
                out.flush();
            }
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException("A dataset in memory cannot be read", e);
        }
        return seconds(begin);
    }

    private static double seconds(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }

    private static Tracker schedule(Recipe recipe, Digits training) {
        return Tracker.cosine()
                .setBaseValue(recipe.learningRate())
                .optFinalValue(recipe.learningRate() * FINAL_RATE)
                .setMaxUpdates(Math.toIntExact(recipe.steps(training)))
                .build();
    }

    /** Measures a network on a set of digits. */
    static Score evaluate(Block block, NDManager manager, Digits digits) {
        try (NDManager scratch = manager.newSubManager()) {
            ArrayDataset dataset = digits.dataset(scratch, EVALUATION_BATCH, false);
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
            return new Score(correct, digits.size());
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException("A dataset in memory cannot be read", e);
        }
    }
}
