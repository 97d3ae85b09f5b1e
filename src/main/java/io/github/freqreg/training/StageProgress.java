package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.training.tracker.ParameterTracker;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far a {@link StageTraining} has come, and the learning rate that follows from it.
 *
 * <p>A stage first <em>explores</em> at a constant rate (after a linear warm-up), then
 * <em>settles</em>: the rate falls along a cosine to a hundredth.
 */
final class StageProgress implements ParameterTracker {

    private static final int WARM_UP = 100;
    private static final double FINAL = 0.01;

    private final float rate;
    private int explored;
    private int exploredUpdates;
    private int settleEpochs;
    private int settled;
    private int sinceBest;
    private double best = Double.NaN;

    /** Begins a stage with a learning rate. */
    StageProgress(float rate) {
        this.rate = rate;
    }

    float rate() {
        return rate;
    }

    /** Returns the number of completed epochs. */
    int epochs() {
        return explored + settled;
    }

    int explored() {
        return explored;
    }

    boolean isSettling() {
        return settleEpochs > 0;
    }

    boolean isFinished() {
        return isSettling() && settled >= settleEpochs;
    }

    /** Returns how many epochs have passed since the best figure. */
    int sinceBest() {
        return sinceBest;
    }

    /** Counts an epoch. */
    void endEpoch() {
        if (isSettling()) {
            settled++;
        } else {
            explored++;
        }
    }

    /**
     * Begins to settle.
     *
     * @param updates the optimiser's updates so far
     * @param epochs the epochs to settle in
     */
    void settle(int updates, int epochs) {
        exploredUpdates = updates;
        settleEpochs = Math.max(1, epochs);
    }

    /** Forgets the figures so far, which are those of another kind of network. */
    void forgetBest() {
        best = Double.NaN;
        sinceBest = 0;
    }

    /**
     * Compares a figure with the best one of the phase.
     *
     * @return whether it is the best
     */
    boolean isBest(Validation validation, double figure) {
        boolean better =
                Double.isFinite(figure)
                        && (Double.isNaN(best) || validation.loss(best, figure) < 0);
        best = better ? figure : best;
        sinceBest = better ? 0 : sinceBest + 1;
        return better;
    }

    /** {@inheritDoc} */
    @Override
    public float getNewValue(String parameter, int update) {
        if (!isSettling()) {
            return rate * Math.min(1f, update / (float) WARM_UP);
        }
        double length = settleEpochs * (exploredUpdates / (double) Math.max(1, explored));
        double done = Math.min(1, Math.max(0, update - exploredUpdates) / length);
        return (float) (rate * (FINAL + (1 - FINAL) * (1 + Math.cos(Math.PI * done)) / 2));
    }

    /** Adds the values to the settings of a checkpoint. */
    void describe(Map<String, String> settings) {
        settings.put("rate", Float.toString(rate));
        settings.put("explored", Integer.toString(explored));
        settings.put("explored updates", Integer.toString(exploredUpdates));
        settings.put("settle epochs", Integer.toString(settleEpochs));
        settings.put("settled", Integer.toString(settled));
        settings.put("since best", Integer.toString(sinceBest));
        settings.put("best", Double.toString(best));
    }

    /** Restores values from the settings of a checkpoint. */
    static StageProgress of(Map<String, String> settings) throws MalformedModelException {
        Map<String, String> values = new LinkedHashMap<>(settings);
        try {
            StageProgress progress =
                    new StageProgress(Float.parseFloat(values.getOrDefault("rate", "")));
            progress.explored = integer(values, "explored");
            progress.exploredUpdates = integer(values, "explored updates");
            progress.settleEpochs = integer(values, "settle epochs");
            progress.settled = integer(values, "settled");
            progress.sinceBest = integer(values, "since best");
            progress.best = Double.parseDouble(values.getOrDefault("best", ""));
            return progress;
        } catch (NumberFormatException e) {
            throw new MalformedModelException(
                    "expected the progress of a compressor but found " + settings, e);
        }
    }

    private static int integer(Map<String, String> values, String name) {
        int value = Integer.parseInt(values.getOrDefault(name, ""));
        if (value < 0) {
            throw new NumberFormatException(name + " " + value);
        }
        return value;
    }
}
