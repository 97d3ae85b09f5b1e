package io.github.freqreg.examples.tasks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.Progress;
import java.util.Objects;
import java.util.Random;

/**
 * The training examples of a task as a DJL data set, in batches of the task's default size.
 *
 * <p>The order and the augmentation of the examples depend only on the seed of the engine when an
 * iteration begins, so that a resumed training repeats them.
 *
 * @param task the task
 */
public record TaskDataset(Task task) implements Dataset {

    /** {@inheritDoc} */
    @Override
    public Iterable<Batch> getData(NDManager manager) {
        int seed = Objects.requireNonNullElse(Engine.getInstance().getSeed(), 0);
        return () -> new Batches(task, task.defaults().batchSize(), manager, new Random(seed));
    }

    /** {@inheritDoc} */
    @Override
    public void prepare(Progress progress) {
        // The task has loaded its data.
    }
}
