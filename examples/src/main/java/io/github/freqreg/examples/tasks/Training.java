package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.NormalizationStatistics;
import io.github.freqreg.training.ResumableOptimizer;
import io.github.freqreg.training.TailTruncation;
import io.github.freqreg.training.TruncationSchedule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntConsumer;

/** Trains the network of a task, dense or frequency-regularised. */
public final class Training {

    private static final float FINAL_RATE = 0.01f;

    /** How often quantisation and running statistics are updated in turn, at most. */
    private static final int ROUNDS = 3;

    private final Task task;
    private final TrainingPlan plan;
    private final TrainingLog log;

    /**
     * Creates a training.
     *
     * @param task the network and its data
     * @param plan the settings of the training
     * @param log prints a line for each epoch
     */
    public Training(Task task, TrainingPlan plan, TrainingLog log) {
        this.task = task;
        this.plan = plan;
        this.log = log;
    }

    /** Seeds the random numbers of the engine in this thread. */
    public static void seed(int seed) {
        Engine.getInstance().setRandomSeed(seed);
    }

    /**
     * Trains a model.
     *
     * @param model the model; its block is set, and wrapped if it is to be compressed
     * @param device the device to train on
     */
    public Trained run(Model model, Device device) throws IOException, MalformedModelException {
        return run(model, device, Optional.empty());
    }

    /**
     * Trains a model and saves a checkpoint after each epoch.
     *
     * @param checkpoint the checkpoint; if it exists, the training resumes from it without
     *     comparing settings
     */
    public Trained run(Model model, Device device, TrainingCheckpoint checkpoint)
            throws IOException, MalformedModelException {
        return run(model, device, Optional.of(checkpoint));
    }

    private Trained run(Model model, Device device, Optional<TrainingCheckpoint> checkpoint)
            throws IOException, MalformedModelException {
        long begin = System.nanoTime();
        int stepsEach = (task.size() + plan.batchSize() - 1) / plan.batchSize();
        int steps = Math.multiplyExact(plan.epochs(), stepsEach);
        Tracker rate = rate(steps);
        List<Epoch> epochs = new ArrayList<>();
        EvaluatorTrainingListener evaluation = new EvaluatorTrainingListener();
        try (ResumableOptimizer optimizer =
                plan.descent().optimizer(rate, plan.settings().beta1())) {
            int done = 0;
            if (checkpoint.isPresent() && checkpoint.get().exists()) {
                done = checkpoint.get().load(model, optimizer);
                log.print("resuming after epoch %d from %s%n", done, checkpoint.get().file());
            }
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(task.loss())
                            .optDevices(new Device[] {device})
                            .optOptimizer(optimizer)
                            .addTrainingListeners(new BufferRetention(), evaluation);
            if (plan.truncate() > 0) {
                config.addTrainingListeners(truncation(steps, (long) done * stepsEach));
            }
            int before = done;
            Optional<ByteBudget> budget =
                    plan.limit().map(limit -> limit.listener(optimizer, plan.epochs(), before));
            budget.ifPresent(config::addTrainingListeners);
            BestNetwork best =
                    new BestNetwork(
                            task, device, plan.limit(), checkpoint.map(TrainingCheckpoint::best));
            if (done > 0) {
                best.resume();
            }
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(task.inputs(plan.batchSize()));
                for (int epoch = done + 1; epoch <= plan.epochs(); epoch++) {
                    epoch(trainer, epoch, stepsEach);
                    endEpoch(trainer, budget, epoch);
                    float loss = loss(epoch, evaluation);
                    Optional<Score> inFile =
                            budget.filter(ByteBudget::isQuantized).isPresent()
                                    ? best.offer(model, budget.get().getQuantization())
                                    : Optional.empty();
                    Score score = inFile.isPresent() ? inFile.get() : measure(model);
                    epochs.add(report(model, epoch, loss, score, begin));
                    if (checkpoint.isPresent()) {
                        checkpoint.get().save(model, optimizer, epoch);
                    }
                }
            }
            return new Trained(
                    epochs,
                    budget.isPresent()
                            ? Optional.of(best.load(model, budget.get().getQuantization()))
                            : Optional.empty());
        }
    }

    /** Returns the learning rate: a linear warm-up, then a cosine to a hundredth. */
    private Tracker rate(int steps) {
        int warmUp = (int) Math.min(steps - 1, Math.round(plan.settings().warmUp() * steps));
        return Tracker.warmUp()
                .optWarmUpSteps(warmUp)
                .setMainTracker(
                        Tracker.cosine()
                                .setBaseValue(plan.learningRate())
                                .optFinalValue(plan.learningRate() * FINAL_RATE)
                                .setMaxUpdates(steps - warmUp)
                                .build())
                .build();
    }

    private TailTruncation truncation(int steps, long done) {
        return TailTruncation.builder()
                .optEveryBatches(1)
                .optFirstStep(done)
                .optSchedule(
                        TruncationSchedule.cubic(Math.max(1, (long) (steps * plan.truncate()))))
                .build();
    }

    /**
     * Trains an epoch. Its random numbers depend only on the seed and the number of the epoch, so
     * that a resumed training repeats them.
     */
    private void epoch(Trainer trainer, int epoch, int steps) {
        Random random = new Random(seedOf(epoch));
        // For random numbers of the engine, such as dropout.
        seed(Objects.hash(plan.seed(), epoch));
        IntConsumer progress = log.steps(epoch, steps);
        Iterator<Batch> batches = batches(trainer, random);
        for (int step = 0; step < steps; step++) {
            try (Batch batch = batches.next()) {
                EasyTrain.trainBatch(trainer, batch);
                trainer.step();
            }
            progress.accept(step);
        }
    }

    private Iterator<Batch> batches(Trainer trainer, Random random) {
        return new Batches(task, plan.batchSize(), trainer.getManager(), random);
    }

    private long seedOf(int epoch) {
        return plan.seed() * 1_000_003L + epoch;
    }

    /** Lets listeners update the quantisation, which changes with the running statistics. */
    private void endEpoch(Trainer trainer, Optional<ByteBudget> budget, int epoch) {
        Optional<Quantization> before = quantization(budget);
        if (before.isPresent()) {
            estimateStatistics(trainer, epoch);
        }
        trainer.notifyListeners(listener -> listener.onEpoch(trainer));
        for (int i = 0; i < ROUNDS && !before.equals(quantization(budget)); i++) {
            before = quantization(budget);
            estimateStatistics(trainer, epoch);
            budget.orElseThrow().update(trainer.getModel().getBlock());
        }
    }

    private static Optional<Quantization> quantization(Optional<ByteBudget> budget) {
        return budget.filter(ByteBudget::isQuantized).map(ByteBudget::getQuantization);
    }

    /** Estimates running statistics on other batches than the epoch began with. */
    private void estimateStatistics(Trainer trainer, int epoch) {
        NormalizationStatistics.estimate(
                trainer, () -> batches(trainer, new Random(~seedOf(epoch))));
    }

    private float loss(int epoch, EvaluatorTrainingListener evaluation) {
        float loss = Objects.requireNonNull(evaluation.getLatestEvaluations().get("train_loss"));
        if (!Float.isFinite(loss)) {
            throw new DataException(
                    "the loss of epoch "
                            + epoch
                            + " is "
                            + loss
                            + ": try a --learning-rate below "
                            + plan.learningRate());
        }
        return loss;
    }

    private Score measure(Model model) {
        return task.measure(Part.VALIDATION, model.getBlock(), model.getNDManager());
    }

    private Epoch report(Model model, int epoch, float loss, Score score, long begin) {
        long numbers = FrequencyFile.countNumbers(model.getBlock());
        double seconds = (System.nanoTime() - begin) / 1e9;
        log.print(
                "epoch %d/%d: loss %.4f, validation %s, %,d numbers kept, %.1f s%n",
                epoch, plan.epochs(), loss, score, numbers, seconds);
        return new Epoch(epoch, loss, score.value(), numbers, seconds);
    }
}
