package io.github.freqreg.examples.networks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;

/**
 * Caffe's LeNet-5, as in the paper: 430,500 weights and 580 biases.
 *
 * <p>28×28 → 20 filters 5×5 → max-pool 2 → 50 filters 5×5 → max-pool 2 → 800 → 500, ReLU → 10.
 */
public final class LeNet {

    /** The shape of an input without the batch axis: one channel of 28×28. */
    public static final Shape INPUT = new Shape(1, 28, 28);

    private LeNet() {}

    /**
     * Builds the network.
     *
     * @return a plain DJL block, not initialised
     */
    public static Block build() {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(20).setKernelShape(new Shape(5, 5)).build())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Conv2d.builder().setFilters(50).setKernelShape(new Shape(5, 5)).build())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(500).build())
                .add(Activation.reluBlock())
                .add(Linear.builder().setUnits(10).build());
    }
}
