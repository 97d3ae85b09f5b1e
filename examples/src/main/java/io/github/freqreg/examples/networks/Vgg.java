package io.github.freqreg.examples.networks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;

/**
 * The VGG network of the paper for 32×32 images: the sixteen 3×3 convolutions of VGG-19, each with
 * batch normalisation, and one linear layer. 20,024,000 weights without biases and normalisation.
 */
public final class Vgg {

    /** The published number of channels of the first layer. */
    public static final int WIDTH = 64;

    /**
     * For each stage between poolings: the convolutions, and their channels divided by the width.
     */
    private static final int[][] STAGES = {{2, 1}, {2, 2}, {4, 4}, {4, 8}, {4, 8}};

    private Vgg() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first layer; the other layers scale with it
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, 32, 32)
     */
    public static Block build(int width, int classes) {
        SequentialBlock net = new SequentialBlock();
        for (int[] stage : STAGES) {
            for (int i = 0; i < stage[0]; i++) {
                net.add(
                                Conv2d.builder()
                                        .setFilters(stage[1] * width)
                                        .setKernelShape(new Shape(3, 3))
                                        .optPadding(new Shape(1, 1))
                                        .optBias(false)
                                        .build())
                        .add(BatchNorm.builder().build())
                        .add(Activation.reluBlock());
            }
            net.add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
        }
        return net.add(Blocks.batchFlattenBlock()).add(Linear.builder().setUnits(classes).build());
    }
}
