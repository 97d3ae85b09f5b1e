package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Compresses any DJL model to a number of bytes, or as far as a loss of quality allows, in one
 * call.
 *
 * <pre>{@code
 * Compressed compressed =
 *         Compressor.builder()
 *                 .setBytes(4_000)
 *                 .optTrainingSet(training)
 *                 .optValidationSet(validation)
 *                 .optEvaluator(new Accuracy())
 *                 .build()
 *                 .compress(model, new Shape(1, 1, 28, 28));
 * compressed.save(file);
 * }</pre>
 *
 * <p>The compressor wraps the model, chooses the learning rate by a short range test, trains until
 * the validation figure stops rising, and quantises. Every choice is made on the validation set.
 * Afterwards the model computes with the numbers of the file, and {@link
 * io.github.freqreg.file.FrequencyFile#load} loads the file into a fresh network.
 *
 * <ul>
 *   <li><b>A fresh model</b> (not initialised) is trained within the bytes from the start. With an
 *       allowed loss, its dense version is trained first.
 *   <li><b>A trained model</b> (initialised) is projected, quantised by rate and distortion (see
 *       {@link io.github.freqreg.file.Allocation}) and fine-tuned. Below 1/50 of its float32 size
 *       too little of it would remain; it is then trained anew within the bytes.
 *   <li><b>Without a training set</b>, a trained model is rounded and truncated only. A few
 *       unlabelled inputs help to decide where: see {@link CompressorBuilder#optInputs}.
 * </ul>
 *
 * <p>A fresh start clears all parameters but frozen ones, and draws them with their own
 * initialisers. The engine's random numbers are seeded before each epoch. After a failure, a
 * trained model has its weights back, and any other is fresh again, beside parts that had values.
 * An instance compresses one model at a time; only {@link #stop} may be called from another thread.
 */
public final class Compressor {

    private final Goal goal;
    private final Optional<Dataset> trainingSet;
    private final Optional<Validation> validation;
    private final Loss loss;
    private final List<TrainingListener> listeners;
    private final Optional<Path> checkpoint;
    private final UnaryOperator<FrequencyRegularizationBuilder> policy;
    private final List<NDList> inputs;
    private final int epochs;
    private final int seed;
    private final boolean names;
    private volatile boolean stopped;

    Compressor(CompressorBuilder builder, Goal goal) {
        this.goal = goal;
        trainingSet = Optional.ofNullable(builder.trainingSet);
        validation = builder.validation();
        loss = builder.loss;
        listeners = List.copyOf(builder.listeners);
        checkpoint = Optional.ofNullable(builder.checkpoint);
        policy = builder.policy;
        inputs = List.copyOf(builder.inputs);
        epochs = builder.epochs;
        seed = builder.seed;
        names = builder.names;
    }

    /**
     * Creates a builder.
     *
     * @return a builder
     */
    public static CompressorBuilder builder() {
        return new CompressorBuilder();
    }

    /**
     * Compresses a model. Its block is replaced by the compressed one.
     *
     * @param model a model with a plain block and without a trainer
     * @param inputShapes the shapes of the network's inputs, with the batch dimension first;
     *     optional for an initialised network, which knows them
     * @return the file and the report
     * @throws IOException if the data cannot be read, or the checkpoint cannot be written or read
     * @throws TranslateException if a data set cannot prepare its examples
     * @throws MalformedModelException if the checkpoint is damaged or belongs to another
     *     compression
     * @throws IllegalArgumentException if the bytes are too few for the network, or no file has the
     *     allowed loss
     * @throws IllegalStateException if the model has no block or a wrapped one, if it is not
     *     trained and there is no training set, or if {@link #stop} was called before a file with
     *     the allowed loss was found
     */
    public Compressed compress(Model model, Shape... inputShapes)
            throws IOException, TranslateException, MalformedModelException {
        stopped = false;
        ModelState state = new ModelState(model, inputShapes, policy);
        try {
            return compress(state);
        } catch (IOException | TranslateException | MalformedModelException | RuntimeException e) {
            restore(state, e);
            throw e;
        }
    }

    private static void restore(ModelState state, Exception failure) {
        try {
            state.restore();
        } catch (MalformedModelException | RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private Compressed compress(ModelState state)
            throws IOException, TranslateException, MalformedModelException {
        CompressorSettings settings =
                new CompressorSettings(
                        epochs,
                        seed,
                        names,
                        listeners.toArray(new TrainingListener[0]),
                        new Metrics(),
                        () -> stopped);
        if (trainingSet.isEmpty()) {
            return new Rounding(state, settings, validation, inputs).run(goal);
        }
        TrainingSetup setup =
                new TrainingSetup(state.model(), state.inputShapes(), trainingSet.get(), loss);
        return new CompressionRun(
                        state,
                        setup,
                        validation.orElseThrow(),
                        settings,
                        checkpoint.map(CompressorCheckpoint::new))
                .run(goal);
    }

    /**
     * Ends a running compression after the current epoch, with the best network so far; with an
     * allowed loss, with the smallest file so far, or an error if there is none. A checkpoint
     * stays, so that the compression can be resumed.
     */
    public void stop() {
        stopped = true;
    }
}
