package io.github.freqreg.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.function.Supplier;

/** Predicts with a block that is not being trained, from normally distributed numbers. */
public final class Predicted implements Timed {

    private final NDManager manager;
    private final Block block;
    private final NDList inputs = new NDList();

    /**
     * Prepares the predictions.
     *
     * @param maker creates the block
     * @param shapes the shapes of the inputs
     */
    public Predicted(Supplier<Block> maker, Shape... shapes) {
        System.setProperty("ai.djl.offline", "true");
        Engine.getInstance().setRandomSeed(1);
        manager = NDManager.newBaseManager();
        block = maker.get();
        block.initialize(manager, DataType.FLOAT32, shapes);
        for (Shape shape : shapes) {
            inputs.add(manager.randomNormal(shape));
        }
    }

    /**
     * Predicts once.
     *
     * @return the sum of the first output
     */
    @Override
    public float run() {
        try (NDManager scratch = manager.newSubManager()) {
            NDList given = new NDList();
            for (NDArray input : inputs) {
                given.add(input.get(scratch, new NDIndex().addAllDim()));
            }
            return block.forward(new ParameterStore(scratch, false), given, false)
                    .head()
                    .sum()
                    .getFloat();
        }
    }

    /** Frees the block. */
    @Override
    public void close() {
        manager.close();
    }
}
