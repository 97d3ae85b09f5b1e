package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.tracker.Tracker;
import ai.djl.training.util.ProgressBar;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.Checkpoint;
import io.github.freqreg.training.ResumableOptimizer;
import io.github.freqreg.training.Sgd;
import io.github.freqreg.training.TailTruncation;
import io.github.freqreg.training.TruncationSchedule;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** Trains the network of a task, dense or frequency-regularised alike. */
final class Training {

    private static final float FINAL_RATE = 0.01f;

    private final Task task;
    private final Recipe recipe;
    private final PrintWriter out;
    private Quantization quantization;

    /**
     * Prepares a training.
     *
     * @param task what is trained
     * @param recipe how
     * @param out gets a line for each epoch; or null, for nothing to be told
     */
    Training(Task task, Recipe recipe, PrintWriter out) {
        this.task = task;
        this.recipe = recipe;
        this.out = out;
    }

    /** The optimisers. */
    enum Descent {
        ADAM,
        SGD;

        private static final float MOMENTUM = 0.9f;

        private ResumableOptimizer optimizer(Tracker rate, float beta1) {
            return this == ADAM
                    ? Adam.builder().optLearningRateTracker(rate).optBeta1(beta1).build()
                    : Sgd.builder().optLearningRateTracker(rate).optMomentum(MOMENTUM).build();
        }
    }

    /**
     * How to train.
     *
     * @param epochs how many times over the training set
     * @param settings examples in a step and the first learning rate, lowered along half a cosine
     * @param descent the optimiser
     * @param truncate over which share of the steps the tail is cut; 0 for not at all
     * @param limit of the file's bytes, or null
     * @param seed of weights, order and variation
     */
    record Recipe(
            int epochs,
            Task.Settings settings,
            Descent descent,
            double truncate,
            Limit limit,
            int seed) {

        int batchSize() {
            return settings.batchSize();
        }

        float learningRate() {
            return settings.learningRate();
        }
    }

    /**
     * How large a file may be.
     *
     * @param bytes in all
     * @param names whether it has names and shapes
     * @param rateWeight how much a bit weighs against the loss
     */
    record Limit(long bytes, boolean names, double rateWeight) {

        /** The share of the epochs in which numbers are not rounded yet. */
        private static final double UNROUNDED = 0.5;

        private ByteBudget listener(ResumableOptimizer optimizer, int epochs, int done) {
            ByteBudget.Builder builder =
                    ByteBudget.builder(bytes)
                            .optNames(names)
                            .optRateWeight(rateWeight)
                            .optEpochsDone(done)
                            .optFirstEpoch((int) (epochs * UNROUNDED));
            if (optimizer instanceof Adam adam) {
                builder.optOptimizer(adam);
            }
            return builder.build();
        }
    }

    /**
     * How a network stood at the end of an epoch.
     *
     * @param number of the epoch, from 1
     * @param loss the mean over the epoch's steps, in training
     * @param value the figure on the test set
     * @param numbers that are kept
     * @param seconds since the training began, or was resumed
     */
    record Epoch(int number, double loss, double value, long numbers, double seconds) {}

    /** Seeds the engine; what follows in this thread is the same for the same seed. */
    static void seed(int seed) {
        Engine.getInstance().setRandomSeed(seed);
    }

    /**
     * Trains a model.
     *
     * @param model its block is set, and wrapped if it is to be
     * @param device where to train
     * @param checkpoint saved after each epoch and gone on from where it is there; or null
     * @return an entry for each epoch that was trained here
     */
    List<Epoch> run(Model model, Device device, Path checkpoint)
            throws IOException, MalformedModelException {
        return run(model, device, checkpoint, Map.of());
    }

    /**
     * Trains a model, and saves with each checkpoint what the training is.
     *
     * @param settings of the training by name; what is gone on from is not compared with them
     */
    List<Epoch> run(Model model, Device device, Path checkpoint, Map<String, String> settings)
            throws IOException, MalformedModelException {
        long begin = System.nanoTime();
        int stepsEach = (task.size() + recipe.batchSize() - 1) / recipe.batchSize();
        int steps = Math.multiplyExact(recipe.epochs(), stepsEach);
        Tracker rate =
                Tracker.cosine()
                        .setBaseValue(recipe.learningRate())
                        .optFinalValue(recipe.learningRate() * FINAL_RATE)
                        .setMaxUpdates(steps)
                        .build();
        List<Epoch> epochs = new ArrayList<>();
        EvaluatorTrainingListener evaluation = new EvaluatorTrainingListener();
        try (ResumableOptimizer optimizer =
                recipe.descent().optimizer(rate, recipe.settings().beta1())) {
            int done = 0;
            if (checkpoint != null && Files.exists(checkpoint)) {
                done = Checkpoint.load(model, optimizer, checkpoint);
                tell("going on after epoch %d of %s%n", done, checkpoint);
            }
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(task.loss())
                            .optDevices(new Device[] {device})
                            .optOptimizer(optimizer)
                            .addTrainingListeners(new BufferRetention(), evaluation);
            if (recipe.truncate() > 0) {
                config.addTrainingListeners(truncation(steps, (long) done * stepsEach));
            }
            ByteBudget budget = null;
            if (recipe.limit() != null) {
                budget = recipe.limit().listener(optimizer, recipe.epochs(), done);
                config.addTrainingListeners(budget);
            }
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(task.inputs(recipe.batchSize()));
                for (int epoch = done + 1; epoch <= recipe.epochs(); epoch++) {
                    epoch(trainer, epoch, stepsEach);
                    trainer.notifyListeners(listener -> listener.onEpoch(trainer));
                    epochs.add(report(model, epoch, evaluation, begin));
                    if (checkpoint != null) {
                        Checkpoint.save(model, optimizer, epoch, settings, checkpoint);
                    }
                }
            }
            quantization = budget == null ? null : budget.getQuantization();
        }
        return epochs;
    }

    /** How finely the numbers are to be stored, or null if no limit asks for it. */
    Quantization getQuantization() {
        return quantization;
    }

    private TailTruncation truncation(int steps, long done) {
        return TailTruncation.builder()
                .optEveryBatches(1)
                .optFirstStep(done)
                .optSchedule(
                        TruncationSchedule.cubic(Math.max(1, (long) (steps * recipe.truncate()))))
                .build();
    }

    /** All that is drawn in an epoch depends on the seed and its number, for the resume's sake. */
    private void epoch(Trainer trainer, int epoch, int steps) {
        Random random = new Random(recipe.seed() * 1_000_003L + epoch);
        // What the engine draws, such as dropout.
        seed(Objects.hash(recipe.seed(), epoch));
        List<Integer> order = new ArrayList<>(IntStream.range(0, task.size()).boxed().toList());
        Collections.shuffle(order, random);
        boolean watched = out != null && Terminal.isOut();
        Progress progress = watched ? new ProgressBar("Epoch " + epoch, steps) : null;
        for (int step = 0; step < steps; step++) {
            int from = step * recipe.batchSize();
            int to = Math.min(from + recipe.batchSize(), order.size());
            NDManager manager = trainer.getManager().newSubManager();
            Task.Example example = task.batch(manager, order.subList(from, to), random);
            try (Batch batch =
                    new Batch(
                            manager,
                            example.data(),
                            example.labels(),
                            to - from,
                            Batchifier.STACK,
                            Batchifier.STACK,
                            step,
                            steps)) {
                EasyTrain.trainBatch(trainer, batch);
                trainer.step();
            }
            if (progress != null) {
                progress.update(step);
            }
        }
    }

    private Epoch report(Model model, int epoch, EvaluatorTrainingListener evaluation, long begin) {
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
        Task.Score score = task.measure(model.getBlock(), model.getNDManager());
        long numbers = FrequencyFile.countNumbers(model.getBlock());
        double seconds = (System.nanoTime() - begin) / 1e9;
        tell(
                "epoch %d/%d: loss %.4f, test %s, %,d numbers kept, %.1f s%n",
                epoch, recipe.epochs(), loss, score, numbers, seconds);
        return new Epoch(epoch, loss, score.value(), numbers, seconds);
    }

    private void tell(String format, Object... values) {
        if (out != null) {
            out.printf(Locale.ROOT, format, values);
            out.flush();
        }
    }

    /** Loads a file into a fresh network. */
    static Model load(Task task, Path file, Device device)
            throws IOException, MalformedModelException {
        Model model = Model.newInstance("fresh", device);
        try {
            model.setBlock(task.network());
            FrequencyFile.load(model, file);
            return model;
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
    }
}
