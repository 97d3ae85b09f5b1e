package io.github.freqreg.examples.tasks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;
import io.github.freqreg.examples.data.Example;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

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
        return () -> new Batches(task, manager, new Random(seed));
    }

    /** {@inheritDoc} */
    @Override
    public void prepare(Progress progress) {
        // The task has loaded its data.
    }

    /** One pass over the examples. */
    private static final class Batches implements Iterator<Batch> {

        private final Task task;
        private final NDManager manager;
        private final Random random;
        private final List<Integer> order;
        private final int batchSize;
        private int next;

        Batches(Task task, NDManager manager, Random random) {
            this.task = task;
            this.manager = manager;
            this.random = random;
            batchSize = task.defaults().batchSize();
            order = new ArrayList<>(IntStream.range(0, task.size()).boxed().toList());
            Collections.shuffle(order, random);
        }

        /** {@inheritDoc} */
        @Override
        public boolean hasNext() {
            return next < order.size();
        }

        /** {@inheritDoc} */
        @Override
        public Batch next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            int from = next;
            next = Math.min(from + batchSize, order.size());
            NDManager its = manager.newSubManager();
            Example example = task.batch(its, order.subList(from, next), random);
            return new Batch(
                    its,
                    example.data(),
                    example.labels(),
                    next - from,
                    Batchifier.STACK,
                    Batchifier.STACK,
                    from / batchSize,
                    (order.size() + batchSize - 1) / batchSize);
        }
    }
}
