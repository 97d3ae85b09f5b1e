package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import java.util.List;

/**
 * A narrow residual network of depthwise separable convolutions, for files of a few hundred to a
 * few thousand bytes. It is not a network of the paper. With a width of 20 and 10 classes it has
 * 11,090 trained numbers.
 *
 * <p>A 3×3 convolution of stride 2, then two stages of residual units, of width and of twice the
 * width; the first unit of the second stage halves the height and width. A stage has two units, or
 * one if the width is below 20. A unit has two pairs of a depthwise 3×3 and a pointwise
 * convolution. Its shortcut has no weights: it averages pixels and pads channels with zeros.
 */
public final class SeparableResNet {

    private static final int STAGES = 2;

    /** From this width on, a stage has two units instead of one. */
    private static final int WIDE = 20;

    private SeparableResNet() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first unit
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, 32, 32)
     */
    public static Block build(int width, int classes) {
        SequentialBlock net = new SequentialBlock();
        Residual.normalised(net, width, 3, 2, 1).add(Activation.reluBlock());
        int channels = width;
        int units = width < WIDE ? 1 : 2;
        for (int stage = 0; stage < STAGES; stage++) {
            for (int i = 0; i < units; i++) {
                boolean halves = stage > 0 && i == 0;
                net.add(unit(channels, width << stage, halves ? 2 : 1)).add(Activation.reluBlock());
                channels = width << stage;
            }
        }
        return net.add(Pool.globalAvgPool2dBlock())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(classes).build());
    }

    private static Block unit(int from, int to, int stride) {
        SequentialBlock path = new SequentialBlock();
        Residual.normalised(path, from, 3, stride, from).add(Activation.reluBlock());
        Residual.normalised(path, to, 1, 1, 1).add(Activation.reluBlock());
        Residual.normalised(path, to, 3, 1, to).add(Activation.reluBlock());
        Residual.normalised(path, to, 1, 1, 1);
        SequentialBlock shortcut = new SequentialBlock();
        if (stride == 1) {
            shortcut.add(Blocks.identityBlock());
        } else {
            shortcut.add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                    .add(LambdaBlock.singleton(maps -> padded(maps, to - from)));
        }
        return new ParallelBlock(Residual::sum, List.<Block>of(path, shortcut));
    }

    private static NDArray padded(NDArray maps, int channels) {
        Shape shape = maps.getShape();
        Shape missing = new Shape(shape.get(0), channels, shape.get(2), shape.get(3));
        return maps.concat(maps.getManager().zeros(missing), 1);
    }
}
