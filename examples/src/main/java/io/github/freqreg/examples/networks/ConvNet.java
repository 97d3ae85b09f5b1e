package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import io.github.freqreg.nn.ReferenceBatch;

/**
 * A narrow network of nine 3×3 convolutions, for files of a few hundred bytes. It is not a network
 * of the paper. With a width of 8 and 10 classes it has 16,184 trained numbers.
 *
 * <p>Three stages of three convolutions with normalisation and ReLU; the first two are of width,
 * all others of twice the width. The first stage has the height and width of the input; each
 * further one has half of those of the stage before, by overlapping average pooling. Normalisation
 * takes its statistics from drawn pictures, see {@link ReferenceBatch}, so that the file holds
 * none. The last layer has no bias, which the shifts before it replace. The network sees each image
 * and its mirror image, and answers with the mean of both outputs.
 */
public final class ConvNet {

    private static final int STAGES = 3;
    private static final int CONVOLUTIONS = 3;
    private static final int REFERENCES = 32;
    private static final int SIDE = 32;
    private static final int WIDTH_AXIS = 3;
    private static final long SEED = 7;

    private ConvNet() {}

    /**
     * Builds the network.
     *
     * @param width the channels of the first stage
     * @param classes the number of classes
     * @return a plain DJL block, not initialised, for images (batch, 3, 32, 32)
     */
    public static Block build(int width, int classes) {
        ReferenceBatch references =
                new ReferenceBatch(
                        new Shape(REFERENCES, 3, SIDE, SIDE),
                        DeadLeaves.draw(REFERENCES, SIDE, SEED));
        SequentialBlock net = new SequentialBlock();
        for (int stage = 0; stage < STAGES; stage++) {
            if (stage > 0) {
                net.add(downsampling());
            }
            for (int i = 0; i < CONVOLUTIONS; i++) {
                boolean narrow = stage == 0 && i < CONVOLUTIONS - 1;
                int channels = narrow ? width : 2 * width;
                net.add(convolution(channels))
                        .add(references.norm(channels))
                        .add(Activation.reluBlock());
            }
        }
        net.add(Pool.globalAvgPool2dBlock())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(classes).optBias(false).build());
        return mirrored(references.network(net));
    }

    /**
     * Returns average pooling over overlapping windows: 4×4 at a stride of 2, where the zeros
     * around the maps count. It aliases high frequencies less than pooling over windows of 2×2.
     */
    static Block downsampling() {
        return Pool.avgPool2dBlock(new Shape(4, 4), new Shape(2, 2), new Shape(1, 1));
    }

    /**
     * Returns the mean of the outputs for each image and its mirror image. The weights need not
     * learn both views of an object, which saves numbers where there are few.
     */
    private static Block mirrored(Block body) {
        return new SequentialBlock()
                .add(LambdaBlock.singleton(ConvNet::withMirrorImages))
                .add(body)
                .add(LambdaBlock.singleton(ConvNet::meanOfViews));
    }

    private static NDArray withMirrorImages(NDArray images) {
        try (NDArray mirrored = images.flip(WIDTH_AXIS)) {
            return images.concat(mirrored, 0);
        }
    }

    private static NDArray meanOfViews(NDArray outputs) {
        Shape shape = outputs.getShape();
        return outputs.reshape(new Shape(2, shape.get(0) / 2).addAll(shape.slice(1)))
                .mean(new int[] {0});
    }

    private static Block convolution(int filters) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .optBias(false)
                .build();
    }
}
