package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.TooFewBytesException;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stage of a {@link Compressor}: trains a network, dense or within a number of bytes.
 *
 * <p>The stage explores until the validation figure has not improved for {@value #PATIENCE} epochs,
 * for at most half of the allowed epochs. It then settles for half of the allowed epochs. From
 * there on, the network computes with quantised coefficients. The result is the best network of the
 * epochs with quantised coefficients whose file fits. A projected network is quantised from the
 * start.
 */
final class StageTraining {

    private static final Logger logger = LoggerFactory.getLogger(StageTraining.class);

    private static final int PATIENCE = 4;

    /** How often steps and running statistics are updated in turn, at most. */
    private static final int ROUNDS = 4;

    private final TrainingSetup setup;
    private final Validation validation;
    private final CompressorSettings settings;
    private final Optional<BudgetSteps> limit;
    private final StageProgress progress;
    private final Adam adam;
    private Optional<Quantization> steps = Optional.empty();
    private Optional<FrqDocument> best;

    /**
     * Prepares a stage.
     *
     * @param setup the model and its training set
     * @param validation the measure
     * @param settings the epochs, the seed and the listeners
     * @param bytes the limit on the size of the file; none to train a dense network
     * @param progress of the stage, resumed or new
     * @param best the best network so far of a resumed stage
     */
    StageTraining(
            TrainingSetup setup,
            Validation validation,
            CompressorSettings settings,
            Optional<Long> bytes,
            StageProgress progress,
            Optional<FrqDocument> best) {
        this.setup = setup;
        this.validation = validation;
        this.settings = settings;
        this.progress = progress;
        this.best = best;
        adam = Adam.builder().optLearningRateTracker(progress).build();
        limit = bytes.map(its -> new BudgetSteps(its, settings.names(), Optional.of(adam)));
    }

    /** Saves and restores the state of a stage after each epoch. */
    interface Saving {

        /** Saves the model, the optimiser and the progress. */
        void save(Adam adam, StageProgress progress, Optional<FrqDocument> best) throws IOException;

        /** Restores the model and the optimiser of an interrupted stage, if there is one. */
        void restore(Adam adam) throws IOException, MalformedModelException;
    }

    /**
     * Trains.
     *
     * @param exploring the number of epochs to explore at most; a projected network, which is
     *     quantised from the start, explores for a single one
     * @return the best network; if the stage was stopped before it settled, the network as it is
     */
    FrqDocument run(int exploring, Saving saving)
            throws IOException, TranslateException, MalformedModelException {
        try (adam) {
            saving.restore(adam);
            Block block = setup.model().getBlock();
            Quantization applied = Quantization.appliedTo(block);
            if (applied.getSteps().values().stream().anyMatch(step -> step > 0)) {
                steps = Optional.of(applied);
            }
            EvaluatorTrainingListener evaluation = new EvaluatorTrainingListener();
            DefaultTrainingConfig config = setup.config(adam);
            validation
                    .evaluator()
                    .filter(its -> its != setup.loss())
                    .ifPresent(config::addEvaluator);
            config.addTrainingListeners(new BufferRetention(), evaluation);
            config.addTrainingListeners(settings.listeners());
            try (Trainer trainer = setup.newTrainer(config)) {
                trainer.setMetrics(settings.metrics());
                while (!progress.isFinished() && !settings.isStopped()) {
                    epoch(trainer, evaluation);
                    if (!progress.isSettling() && explored(exploring)) {
                        settle(block);
                    }
                    saving.save(adam, progress, best);
                }
                return best.isPresent() ? best.get() : now(trainer, block);
            }
        }
    }

    /** Returns the file of the network as it is, quantised at once. */
    private FrqDocument now(Trainer trainer, Block block) {
        if (limit.isPresent()) {
            quantize(trainer, block);
        }
        return document(block)
                .orElseThrow(
                        () ->
                                new TooFewBytesException(
                                        "No steps were found with which the network fits"));
    }

    private boolean explored(int exploring) {
        return progress.explored() >= exploring || progress.sinceBest() >= PATIENCE;
    }

    private void settle(Block block) {
        progress.settle(
                adam.getUpdates(),
                Math.min(
                        settings.epochs() - progress.explored(),
                        Math.max(settings.epochs() / 2, 1)));
        if (steps.isEmpty()) {
            limit.ifPresent(its -> steps = Optional.of(its.update(block, steps)));
            progress.forgetBest();
        }
    }

    private void epoch(Trainer trainer, EvaluatorTrainingListener evaluation)
            throws IOException, TranslateException {
        // The random numbers of an epoch depend on its number alone, so that a resume repeats them.
        Engine.getInstance().setRandomSeed(Objects.hash(settings.seed(), progress.epochs()));
        for (Batch batch : trainer.iterateDataset(setup.trainingSet())) {
            try (batch) {
                EasyTrain.trainBatch(trainer, batch);
                trainer.step();
            }
        }
        Block block = setup.model().getBlock();
        boolean counts = progress.isSettling() || steps.isPresent();
        progress.endEpoch();
        if (steps.isPresent()) {
            quantize(trainer, block);
        }
        double figure = validation.endEpoch(trainer, evaluation);
        logger.info("Epoch {}: {} {}", progress.epochs(), validation.name(), figure);
        Optional<FrqDocument> found = counts ? document(block) : Optional.empty();
        boolean fits = !counts || found.isPresent();
        if (fits && progress.isBest(validation, figure) && counts) {
            best = found;
        }
    }

    /** Updates the steps and the running statistics, which change with each other. */
    private void quantize(Trainer trainer, Block block) {
        Optional<Quantization> before = Optional.empty();
        for (int i = 0; i < ROUNDS && (steps.isEmpty() || !before.equals(steps)); i++) {
            if (steps.isPresent()) {
                NormalizationStatistics.estimate(trainer, () -> batches(trainer));
            }
            before = steps;
            limit.ifPresent(its -> steps = Optional.of(its.update(block, steps)));
        }
    }

    private Iterator<Batch> batches(Trainer trainer) {
        try {
            return trainer.iterateDataset(setup.trainingSet()).iterator();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (TranslateException e) {
            throw new IllegalStateException("The training set cannot be read", e);
        }
    }

    /** Returns the content of the file, if it fits. */
    private Optional<FrqDocument> document(Block block) {
        if (limit.isEmpty()) {
            return Optional.of(FrequencyFile.toDocument(block, DataType.FLOAT32));
        }
        return steps.filter(its -> limit.get().size(block, its) <= limit.get().bytes())
                .map(its -> FrequencyFile.toDocument(block, its).rounded());
    }
}
