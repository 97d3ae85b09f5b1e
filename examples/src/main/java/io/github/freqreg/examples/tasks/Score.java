package io.github.freqreg.examples.tasks;

/**
 * How good a network is on the test set.
 *
 * @param metric the name of the figure, such as accuracy
 * @param value the figure
 * @param text both in words
 */
public record Score(String metric, double value, String text) {

    /** The only metric of which less is better. */
    static final String DISTANCE = "Fréchet distance";

    /** How much better this is than another score of the same metric. */
    public double above(Score other) {
        double difference = value - other.value;
        return metric.equals(DISTANCE) ? -difference : difference;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return text;
    }
}
