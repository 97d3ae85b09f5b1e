package io.github.freqreg.benchmarks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.function.Supplier;

/** What is timed of a block. */
public enum Pass {
    /** A prediction. */
    PREDICTION {
        @Override
        public Timed open(Supplier<Block> maker, boolean toInput, Shape... inputs) {
            return new Predicted(maker, inputs);
        }
    },
    /** A training step: forward, backward, Adam. */
    STEP {
        @Override
        public Timed open(Supplier<Block> maker, boolean toInput, Shape... inputs) {
            return new Trained(maker, toInput, inputs);
        }
    };

    /**
     * Prepares a block.
     *
     * @param maker creates the block
     * @param toInput whether a step computes the gradient of the first input too, as for a layer in
     *     the middle of a network
     * @param inputs the shapes of the inputs
     * @return the block, ready to be timed
     */
    public abstract Timed open(Supplier<Block> maker, boolean toInput, Shape... inputs);
}
