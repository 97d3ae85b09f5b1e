package io.github.freqreg.examples.networks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;

/**
 * A narrow network of nine 3×3 convolutions, for files of a few hundred bytes. It is not a network
 * of the paper. With a width of 8 and 10 classes it has 14,450 trained numbers.
 *
 * <p>Three stages of three convolutions with batch normalisation and ReLU, of width and of twice
 * the width. The first stage has the height and width of the input; each further one has half of
 * those of the stage before, by maximum pooling.
 */
public final class ConvNet {

    private static final int STAGES = 3;
    private static final int CONVOLUTIONS = 3;

    private ConvNet() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first stage
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, 32, 32)
     */
    public static Block build(int width, int classes) {
        SequentialBlock net = new SequentialBlock();
        for (int stage = 0; stage < STAGES; stage++) {
            if (stage > 0) {
                net.add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
            }
            for (int i = 0; i < CONVOLUTIONS; i++) {
                Residual.normalised(net, stage == 0 ? width : 2 * width, 3, 1, 1)
                        .add(Activation.reluBlock());
            }
        }
        return net.add(Pool.globalAvgPool2dBlock())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(classes).build());
    }
}
