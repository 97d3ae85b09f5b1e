package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Example;
import java.util.List;
import java.util.Random;

/** Delegates to a task but has fewer examples; tests override further methods. */
class ChangedTask implements Task {

    private final Task task;
    private final int size;

    ChangedTask(Task task, int size) {
        this.task = task;
        this.size = size;
    }

    @Override
    public String title() {
        return task.title();
    }

    @Override
    public DataSet data() {
        return task.data();
    }

    @Override
    public Block network() {
        return task.network();
    }

    @Override
    public Shape[] inputs(int batchSize) {
        return task.inputs(batchSize);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        return task.batch(manager, indices, random);
    }

    @Override
    public Loss loss() {
        return task.loss();
    }

    @Override
    public TrainingDefaults defaults() {
        return task.defaults();
    }

    @Override
    public Score measure(Part part, Block block, NDManager manager) {
        return task.measure(part, block, manager);
    }

    @Override
    public void close() {
        task.close();
    }
}
