package io.github.freqreg.examples.networks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;

/**
 * AlexNet in the single-tower form of Krizhevsky 2014, as in the paper: 57,035,456 weights for 10
 * classes.
 *
 * <p>224×224 → 64 filters 11×11 → 192 of 5×5 → 384, 256 and 256 of 3×3 → 9,216 → 4,096 → 4,096 →
 * classes. Images may be smaller, down to 63 pixels; the first linear layer then has fewer inputs.
 */
public final class AlexNet {

    /** The published number of channels of the first layer. */
    public static final int WIDTH = 64;

    private static final int UNITS = 64;
    private static final float DROPOUT = 0.5f;

    private AlexNet() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first layer; the other layers scale with it
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, height, width)
     */
    public static Block build(int width, int classes) {
        SequentialBlock net = new SequentialBlock();
        convolution(net, width, 11, 4, 2);
        pool(net);
        convolution(net, 3 * width, 5, 1, 2);
        pool(net);
        convolution(net, 6 * width, 3, 1, 1);
        convolution(net, 4 * width, 3, 1, 1);
        convolution(net, 4 * width, 3, 1, 1);
        pool(net);
        net.add(Blocks.batchFlattenBlock());
        for (int i = 0; i < 2; i++) {
            net.add(Dropout.builder().optRate(DROPOUT).build())
                    .add(Linear.builder().setUnits((long) UNITS * width).build())
                    .add(Activation.reluBlock());
        }
        return net.add(Linear.builder().setUnits(classes).build());
    }

    private static void convolution(
            SequentialBlock net, int filters, int kernel, int stride, int padding) {
        net.add(
                        Conv2d.builder()
                                .setFilters(filters)
                                .setKernelShape(new Shape(kernel, kernel))
                                .optStride(new Shape(stride, stride))
                                .optPadding(new Shape(padding, padding))
                                .build())
                .add(Activation.reluBlock());
    }

    private static void pool(SequentialBlock net) {
        net.add(Pool.maxPool2dBlock(new Shape(3, 3), new Shape(2, 2)));
    }
}
