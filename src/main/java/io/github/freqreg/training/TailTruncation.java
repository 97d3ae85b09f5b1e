package io.github.freqreg.training;

import ai.djl.metric.Metrics;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dynamic tail truncation (paper, section 3): cuts the tail of each tensor's coefficients step by
 * step during training.
 *
 * <pre>
 * policy = FrequencyRegularization.builder().optKeepRate(0.01).optStartRate(1.0).build();
 * config.addTrainingListeners(TailTruncation.builder().optEveryBatches(10).build());
 * </pre>
 *
 * <p>The policy sets the first and the last kept number of each tensor; the schedule sets the pace.
 * While the trainer exists, a cut only narrows the view of the coefficients, so parameters keep
 * their shapes. Cut coefficients never return. After training, {@link FrequencyBlocks#compact}
 * frees their memory; files contain only kept coefficients in any case.
 *
 * <p>After each cut, the number of kept coefficients is added to the trainer's metrics as {@value
 * #METRIC}. An instance serves one trainer at a time, on the trainer's thread.
 */
public final class TailTruncation extends TrainingListenerAdapter {

    /** The name of the metric for the number of kept coefficients of all regularised tensors. */
    public static final String METRIC = "kept_coefficients";

    private static final Logger logger = LoggerFactory.getLogger(TailTruncation.class);

    private final TruncationSchedule schedule;
    private final Pace pace;

    /** The completed batches, or the completed epochs if a step takes epochs. */
    private long done;

    private TailTruncation(Builder builder) {
        schedule = builder.schedule;
        pace = builder.pace;
        done = builder.done.orElse(builder.firstStep * pace.count);
    }

    /**
     * Creates a builder. By default the listener follows the published schedule, with a drop rate
     * of 0.05 at the end of every epoch.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the number of completed steps.
     *
     * @return the steps, initially 0
     */
    public long getStep() {
        return done / pace.count;
    }

    /**
     * Returns the progress, to pass to {@link Builder#optDone} when the training is resumed.
     *
     * @return the completed batches, or the completed epochs if a step takes epochs
     */
    public long getDone() {
        return done;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        if (pace.unit == Unit.BATCH) {
            advance(trainer);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        if (pace.unit == Unit.EPOCH) {
            advance(trainer);
        }
    }

    private void advance(Trainer trainer) {
        done++;
        if (done % pace.count == 0) {
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

    /** What a step of the schedule is counted in. */
    private enum Unit {
        BATCH,
        EPOCH
    }

    /** The number of batches or epochs of a step. */
    private record Pace(int count, Unit unit) {

        Pace {
            if (count < 1) {
                throw new IllegalArgumentException("The number must be 1 or more but is " + count);
            }
        }
    }

    /** Builds a {@link TailTruncation}. */
    public static final class Builder {

        private TruncationSchedule schedule = TruncationSchedule.geometric(0.05);
        private Pace pace = new Pace(1, Unit.EPOCH);
        private long firstStep;
        private OptionalLong done = OptionalLong.empty();

        private Builder() {}

        /**
         * Sets the fraction of the coefficients that remains at each step.
         *
         * @param newSchedule the schedule
         * @return this builder
         */
        public Builder optSchedule(TruncationSchedule newSchedule) {
            schedule = newSchedule;
            return this;
        }

        /**
         * Cuts after a number of batches, instead of epochs.
         *
         * @param count the batches of a step, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optEveryBatches(int count) {
            pace = new Pace(count, Unit.BATCH);
            return this;
        }

        /**
         * Cuts after a number of epochs, instead of batches.
         *
         * @param count the epochs of a step, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optEveryEpochs(int count) {
            pace = new Pace(count, Unit.EPOCH);
            return this;
        }

        /**
         * Continues a resumed training at any point, as if it had not been interrupted.
         *
         * @param count the completed batches or epochs, see {@link TailTruncation#getDone()}
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder optDone(long count) {
            if (count < 0) {
                throw new IllegalArgumentException(
                        "The batches or epochs must be 0 or more but are " + count);
            }
            done = OptionalLong.of(count);
            return this;
        }

        /**
         * Continues a training that was interrupted right after a step. {@link #optDone} continues
         * one that was interrupted at any point.
         *
         * @param steps the completed steps, see {@link TailTruncation#getStep()}
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
    }
}
