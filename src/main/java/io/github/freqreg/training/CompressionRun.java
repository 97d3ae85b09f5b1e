package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.TooFewBytesException;
import io.github.freqreg.file.Allocation;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One compression of a {@link Compressor} with a training set: its stages, one after the other. */
final class CompressionRun {

    private static final Logger logger = LoggerFactory.getLogger(CompressionRun.class);

    private static final String DENSE = "dense";

    /** Below this fraction, 1/50, of the float32 size a trained network is trained anew. */
    private static final long PROJECTABLE = 50;

    private final ModelState state;
    private final TrainingSetup setup;
    private final Validation validation;
    private final CompressorSettings settings;
    private final Optional<CompressorCheckpoint> checkpoint;
    private final List<String> log = new ArrayList<>();
    private final List<FileSizeSearch.Attempt> attempts = new ArrayList<>();
    private Map<String, String> identity = Map.of();
    private Optional<CompressorCheckpoint.Saved> saved = Optional.empty();

    CompressionRun(
            ModelState state,
            TrainingSetup setup,
            Validation validation,
            CompressorSettings settings,
            Optional<CompressorCheckpoint> checkpoint) {
        this.state = state;
        this.setup = setup;
        this.validation = validation;
        this.settings = settings;
        this.checkpoint = checkpoint;
    }

    /** Compresses the model. */
    Compressed run(Goal goal) throws IOException, TranslateException, MalformedModelException {
        identity = identify(goal);
        if (checkpoint.isPresent()) {
            saved = checkpoint.get().read(identity);
            saved.ifPresent(its -> attempts.addAll(its.attempts()));
            if (saved.isEmpty()) {
                checkpoint.get().delete();
            }
        }
        if (goal instanceof Goal.AllowedLoss && state.dense().isEmpty()) {
            trainDense();
        }
        OptionalDouble reference =
                state.dense().isPresent() ? OptionalDouble.of(measure()) : OptionalDouble.empty();
        reference.ifPresent(figure -> note("dense: %s %.4f", validation.name(), figure));
        FrqDocument found =
                goal instanceof Goal.Bytes its
                        ? train(its.bytes())
                        : search(((Goal.AllowedLoss) goal).loss(), reference.orElseThrow());
        state.load(found);
        FrqDocument document = settings.names() ? found : found.withoutNames();
        Compressed compressed =
                new Compressed(
                        document,
                        state.block(),
                        reference,
                        OptionalDouble.of(measure()),
                        log,
                        settings.metrics());
        if (checkpoint.isPresent() && !settings.isStopped()) {
            checkpoint.get().delete();
        }
        return compressed;
    }

    private Map<String, String> identify(Goal goal) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("goal", goal.toString());
        values.put("seed", Integer.toString(settings.seed()));
        values.put("epochs", Integer.toString(settings.epochs()));
        values.put("names", Boolean.toString(settings.names()));
        values.put("inputs", Arrays.toString(setup.inputs()));
        values.put("measure", validation.name());
        if (checkpoint.isPresent()) {
            values.put("trained weights", state.fingerprint());
        }
        return values;
    }

    private double measure() throws IOException, TranslateException {
        return validation.measure(state.block(), state.model().getNDManager());
    }

    private void note(String format, Object... values) {
        String line = String.format(Locale.ROOT, format, values);
        log.add(line);
        logger.info("{}", line);
    }

    /** Trains the dense network, by which the allowed loss is measured. */
    private void trainDense() throws IOException, TranslateException, MalformedModelException {
        if (saved.isPresent() && !saved.get().stage().equals(DENSE)) {
            state.initialize();
            state.setDense(
                    checkpoint
                            .orElseThrow()
                            .read(CompressorCheckpoint.Part.DENSE)
                            .orElseThrow(
                                    () ->
                                            new MalformedModelException(
                                                    "The file of the dense network is missing"
                                                            + " beside the checkpoint")));
            return;
        }
        Engine.getInstance().setRandomSeed(settings.seed());
        state.initialize();
        FrqDocument trained =
                stage(DENSE, Optional.empty(), Optional.empty(), settings.epochs() / 2);
        state.setDense(trained);
        if (checkpoint.isPresent()) {
            checkpoint.get().write(CompressorCheckpoint.Part.DENSE, trained);
        }
    }

    private FrqDocument search(double allowed, double reference)
            throws IOException, TranslateException, MalformedModelException {
        FileSizeSearch search = new FileSizeSearch(Float.BYTES * state.denseNumbers());
        Optional<FrqDocument> smallest =
                checkpoint.isPresent() && saved.isPresent()
                        ? checkpoint.get().read(CompressorCheckpoint.Part.SMALLEST)
                        : Optional.empty();
        AtomicReference<@Nullable FrqDocument> found = new AtomicReference<>(smallest.orElse(null));
        search.run(
                attempts,
                settings::isStopped,
                bytes -> {
                    FrqDocument document;
                    try {
                        document = train(bytes);
                    } catch (IllegalArgumentException e) {
                        if (e instanceof TooFewBytesException || state.isFinite()) {
                            throw e;
                        }
                        note(
                                "%,d bytes: the training diverged: %s",
                                bytes, String.valueOf(e.getMessage()));
                        return false;
                    }
                    state.load(document);
                    double loss = validation.loss(reference, measure());
                    note("%,d bytes: loss %.4f, allowed %.4f", bytes, loss, allowed);
                    if (loss <= allowed) {
                        found.set(document);
                        if (checkpoint.isPresent()) {
                            checkpoint.get().write(CompressorCheckpoint.Part.SMALLEST, document);
                        }
                    }
                    return loss <= allowed;
                },
                line -> note("%s", line));
        return Optional.ofNullable(found.get())
                .orElseThrow(() -> FileSizeSearch.nothingFound(allowed, settings.isStopped(), log));
    }

    /** Trains within a number of bytes. */
    private FrqDocument train(long bytes)
            throws IOException, TranslateException, MalformedModelException {
        String stage = bytes + " bytes";
        boolean fresh =
                state.dense().isEmpty() || bytes * PROJECTABLE < Float.BYTES * state.denseNumbers();
        Optional<FrqDocument> rounded = Optional.empty();
        Engine.getInstance().setRandomSeed(settings.seed());
        if (fresh) {
            // A resumed stage is wrapped by the policy, too, whose settings no file holds.
            state.wrapFresh(bytes);
        } else if (!isSaved(stage)) {
            rounded = project(bytes);
        }
        note("%s: %s", stage, fresh ? "trained from a fresh start" : "projected and fine-tuned");
        return stage(stage, Optional.of(bytes), rounded, fresh ? settings.epochs() / 2 : 1);
    }

    /**
     * Wraps the trained network with the coefficients and steps that fit.
     *
     * @return the network as it is before training, which training has to surpass
     */
    private Optional<FrqDocument> project(long bytes) throws MalformedModelException {
        state.wrapAll();
        Allocation allocation = Allocation.fit(state.block(), bytes, settings.names(), Map.of());
        allocation.roundIn(state.block());
        FrqDocument rounded = FrequencyFile.toDocument(state.block()).rounded();
        state.wrapAll();
        allocation.applyTo(state.block());
        return Optional.of(rounded);
    }

    private boolean isSaved(String stage) {
        return saved.isPresent() && saved.get().stage().equals(stage);
    }

    /** Runs a stage from its start or its checkpoint. */
    private FrqDocument stage(
            String name, Optional<Long> bytes, Optional<FrqDocument> before, int exploring)
            throws IOException, TranslateException, MalformedModelException {
        Optional<CompressorCheckpoint.Saved> resumed = saved.filter(its -> isSaved(name));
        saved = Optional.empty();
        StageProgress progress;
        Optional<FrqDocument> best = before;
        if (resumed.isPresent()) {
            progress = StageProgress.of(resumed.get().checkpoint().settings());
            best = checkpoint.orElseThrow().read(CompressorCheckpoint.Part.BEST);
            note("%s: resumed after epoch %d", name, progress.epochs());
        } else {
            if (checkpoint.isPresent()) {
                checkpoint.get().delete(CompressorCheckpoint.Part.BEST);
            }
            progress = new StageProgress(findRate());
            if (before.isPresent()) {
                progress.isBest(validation, measure(before.get()));
            }
            note("%s: learning rate %.5f", name, progress.rate());
        }
        StageTraining training =
                new StageTraining(setup, validation, settings, bytes, progress, best);
        FrqDocument found = training.run(exploring, saving(name, resumed));
        note("%s: %d epochs", name, progress.epochs());
        return found;
    }

    /** Measures the network of a file, and restores the model. */
    private double measure(FrqDocument network)
            throws IOException, TranslateException, MalformedModelException {
        FrqDocument before = state.copy();
        Quantization steps = Quantization.appliedTo(state.block());
        state.load(network);
        double figure = measure();
        state.load(before);
        steps.applyTo(state.block());
        return figure;
    }

    private float findRate() throws IOException, TranslateException, MalformedModelException {
        FrqDocument before = state.copy();
        Quantization steps = Quantization.appliedTo(state.block());
        Engine.getInstance().setRandomSeed(settings.seed());
        float rate = LearningRateTest.run(setup);
        state.load(before);
        steps.applyTo(state.block());
        return rate;
    }

    private StageTraining.Saving saving(
            String stage, Optional<CompressorCheckpoint.Saved> resumed) {
        return new StageTraining.Saving() {

            /** {@inheritDoc} */
            @Override
            public void save(Adam adam, StageProgress progress, Optional<FrqDocument> best)
                    throws IOException {
                if (checkpoint.isEmpty()) {
                    return;
                }
                if (best.isPresent()) {
                    checkpoint.get().write(CompressorCheckpoint.Part.BEST, best.get());
                }
                checkpoint.get().save(state.model(), adam, progress, identity, stage, attempts);
            }

            /** {@inheritDoc} */
            @Override
            public void restore(Adam adam) throws MalformedModelException {
                if (resumed.isPresent()) {
                    resumed.get().checkpoint().load(state.model(), adam);
                }
            }
        };
    }
}
