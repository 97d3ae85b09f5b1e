package io.github.freqreg.training;

import ai.djl.metric.Metrics;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.FrequencyRegularization;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dynamic tail truncation: cuts the tail of the zigzag order step by step while a network trains
 * (paper, section 3).
 *
 * <pre>
 * policy = FrequencyRegularization.builder().optKeepRate(0.01).optStartRate(1.0).build();
 * config.addTrainingListeners(TailTruncation.builder().optEveryBatches(10).build());
 * </pre>
 *
 * <p>The policy says where each tensor starts and ends, the schedule how fast. While the trainer
 * lives the cut is a view, so parameters keep their shapes; nothing that was cut comes back. After
 * training, {@link FrequencyRegularization#compact} frees the tails; files hold only what is kept
 * either way.
 *
 * <p>After each cut the kept number is added to the trainer's metrics as {@value #METRIC}. An
 * instance follows one trainer at a time, on its thread.
 */
public final class TailTruncation extends TrainingListenerAdapter {

    /** The name of the metric that holds the kept coefficients of all regularised tensors. */
    public static final String METRIC = "kept_coefficients";

    private static final Logger logger = LoggerFactory.getLogger(TailTruncation.class);

    private final TruncationSchedule schedule;
    private final int everyBatches;
    private final int everyEpochs;

    private long batches;
    private long epochs;
    private long step;

    private TailTruncation(Builder builder) {
        schedule = builder.schedule;
        everyBatches = builder.everyBatches;
        everyEpochs = builder.everyEpochs;
        step = builder.firstStep;
    }

    /**
     * Starts a listener. By default it follows the published schedule with a drop rate of 0.05 at
     * every epoch's end.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the number of steps done, for a resume.
     *
     * @return the steps, 0 at first
     */
    public long getStep() {
        return step;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        batches++;
        if (everyBatches > 0 && batches % everyBatches == 0) {
            cut(trainer);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        epochs++;
        if (everyEpochs > 0 && epochs % everyEpochs == 0) {
            cut(trainer);
        }
    }

    private void cut(Trainer trainer) {
        step++;
        long kept =
                FrequencyRegularization.truncate(
                        trainer.getModel().getBlock(), schedule.remaining(step));
        logger.debug("Step {}: {} coefficients are kept", step, kept);
        Metrics metrics = trainer.getMetrics();
        if (metrics != null) {
            metrics.addMetric(METRIC, kept);
        }
    }

    /** Builds a {@link TailTruncation}. */
    public static final class Builder {

        private TruncationSchedule schedule = TruncationSchedule.geometric(0.05);
        private int everyBatches;
        private int everyEpochs = 1;
        private long firstStep;

        private Builder() {}

        /**
         * Sets how much remains at each step.
         *
         * @param newSchedule the schedule
         * @return this builder
         */
        public Builder optSchedule(TruncationSchedule newSchedule) {
            schedule = newSchedule;
            return this;
        }

        /**
         * Takes a step every few batches, rather than epochs.
         *
         * @param count how many batches, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optEveryBatches(int count) {
            check(count);
            everyBatches = count;
            everyEpochs = 0;
            return this;
        }

        /**
         * Takes a step every few epochs, rather than batches.
         *
         * @param count how many epochs, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optEveryEpochs(int count) {
            check(count);
            everyEpochs = count;
            everyBatches = 0;
            return this;
        }

        /**
         * Goes on after a resume.
         *
         * @param steps the steps done before, see {@link TailTruncation#getStep()}
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder optFirstStep(long steps) {
            if (steps < 0) {
                throw new IllegalArgumentException("The steps must be 0 or more but are " + steps);
            }
            firstStep = steps;
            return this;
        }

        /**
         * Builds the listener.
         *
         * @return the listener
         */
        public TailTruncation build() {
            return new TailTruncation(this);
        }

        private static void check(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("The number must be 1 or more but is " + count);
            }
        }
    }
}
