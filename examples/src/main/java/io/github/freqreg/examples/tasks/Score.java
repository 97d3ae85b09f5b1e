package io.github.freqreg.examples.tasks;

/**
 * The score of a network on a part of the data.
 *
 * @param metric the name of the metric, such as accuracy
 * @param value its value
 * @param text both, formatted for people
 */
public record Score(String metric, double value, String text) {

    /** The only metric for which lower values are better. */
    static final String DISTANCE = "Fréchet distance";

    /** Returns by how much this score is better than another of the same metric. */
    public double above(Score other) {
        return metric.equals(DISTANCE) ? other.value - value : value - other.value;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return text;
    }
}
