package io.github.freqreg.training;

import ai.djl.metric.Metrics;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.block.FrequencyBlocks;
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
 * training, {@link FrequencyBlocks#compact} frees the tails; files hold only what is kept either
 * way.
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

    /** Batches, where a step is taken every few of these; else epochs. */
    private long done;

    private TailTruncation(Builder builder) {
        schedule = builder.schedule;
        everyBatches = builder.everyBatches;
        everyEpochs = builder.everyEpochs;
        done = builder.done >= 0 ? builder.done : builder.firstStep * every();
    }

    /** One of the two is 0. */
    private int every() {
        return everyBatches + everyEpochs;
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
     * Returns the number of steps done.
     *
     * @return the steps, 0 at first
     */
    public long getStep() {
        return done / every();
    }

    /**
     * Returns how far the schedule has come, for a resume: see {@link Builder#optDone}.
     *
     * @return the batches, where a step is taken every few batches; else the epochs
     */
    public long getDone() {
        return done;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        if (everyBatches > 0) {
            advance(trainer);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        if (everyEpochs > 0) {
            advance(trainer);
        }
    }

    private void advance(Trainer trainer) {
        done++;
        if (done % every() == 0) {
            cut(trainer);
        }
    }

    private void cut(Trainer trainer) {
        long step = getStep();
        long kept =
                FrequencyBlocks.truncate(trainer.getModel().getBlock(), schedule.remaining(step));
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
        private long done = -1;

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
         * Goes on after a resume, between two steps too, as if there had been no interruption.
         *
         * @param count the batches or epochs done before, see {@link TailTruncation#getDone()}
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder optDone(long count) {
            if (count < 0) {
                throw new IllegalArgumentException(
                        "The batches or epochs must be 0 or more but are " + count);
            }
            done = count;
            return this;
        }

        /**
         * Goes on after a resume that was right after a step; {@link #optDone} goes on anywhere.
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
