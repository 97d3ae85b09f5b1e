package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.Batchifier;
import io.github.freqreg.examples.data.Example;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.IntStream;

/** Batches of all training examples of a task, in random order, each made when it is asked for. */
final class Batches implements Iterator<Batch> {

    private final Task task;
    private final int batchSize;
    private final NDManager manager;
    private final Random random;
    private final List<Integer> order;
    private int next;

    /**
     * Draws the order of the examples.
     *
     * @param task the task
     * @param batchSize the examples of a batch; the last one may have fewer
     * @param manager the manager that holds the managers of the batches
     * @param random draws the order and the augmentation of the examples
     */
    Batches(Task task, int batchSize, NDManager manager, Random random) {
        this.task = task;
        this.batchSize = batchSize;
        this.manager = manager;
        this.random = random;
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
