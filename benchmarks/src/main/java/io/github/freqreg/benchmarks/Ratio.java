package io.github.freqreg.benchmarks;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * How many times longer one way takes than another.
 *
 * <pre>
 * ratio = median(baseline) / median(other)
 * </pre>
 *
 * @param value the ratio of the medians
 * @param low the lower end of its 95% interval
 * @param high the upper end of its 95% interval
 */
record Ratio(double value, double low, double high) {

    private static final int RESAMPLES = 2_000;
    private static final double TAIL = 0.025;

    /**
     * Compares the times of two ways that took turns.
     *
     * <p>The interval is that of the percentile bootstrap. It draws rounds, not single times, so
     * what slows down a whole round affects both medians.
     *
     * @param baseline the time of the first way in each round
     * @param other the time of the second way in each round
     */
    static Ratio of(double[] baseline, double[] other) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        int rounds = baseline.length;
        double[] ratios = new double[RESAMPLES];
        double[] drawnBaseline = new double[rounds];
        double[] drawnOther = new double[rounds];
        for (int i = 0; i < RESAMPLES; i++) {
            for (int j = 0; j < rounds; j++) {
                int round = random.nextInt(rounds);
                drawnBaseline[j] = baseline[round];
                drawnOther[j] = other[round];
            }
            ratios[i] = median(drawnBaseline) / median(drawnOther);
        }
        Arrays.sort(ratios);
        int tail = (int) (TAIL * RESAMPLES);
        return new Ratio(
                median(baseline) / median(other), ratios[tail], ratios[RESAMPLES - 1 - tail]);
    }

    /** Returns the median; of an even number of values, the mean of the two in the middle. */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Returns whether the interval reaches at most 15% beyond the ratio to either side. */
    boolean isPrecise() {
        return low > value / 1.15 && high < value * 1.15;
    }
}
