package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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
 *       unlabelled inputs help to decide where: see {@link Builder#optInputs}.
 * </ul>
 *
 * <p>A fresh start clears the parameters and draws them with their own initialisers. The engine's
 * random numbers are seeded before each epoch. An instance compresses one model at a time; only
 * {@link #stop} may be called from another thread.
 */
public final class Compressor {

    private static final int EPOCHS = 40;

    private final Goal goal;
    private final Optional<Dataset> trainingSet;
    private final Optional<Dataset> validationSet;
    private final Loss loss;
    private final Evaluator evaluator;
    private final List<TrainingListener> listeners;
    private final Optional<Path> checkpoint;
    private final UnaryOperator<FrequencyRegularizationBuilder> policy;
    private final List<NDList> inputs;
    private final int epochs;
    private final int seed;
    private final boolean names;
    private volatile boolean stopped;

    private Compressor(Builder builder, Goal goal) {
        this.goal = goal;
        trainingSet = Optional.ofNullable(builder.trainingSet);
        validationSet = Optional.ofNullable(builder.validationSet);
        loss = builder.loss;
        evaluator = builder.evaluator == null ? builder.loss : builder.evaluator;
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
    public static Builder builder() {
        return new Builder();
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
     * @throws IllegalStateException if the model has no block or a wrapped one, or is not trained
     *     and there is no training set
     */
    public Compressed compress(Model model, Shape... inputShapes)
            throws IOException, TranslateException, MalformedModelException {
        stopped = false;
        ModelState state = new ModelState(model, inputShapes, policy);
        try {
            return compress(state);
        } catch (IOException | TranslateException | MalformedModelException | RuntimeException e) {
            state.restore();
            throw e;
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
        Optional<Validation> validation =
                validationSet.map(examples -> new Validation(examples, evaluator));
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
     * Ends a compression after the current epoch, with the best network so far. A checkpoint stays,
     * so that the compression can be resumed.
     */
    public void stop() {
        stopped = true;
    }

    /** Builds a {@link Compressor}. */
    public static final class Builder {

        private @Nullable Goal goal;
        private @Nullable Dataset trainingSet;
        private @Nullable Dataset validationSet;
        private Loss loss = Loss.softmaxCrossEntropyLoss();
        private @Nullable Evaluator evaluator;
        private final List<TrainingListener> listeners = new ArrayList<>();
        private @Nullable Path checkpoint;
        private UnaryOperator<FrequencyRegularizationBuilder> policy = UnaryOperator.identity();
        private List<NDList> inputs = List.of();
        private int epochs = EPOCHS;
        private int seed = 1;
        private boolean names;

        /**
         * Sets the largest size of the file.
         *
         * @param bytes 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder setBytes(long bytes) {
            goal = new Goal.Bytes(bytes);
            return this;
        }

        /**
         * Asks for the smallest file with an allowed loss instead of a number of bytes.
         *
         * @param allowed how much worse than that of the dense network the validation figure may
         *     be, 0 or more; for an accuracy, 0.005 is half a percentage point
         * @return this builder
         * @throws IllegalArgumentException if it is negative or not finite
         */
        public Builder setAllowedLoss(double allowed) {
            goal = new Goal.AllowedLoss(allowed);
            return this;
        }

        /**
         * Sets the training examples. Without them the network is only rounded and truncated.
         *
         * @param examples with labels
         * @return this builder
         */
        public Builder optTrainingSet(Dataset examples) {
            trainingSet = examples;
            return this;
        }

        /**
         * Sets the examples on which everything is chosen; required with a training set. They
         * should not be the ones on which the result is reported.
         *
         * @param examples with labels, in batches
         * @return this builder
         */
        public Builder optValidationSet(Dataset examples) {
            validationSet = examples;
            return this;
        }

        /**
         * Sets the training loss, by default the softmax cross-entropy.
         *
         * @param newLoss the loss
         * @return this builder
         */
        public Builder optLoss(Loss newLoss) {
            loss = newLoss;
            return this;
        }

        /**
         * Sets what counts on the validation set, by default the loss.
         *
         * @param newEvaluator of a {@code Loss}, smaller is better, of all others, larger
         * @return this builder
         */
        public Builder optEvaluator(Evaluator newEvaluator) {
            evaluator = newEvaluator;
            return this;
        }

        /**
         * Adds DJL listeners to the trainers.
         *
         * @param more the listeners
         * @return this builder
         */
        public Builder optListeners(TrainingListener... more) {
            listeners.addAll(List.of(more));
            return this;
        }

        /**
         * Sets a checkpoint, which is saved after each epoch. If it exists, {@code compress}
         * resumes, and the result is the same to the bit as without the interruption if the data
         * sets shuffle by the engine's random numbers. It is deleted at the end, with further files
         * that have its name and a suffix.
         *
         * @param file the path
         * @return this builder
         */
        public Builder optCheckpoint(Path file) {
            checkpoint = file;
            return this;
        }

        /**
         * Changes the policy that wraps the network, for example to exclude tensors.
         *
         * @param change receives the default settings and returns those to use
         * @return this builder
         */
        public Builder optPolicy(UnaryOperator<FrequencyRegularizationBuilder> change) {
            policy = change;
            return this;
        }

        /**
         * Sets unlabelled inputs of the network, by which the rounding without a training set
         * measures how much each tensor matters.
         *
         * @param examples batches of inputs, a few hundred examples in all
         * @return this builder
         */
        public Builder optInputs(List<NDList> examples) {
            inputs = List.copyOf(examples);
            return this;
        }

        /**
         * Sets the largest number of epochs of each training, by default {@value #EPOCHS}.
         *
         * @param most 2 or more
         * @return this builder
         */
        public Builder optEpochs(int most) {
            epochs = most;
            return this;
        }

        /**
         * Sets the seed of the random numbers, by default 1.
         *
         * @param newSeed any number
         * @return this builder
         */
        public Builder optSeed(int newSeed) {
            seed = newSeed;
            return this;
        }

        /**
         * Sets whether the file contains names and shapes, by default false: the network has them.
         *
         * @param named true to store them; they count towards the bytes
         * @return this builder
         */
        public Builder optNames(boolean named) {
            names = named;
            return this;
        }

        /**
         * Builds the compressor.
         *
         * @return the compressor
         * @throws IllegalArgumentException if neither the bytes nor the allowed loss is set, if
         *     there is a training set or an allowed loss but no validation set, or if there are
         *     less than 2 epochs
         */
        public Compressor build() {
            if (goal == null) {
                throw new IllegalArgumentException(
                        "A compressor needs a goal: call setBytes or setAllowedLoss");
            }
            if (validationSet == null
                    && (trainingSet != null || goal instanceof Goal.AllowedLoss)) {
                throw new IllegalArgumentException(
                        "A compressor with a training set or an allowed loss needs a validation"
                                + " set: call optValidationSet");
            }
            if (epochs < 2) {
                throw new IllegalArgumentException(
                        "The epochs must be 2 or more but are " + epochs);
            }
            return new Compressor(this, goal);
        }
    }
}
