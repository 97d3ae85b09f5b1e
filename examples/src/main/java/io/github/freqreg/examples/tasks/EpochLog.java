package io.github.freqreg.examples.tasks;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.file.FrequencyFile;
import java.util.function.Supplier;

/** Prints a line for each epoch of a {@link io.github.freqreg.training.Compressor}. */
public final class EpochLog extends TrainingListenerAdapter {

    private final TrainingLog log;
    private final Supplier<String> validation;
    private final long begin = System.nanoTime();
    private int epoch;

    /**
     * Creates a listener.
     *
     * @param log prints the lines
     * @param measure the measure of the compressor
     */
    public EpochLog(TrainingLog log, ValidationMeasure measure) {
        this(log, () -> ", validation " + measure.latest());
    }

    /**
     * Creates a listener that reports no validation.
     *
     * @param log prints the lines
     */
    public EpochLog(TrainingLog log) {
        this(log, () -> "");
    }

    private EpochLog(TrainingLog log, Supplier<String> validation) {
        this.log = log;
        this.validation = validation;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBegin(Trainer trainer) {
        epoch = 0;
    }

    /** {@inheritDoc} */
    @Override
    public void onEpoch(Trainer trainer) {
        epoch++;
        log.print(
                "epoch %d: loss %.4f%s, %,d numbers kept, %.1f s%n",
                epoch,
                trainer.getTrainingResult().getTrainLoss(),
                validation.get(),
                FrequencyFile.countNumbers(trainer.getModel().getBlock()),
                (System.nanoTime() - begin) / 1e9);
    }
}
