package io.github.freqreg.training;

import ai.djl.ndarray.NDList;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Builds a {@link Compressor}. */
public final class CompressorBuilder {

    private static final int EPOCHS = 40;

    @Nullable Goal goal;
    @Nullable Dataset trainingSet;
    @Nullable Dataset validationSet;
    Loss loss = Loss.softmaxCrossEntropyLoss();
    @Nullable Evaluator evaluator;
    @Nullable NetworkMeasure measure;
    final List<TrainingListener> listeners = new ArrayList<>();
    @Nullable Path checkpoint;
    UnaryOperator<FrequencyRegularizationBuilder> policy = UnaryOperator.identity();
    List<NDList> inputs = List.of();
    int epochs = EPOCHS;
    int seed = 1;
    boolean names;

    CompressorBuilder() {}

    /**
     * Sets the largest size of the file.
     *
     * @param bytes 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public CompressorBuilder setBytes(long bytes) {
        goal = new Goal.Bytes(bytes);
        return this;
    }

    /**
     * Asks for the smallest file with an allowed loss instead of a number of bytes.
     *
     * @param allowed how much worse than that of the dense network the validation figure may be, 0
     *     or more; for an accuracy, 0.005 is half a percentage point
     * @return this builder
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public CompressorBuilder setAllowedLoss(double allowed) {
        goal = new Goal.AllowedLoss(allowed);
        return this;
    }

    /**
     * Sets the training examples. Without them the network is only rounded and truncated.
     *
     * @param examples with labels
     * @return this builder
     */
    public CompressorBuilder optTrainingSet(Dataset examples) {
        trainingSet = examples;
        return this;
    }

    /**
     * Sets the examples on which everything is chosen; required with a training set. They should
     * not be the ones on which the result is reported.
     *
     * @param examples with labels, in batches
     * @return this builder
     */
    public CompressorBuilder optValidationSet(Dataset examples) {
        validationSet = examples;
        return this;
    }

    /**
     * Sets the training loss, by default the softmax cross-entropy.
     *
     * @param newLoss the loss
     * @return this builder
     */
    public CompressorBuilder optLoss(Loss newLoss) {
        loss = newLoss;
        return this;
    }

    /**
     * Sets what counts on the validation set, by default the loss.
     *
     * @param newEvaluator the evaluator; a smaller value is better if it is a {@code Loss}, a
     *     larger one otherwise
     * @return this builder
     */
    public CompressorBuilder optEvaluator(Evaluator newEvaluator) {
        evaluator = newEvaluator;
        return this;
    }

    /**
     * Sets a measure of your own instead of a validation set with an evaluator.
     *
     * @param newMeasure of which larger is better
     * @return this builder
     */
    public CompressorBuilder optMeasure(NetworkMeasure newMeasure) {
        measure = newMeasure;
        return this;
    }

    Optional<Validation> validation() {
        if (measure != null) {
            return Optional.of(new Validation.ByMeasure(measure));
        }
        return validationSet == null
                ? Optional.empty()
                : Optional.of(
                        new Validation.OnSet(validationSet, evaluator == null ? loss : evaluator));
    }

    /**
     * Adds DJL listeners to the trainers.
     *
     * @param more the listeners
     * @return this builder
     */
    public CompressorBuilder optListeners(TrainingListener... more) {
        listeners.addAll(List.of(more));
        return this;
    }

    /**
     * Sets a checkpoint, which is saved after each epoch. If it exists, {@code compress} resumes,
     * and the result is the same to the bit as without the interruption if the data sets shuffle by
     * the engine's random numbers. It is deleted at the end, with further files that have its name
     * and a suffix.
     *
     * @param file the path
     * @return this builder
     */
    public CompressorBuilder optCheckpoint(Path file) {
        checkpoint = file;
        return this;
    }

    /**
     * Changes the policy that wraps the network, for example to exclude tensors.
     *
     * @param change receives the default settings and returns those to use
     * @return this builder
     */
    public CompressorBuilder optPolicy(UnaryOperator<FrequencyRegularizationBuilder> change) {
        policy = change;
        return this;
    }

    /**
     * Sets unlabelled inputs of the network, by which the rounding without a training set measures
     * how much each tensor matters.
     *
     * @param examples batches of inputs, a few hundred examples in all
     * @return this builder
     */
    public CompressorBuilder optInputs(List<NDList> examples) {
        inputs = List.copyOf(examples);
        return this;
    }

    /**
     * Sets the largest number of epochs of each training, by default 40.
     *
     * @param most 2 or more
     * @return this builder
     */
    public CompressorBuilder optEpochs(int most) {
        epochs = most;
        return this;
    }

    /**
     * Sets the seed of the random numbers, by default 1.
     *
     * @param newSeed any number
     * @return this builder
     */
    public CompressorBuilder optSeed(int newSeed) {
        seed = newSeed;
        return this;
    }

    /**
     * Sets whether the file contains names and shapes, by default false: the network has them.
     *
     * @param named true to store them; they count towards the bytes
     * @return this builder
     */
    public CompressorBuilder optNames(boolean named) {
        names = named;
        return this;
    }

    /**
     * Builds the compressor.
     *
     * @return the compressor
     * @throws IllegalArgumentException if neither the bytes nor the allowed loss is set, if there
     *     is a training set or an allowed loss but no validation set, or if there are less than 2
     *     epochs
     */
    public Compressor build() {
        if (goal == null) {
            throw new IllegalArgumentException(
                    "A compressor needs a goal: call setBytes or setAllowedLoss");
        }
        if (validation().isEmpty() && (trainingSet != null || goal instanceof Goal.AllowedLoss)) {
            throw new IllegalArgumentException(
                    "A compressor with a training set or an allowed loss needs a validation"
                            + " set: call optValidationSet or optMeasure");
        }
        if (epochs < 2) {
            throw new IllegalArgumentException("The epochs must be 2 or more but are " + epochs);
        }
        return new Compressor(this, goal);
    }
}
