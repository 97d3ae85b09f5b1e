package io.github.freqreg.examples.networks;

import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import java.util.List;

/**
 * ResNet-18 with the stem for small images, one 3×3 convolution. With the published width of 64 and
 * 10 classes it has 11,162,624 weights, not counting the stem, normalisation and biases.
 *
 * <p>Four stages of two residual units of two 3×3 convolutions; from the second stage on, the first
 * unit halves the height and width and doubles the channels, and its shortcut is a 1×1 convolution.
 */
public final class ResNet18 {

    /** The published number of channels of the first stage. */
    public static final int WIDTH = 64;

    private static final int STAGES = 4;

    private ResNet18() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first stage; the other layers scale with it
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, 32, 32)
     */
    public static Block build(int width, int classes) {
        SequentialBlock net = new SequentialBlock();
        Residual.normalised(net, width, 3, 1, 1).add(Activation.reluBlock());
        for (int stage = 0; stage < STAGES; stage++) {
            int filters = width << stage;
            net.add(unit(filters, stage == 0 ? 1 : 2));
            net.add(unit(filters, 1));
        }
        return net.add(Pool.globalAvgPool2dBlock())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(classes).build());
    }

    private static Block unit(int filters, int stride) {
        SequentialBlock path = new SequentialBlock();
        Residual.normalised(path, filters, 3, stride, 1).add(Activation.reluBlock());
        Residual.normalised(path, filters, 3, 1, 1);
        SequentialBlock shortcut = new SequentialBlock();
        if (stride == 1) {
            shortcut.add(Blocks.identityBlock());
        } else {
            Residual.normalised(shortcut, filters, 1, stride, 1);
        }
        return new SequentialBlock()
                .add(new ParallelBlock(Residual::sum, List.<Block>of(path, shortcut)))
                .add(Activation.reluBlock());
    }
}
