package io.github.freqreg.examples.tasks;

import java.util.List;

/**
 * The default settings of a network's trainings: its row of the table in {@link Network}.
 *
 * @param epochs the epochs of the compressed network
 * @param denseEpochs the epochs of the dense network
 * @param examples the number of training examples for which the epochs are meant: with fewer, both
 *     numbers grow with the cube root of the ratio; 0 for any number
 * @param batchSize the examples in a step
 * @param beta1 the decay of Adam's first moment
 * @param warmUp the fraction of the steps during which the learning rate rises from 0
 * @param denseRate Adam's largest learning rate for the dense network
 * @param tunings the settings that depend on how many numbers the compressed network keeps, in
 *     ascending order of the numbers
 */
public record TrainingDefaults(
        int epochs,
        int denseEpochs,
        int examples,
        int batchSize,
        float beta1,
        double warmUp,
        float denseRate,
        List<Tuning> tunings) {

    /**
     * Settings that were tuned for a number of kept numbers.
     *
     * @param numbers the kept numbers
     * @param learningRate Adam's largest learning rate
     * @param rateWeight the weight of the file's size in bits in the loss of a quantised network
     */
    public record Tuning(long numbers, float learningRate, double rateWeight) {}

    /** Returns settings with one learning rate for any number of kept numbers. */
    static TrainingDefaults of(int batchSize, float denseRate, float rate) {
        return new TrainingDefaults(
                10, 10, 0, batchSize, 0.9f, 0, denseRate, List.of(new Tuning(1, rate, 0)));
    }

    /** Returns these settings with another decay of Adam's first moment. */
    TrainingDefaults withBeta1(float other) {
        return new TrainingDefaults(
                epochs, denseEpochs, examples, batchSize, other, warmUp, denseRate, tunings);
    }

    /**
     * Returns these settings with a learning rate that falls to the dense network's.
     *
     * @param few up to how many kept numbers the rate stays as it is
     * @param all from how many on it is that of the dense network
     */
    TrainingDefaults withRates(long few, long all) {
        float rate = tunings.get(0).learningRate();
        return new TrainingDefaults(
                epochs,
                denseEpochs,
                examples,
                batchSize,
                beta1,
                warmUp,
                denseRate,
                List.of(new Tuning(few, rate, 0), new Tuning(all, denseRate, 0)));
    }

    /** Returns these settings with a warm-up. */
    TrainingDefaults withWarmUp(double share) {
        return new TrainingDefaults(
                epochs, denseEpochs, examples, batchSize, beta1, share, denseRate, tunings);
    }

    /** Returns the settings of the dense network. */
    public Task.Settings dense() {
        return new Task.Settings(batchSize, denseRate, beta1, warmUp);
    }

    /** Returns the settings of the compressed network that keeps a number of numbers. */
    public Task.Settings compressed(long numbers) {
        return new Task.Settings(batchSize, tuning(numbers).learningRate(), beta1, warmUp);
    }

    /** Returns the epochs of the dense network. */
    public int denseEpochs(int size) {
        return scaled(denseEpochs, size);
    }

    /** Returns the epochs of the compressed network. */
    public int epochs(int size) {
        return scaled(epochs, size);
    }

    private int scaled(int count, int size) {
        double ratio = Math.max(1, (double) examples / size);
        return (int) Math.round(count * Math.cbrt(ratio));
    }

    /**
     * Returns the settings for a number of kept numbers, interpolated on logarithmic scales between
     * the tuned ones; outside their range, those of the nearest.
     */
    public Tuning tuning(long numbers) {
        Tuning below = tunings.get(0);
        for (Tuning above : tunings) {
            if (above.numbers() >= numbers) {
                return between(below, above, numbers);
            }
            below = above;
        }
        return below;
    }

    private static Tuning between(Tuning below, Tuning above, long numbers) {
        if (below.numbers() >= numbers) {
            return below;
        }
        double share =
                Math.log((double) numbers / below.numbers())
                        / Math.log((double) above.numbers() / below.numbers());
        double rate = between(below.learningRate(), above.learningRate(), share);
        double weight = between(below.rateWeight(), above.rateWeight(), share);
        return new Tuning(numbers, (float) rate, weight);
    }

    private static double between(double below, double above, double share) {
        return Math.pow(below, 1 - share) * Math.pow(above, share);
    }
}
