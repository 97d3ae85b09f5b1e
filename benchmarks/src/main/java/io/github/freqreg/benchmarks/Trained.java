package io.github.freqreg.benchmarks;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.training.BufferRetention;
import java.util.function.Supplier;

/**
 * Trains a block with DJL's Adam on one batch of normally distributed numbers. The loss is the sum
 * of all outputs.
 */
public final class Trained implements Timed {

    private final Model model;
    private final Trainer trainer;
    private final NDList inputs;

    /**
     * Prepares a training. The calling thread must also train.
     *
     * @param maker creates the block
     * @param toInput whether to compute the gradient of the first input too, as for a layer in the
     *     middle of a network
     * @param shapes the shapes of the inputs
     */
    public Trained(Supplier<Block> maker, boolean toInput, Shape... shapes) {
        System.setProperty("ai.djl.offline", "true");
        Engine.getInstance().setRandomSeed(1);
        model = Model.newInstance("trained");
        model.setBlock(maker.get());
        trainer =
                model.newTrainer(
                        new DefaultTrainingConfig(Loss.l2Loss())
                                .optOptimizer(Optimizer.adam().build())
                                .addTrainingListeners(new BufferRetention()));
        trainer.initialize(shapes);
        inputs = new NDList();
        for (Shape shape : shapes) {
            inputs.add(model.getNDManager().randomNormal(shape));
        }
        inputs.head().setRequiresGradient(toInput);
    }

    /**
     * Takes one training step: forward, backward, Adam.
     *
     * @return the sum of the outputs
     */
    @Override
    public float run() {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            NDList given = new NDList();
            for (NDArray input : inputs) {
                given.add(input.get(batch, new NDIndex().addAllDim()));
            }
            float value;
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray sum = null;
                for (NDArray output : trainer.forward(given)) {
                    sum = sum == null ? output.sum() : sum.add(output.sum());
                }
                collector.backward(sum);
                value = sum.getFloat();
            }
            trainer.step();
            return value;
        }
    }

    /** Frees the model and the trainer. */
    @Override
    public void close() {
        trainer.close();
        model.close();
    }
}
