package io.github.freqreg.training;

import ai.djl.Device;
import ai.djl.metric.Metrics;
import ai.djl.metric.Unit;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.Quantization;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Quantisation-aware training to a file size: from a given epoch on, the network computes with the
 * quantised coefficients that its file will contain.
 *
 * <pre>
 * ByteBudget budget = ByteBudget.builder(1_149).optOptimizer(adam).optFirstEpoch(20).build();
 * config.addTrainingListeners(budget);
 * …                                                                      // train
 * FrequencyFile.save(block, file, budget.getQuantization());
 * </pre>
 *
 * <p>After each epoch, the listener compares the size of the file with the budget. It fits new
 * quantisation steps (see {@link Quantization}) if the file is far too large or leaves room; if the
 * file is slightly too large, it makes a few of them coarser. {@link Checkpoint} saves the current
 * steps. With batch normalisation, call {@link NormalizationStatistics#estimate} and then {@link
 * #update} before the network is measured or saved. The sensitivity of a tensor is the mean of
 * Adam's second moments, that is, of the squared gradients; without Adam all tensors get the same
 * relative error.
 *
 * <p>After each epoch with steps, the size of the file is added to the trainer's metrics as {@value
 * #METRIC}. The model must be on the first device of the trainer, because copies on other devices
 * reach the model only when the trainer is closed.
 *
 * <p>An instance serves one trainer at a time, on the trainer's thread.
 */
public final class ByteBudget extends TrainingListenerAdapter {

    /** The name of the metric for the size of the file in bytes. */
    public static final String METRIC = "file_bytes";

    private static final Logger logger = LoggerFactory.getLogger(ByteBudget.class);

    private final BudgetSteps budget;
    private final int firstEpoch;
    private final double rateWeight;
    private int epochs;
    private Optional<Quantization> quantization = Optional.empty();
    private Optional<OptimizerCheck> optimizerCheck = Optional.empty();

    private ByteBudget(Builder builder) {
        budget =
                new BudgetSteps(
                        builder.bytes, builder.names, Optional.ofNullable(builder.optimizer));
        firstEpoch = builder.firstEpoch;
        epochs = builder.epochs;
        rateWeight = builder.rateWeight;
    }

    /**
     * Creates a builder.
     *
     * @param bytes the largest size of the file, 1 or more
     * @return a builder
     * @throws IllegalArgumentException if {@code bytes} is below 1
     */
    public static Builder builder(long bytes) {
        return new Builder(bytes);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if the model is not on the trainer's first device
     */
    @Override
    public void onTrainingBegin(Trainer trainer) {
        checkDevice(trainer);
        optimizerCheck = budget.optimizer().map(OptimizerCheck::new);
        Block block = trainer.getModel().getBlock();
        Quantization applied = Quantization.appliedTo(block);
        if (applied.getSteps().values().stream().anyMatch(step -> step > 0)) {
            // A resumed training continues with the steps of its checkpoint.
            quantization = Optional.of(applied);
        } else if (budget.optimizer().isEmpty()) {
            updateSteps(block);
        }
    }

    private static void checkDevice(Trainer trainer) {
        Device device = trainer.getModel().getNDManager().getDevice();
        if (!device.equals(trainer.getDevices()[0])) {
            throw new IllegalStateException(
                    "Expected the model on the first device it is trained on, "
                            + trainer.getDevices()[0]
                            + ", but it is on "
                            + device);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if another optimiser than the one of this budget has updated
     *     the network
     */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        Block block = trainer.getModel().getBlock();
        optimizerCheck.ifPresent(check -> check.afterBatch(block));
        if (rateWeight > 0) {
            quantization.ifPresent(steps -> addRate(block, steps.getSteps()));
        }
    }

    /** Adds the gradient of the rate term to the gradients of all quantised tensors. */
    private void addRate(Block block, Map<String, Float> steps) {
        for (Map.Entry<String, Parameter> each : FrequencyBlocks.parameters(block).entrySet()) {
            float step = steps.getOrDefault(each.getKey(), 0f);
            if (step > 0 && each.getValue().requiresGradient()) {
                addRate(each.getValue().getArray(), step);
            }
        }
    }

    /** Adds λ sgn(c) / ((|c| + Δ) ln 2), the derivative of the rate term, to the gradient. */
    private void addRate(NDArray array, float step) {
        try (NDManager scratch = array.getManager().newSubManager()) {
            NDArray plain = array.stopGradient();
            plain.attach(scratch);
            NDArray gradient = array.getGradient();
            gradient.attach(scratch);
            NDArray rate = plain.sign().mul(rateWeight / Math.log(2)).div(plain.abs().add(step));
            gradient.addi(rate);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        epochs++;
        Block block = trainer.getModel().getBlock();
        updateSteps(block);
        Metrics metrics = trainer.getMetrics();
        if (metrics != null) {
            quantization.ifPresent(
                    steps -> metrics.addMetric(METRIC, budget.size(block, steps), Unit.BYTES));
        }
    }

    /**
     * Adapts the steps to a network that has changed since the end of the epoch: its running
     * statistics, which {@link NormalizationStatistics} has estimated, take bytes as well. Before
     * the first epoch with steps, this does nothing.
     *
     * @param block the network
     */
    public void update(Block block) {
        if (isQuantized()) {
            updateSteps(block);
        }
    }

    private void updateSteps(Block block) {
        if (epochs < firstEpoch || !block.isInitialized()) {
            return;
        }
        Quantization next = budget.update(block, quantization);
        if (quantization.isEmpty() || quantization.get() != next) {
            logger.info("After {} epochs: steps for a file of {} bytes", epochs, budget.bytes());
        }
        quantization = Optional.of(next);
    }

    /**
     * Returns whether the network computes with quantised coefficients yet.
     *
     * @return whether {@link #getQuantization} has steps
     */
    public boolean isQuantized() {
        return quantization.isPresent();
    }

    /**
     * Returns the current quantisation steps.
     *
     * @return the steps to save the network with
     * @throws IllegalStateException if the first epoch with steps has not been reached
     */
    public Quantization getQuantization() {
        return quantization.orElseThrow(
                () ->
                        new IllegalStateException(
                                "Expected at least "
                                        + Math.max(1, firstEpoch)
                                        + " epochs before steps are found, but "
                                        + epochs
                                        + " have passed"));
    }

    /** Builds a {@link ByteBudget}. */
    public static final class Builder {

        private final long bytes;
        private @Nullable Adam optimizer;
        private int firstEpoch;
        private int epochs;
        private boolean names = true;
        private double rateWeight;

        private Builder(long bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException(
                        "A budget must be 1 byte or more but is " + bytes);
            }
            this.bytes = bytes;
        }

        /**
         * Sets the optimiser whose second moments are the sensitivities of the tensors.
         *
         * @param adam the optimiser of the trainer; any other fails at the second training batch
         * @return this builder
         */
        public Builder optOptimizer(Adam adam) {
            optimizer = adam;
            return this;
        }

        /**
         * Sets the number of epochs before coefficients are quantised, by default 0. With an
         * optimiser, whose moments are needed, or with a network that is not initialised when its
         * trainer is created, the first epoch is never quantised.
         *
         * @param count 0 or more
         * @return this builder
         */
        public Builder optFirstEpoch(int count) {
            firstEpoch = count;
            return this;
        }

        /**
         * Sets the number of completed epochs of a resumed training, by default 0.
         *
         * @param count 0 or more
         * @return this builder
         */
        public Builder optEpochsDone(int count) {
            epochs = count;
            return this;
        }

        /**
         * Sets whether the file stores names and shapes, by default true.
         *
         * @param named false for a file of {@link
         *     io.github.freqreg.format.FrqDocument#withoutNames()}
         * @return this builder
         */
        public Builder optNames(boolean named) {
            names = named;
            return this;
        }

        /**
         * Sets the weight λ of the file's size in the loss, by default 0.
         *
         * <p>From the first epoch with steps on, training minimises loss + λ · Σ log₂(1 + |c| / Δ).
         * The logarithm estimates the bits of a coefficient. Coefficients that matter little
         * shrink, which leaves bytes for finer steps of the others. For a network of a thousand
         * bytes, try 1e-5.
         *
         * @param weight the weight of one bit, 0 or more, in units of the loss
         * @return this builder
         * @throws IllegalArgumentException if it is negative or not finite
         */
        public Builder optRateWeight(double weight) {
            if (!(weight >= 0) || Double.isInfinite(weight)) {
                throw new IllegalArgumentException(
                        "A weight of the rate must be 0 or more and finite but is " + weight);
            }
            rateWeight = weight;
            return this;
        }

        /**
         * Builds the listener.
         *
         * @return the listener
         */
        public ByteBudget build() {
            return new ByteBudget(this);
        }
    }
}
