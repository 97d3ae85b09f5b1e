package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.freqreg.training.NetworkMeasure;

/** Measures networks by how much better than another one they are on the validation examples. */
public final class ValidationMeasure implements NetworkMeasure {

    private final Task task;
    private final Score reference;
    private Score latest;

    /**
     * Creates a measure.
     *
     * @param task the task
     * @param reference the validation score of the network to compare with
     */
    public ValidationMeasure(Task task, Score reference) {
        this.task = task;
        this.reference = reference;
        latest = reference;
    }

    /** {@inheritDoc} */
    @Override
    public double of(Block block, NDManager manager) {
        latest = task.measure(Part.VALIDATION, block, manager);
        return latest.above(reference);
    }

    /** Returns the score of the network that was measured last. */
    public Score latest() {
        return latest;
    }
}
