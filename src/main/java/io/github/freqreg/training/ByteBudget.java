package io.github.freqreg.training;

import ai.djl.Device;
import ai.djl.metric.Metrics;
import ai.djl.metric.Unit;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a network for a file of a number of bytes: from an epoch on it computes with coefficients
 * as they will be stored, and learns to bear it.
 *
 * <pre>
 * ByteBudget budget = ByteBudget.builder(1_149).optOptimizer(adam).optFirstEpoch(20).build();
 * config.addTrainingListeners(budget);
 * …                                                                      // train
 * FrequencyFile.save(block, file, budget.getQuantization());
 * </pre>
 *
 * <p>After an epoch the steps are found anew, see {@link Quantization}, if the file would be far
 * too large or has room left; where it is a little too large, as few as possible become coarser.
 * The last ones are those of the file. {@link Checkpoint} saves them. The sensitivity of a tensor
 * is the mean of Adam's second moments, which are mean squared gradients; with other optimisers all
 * tensors get the same relative error.
 *
 * <p>After each epoch with steps, the bytes that the file would have are added to the trainer's
 * metrics as {@value #METRIC}. The model must be on the trainer's first device: elsewhere its
 * numbers are old until the trainer is closed.
 *
 * <p>An instance follows one trainer at a time, on its thread.
 */
public final class ByteBudget extends TrainingListenerAdapter {

    /** The name of the metric that holds the bytes that a file of the network would have. */
    public static final String METRIC = "file_bytes";

    private static final Logger logger = LoggerFactory.getLogger(ByteBudget.class);

    /** The share of the bytes for which steps are found, and with which they are kept. */
    static final double FIT = 0.99;

    private static final double FULL = 0.97;

    /** The share of the bytes up to which only as many steps are made coarser as need be. */
    private static final double NEARLY = 1.05;

    private final long bytes;
    private final Adam optimizer;
    private final int firstEpoch;
    private final boolean names;
    private final double rateWeight;
    private int epochs;
    private Quantization quantization;

    /** The updates of the optimiser when the training began; -1 once it has taken a step since. */
    private int begun = -1;

    /** Sums of the network's parameters, of which a step changes some. */
    private float[] sums;

    private ByteBudget(Builder builder) {
        bytes = builder.bytes;
        optimizer = builder.optimizer;
        firstEpoch = builder.firstEpoch;
        epochs = builder.epochs;
        names = builder.names;
        rateWeight = builder.rateWeight;
    }

    /**
     * Starts a budget.
     *
     * @param bytes that the file may have
     * @return a builder
     * @throws IllegalArgumentException if there are none
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
        begun = optimizer == null ? -1 : optimizer.getUpdates();
        sums = null;
        Block block = trainer.getModel().getBlock();
        Quantization applied = Quantization.appliedTo(block);
        if (applied.getSteps().values().stream().anyMatch(step -> step > 0)) {
            // Of a training that goes on.
            quantization = applied;
        } else if (optimizer == null) {
            fit(block);
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
     * @throws IllegalStateException if the network has been updated by another optimiser than that
     *     of this budget
     */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        checkOptimizer(trainer.getModel().getBlock());
        if (quantization != null && rateWeight > 0) {
            Block block = trainer.getModel().getBlock();
            for (Map.Entry<String, Parameter> each : FrequencyBlocks.parameters(block).entrySet()) {
                Float step = quantization.getSteps().get(each.getKey());
                if (step != null && step > 0 && each.getValue().requiresGradient()) {
                    addRate(each.getValue().getArray(), step);
                }
            }
        }
    }

    /** A trainer does not show its optimiser, but a network that changes without it does. */
    private void checkOptimizer(Block block) {
        if (begun >= 0 && optimizer.getUpdates() == begun) {
            float[] now = sums(block);
            if (sums != null && !Arrays.equals(sums, now)) {
                throw new IllegalStateException(
                        "The network is updated by another optimiser than the one of its"
                                + " ByteBudget: give optOptimizer the Adam that the"
                                + " TrainingConfig has");
            }
            sums = now;
        } else {
            begun = -1;
            sums = null;
        }
    }

    private static float[] sums(Block block) {
        List<Parameter> parameters =
                block.getParameters().values().stream()
                        .filter(Parameter::requiresGradient)
                        .toList();
        float[] sums = new float[parameters.size()];
        for (int i = 0; i < sums.length; i++) {
            NDArray array = parameters.get(i).getArray();
            try (NDManager scratch = array.getManager().newSubManager();
                    NDArray plain = array.stopGradient()) {
                plain.attach(scratch);
                sums[i] = plain.sum().toType(DataType.FLOAT32, false).getFloat();
            }
        }
        return sums;
    }

    /** Adds the derivative of the rate, λ sgn(c) / ((|c| + Δ) ln 2), to the gradient. */
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
        fit(block);
        Metrics metrics = trainer.getMetrics();
        if (metrics != null && quantization != null) {
            metrics.addMetric(METRIC, quantization.bytes(block, names), Unit.BYTES);
        }
    }

    private void fit(Block block) {
        if (epochs < firstEpoch || !block.isInitialized()) {
            return;
        }
        if (quantization != null) {
            long now = quantization.bytes(block, names);
            if (now <= bytes && now >= FULL * bytes) {
                // What has learned to bear its steps keeps them.
                return;
            }
            boolean nearly = now > bytes && now <= NEARLY * bytes;
            Quantization coarser = nearly ? aLittleCoarser(block) : null;
            if (coarser != null) {
                quantization = coarser;
                quantization.applyTo(block);
                return;
            }
        }
        long room = (long) Math.ceil(FIT * bytes);
        quantization = Quantization.fit(block, room, names, sensitivities(block));
        quantization.applyTo(block);
        logger.info("After {} epochs: new steps for a file of {} bytes", epochs, bytes);
    }

    /**
     * The next coarser steps of as few tensors as need be: the smallest one that is enough, or else
     * the largest ones; null where all together are not.
     */
    private Quantization aLittleCoarser(Block block) {
        List<Map.Entry<String, Parameter>> bySize = new ArrayList<>();
        for (Map.Entry<String, Parameter> each : FrequencyBlocks.parameters(block).entrySet()) {
            if (quantization.getSteps().getOrDefault(each.getKey(), 0f) > 0) {
                bySize.add(each);
            }
        }
        bySize.sort(Comparator.comparingLong(each -> each.getValue().getArray().size()));
        for (Map.Entry<String, Parameter> each : bySize) {
            Map<String, Float> one = new HashMap<>(quantization.getSteps());
            one.computeIfPresent(each.getKey(), ByteBudget::coarser);
            if (Quantization.of(one).bytes(block, names) <= bytes) {
                return Quantization.of(one);
            }
        }
        Collections.reverse(bySize);
        Map<String, Float> steps = new HashMap<>(quantization.getSteps());
        for (Map.Entry<String, Parameter> each : bySize) {
            steps.computeIfPresent(each.getKey(), ByteBudget::coarser);
            if (Quantization.of(steps).bytes(block, names) <= bytes) {
                return Quantization.of(steps);
            }
        }
        return null;
    }

    private static float coarser(String name, float step) {
        return Precision.ofStep(step).coarser().step();
    }

    private Map<String, Double> sensitivities(Block block) {
        Map<String, Double> sensitivities = new HashMap<>();
        if (optimizer != null) {
            FrequencyBlocks.parameters(block)
                    .forEach(
                            (name, parameter) ->
                                    sensitivities.put(name, optimizer.meanSquare(parameter)));
        }
        // Before the first step nothing is known.
        boolean known = sensitivities.values().stream().anyMatch(mean -> mean > 0);
        return known ? sensitivities : Map.of();
    }

    /**
     * Returns the steps that were found last.
     *
     * @return how finely numbers are to be stored
     * @throws IllegalStateException if none were, because the first epoch with them is still to
     *     come
     */
    public Quantization getQuantization() {
        if (quantization == null) {
            throw new IllegalStateException(
                    "Expected at least "
                            + firstEpoch
                            + " epochs before steps are found, but "
                            + epochs
                            + " have passed");
        }
        return quantization;
    }

    /** Builds a {@link ByteBudget}. */
    public static final class Builder {

        private final long bytes;
        private Adam optimizer;
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
         * Sets the optimiser that tells how sensitive tensors are.
         *
         * @param adam the trainer's; with another one the second training batch is refused
         * @return this builder
         */
        public Builder optOptimizer(Adam adam) {
            optimizer = adam;
            return this;
        }

        /**
         * Sets after how many epochs numbers are rounded for the first time, by default 0.
         *
         * @param count 0 or more
         * @return this builder
         */
        public Builder optFirstEpoch(int count) {
            firstEpoch = count;
            return this;
        }

        /**
         * Sets how many epochs are done already, of a training that goes on.
         *
         * @param count 0 or more
         * @return this builder
         */
        public Builder optEpochsDone(int count) {
            epochs = count;
            return this;
        }

        /**
         * Sets whether the file will have names and shapes, by default true.
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
         * Sets how much a bit of the file weighs against the loss, by default 0.
         *
         * <p>With the weight λ, training lowers loss + λ · Σ log₂(1 + |c| / Δ) from the first epoch
         * with steps on: a number takes about as many bits. Numbers that say little shrink, and the
         * bytes go to finer steps of the others. About 1/10⁵ for a network of a thousand bytes.
         *
         * @param weight 0 or more, in units of the loss
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
