package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;

/**
 * Makes a network see each image and its mirror image, and answer with the mean of both outputs.
 * The weights need not learn both views of an object, which saves numbers where there are few.
 */
final class MirroredViews {

    private static final int WIDTH_AXIS = 3;

    private MirroredViews() {}

    /**
     * Returns a network of the same inputs and outputs, which takes twice the time.
     *
     * @param body a network of images (batch, channels, height, width) with one output
     */
    static Block of(Block body) {
        return new SequentialBlock()
                .add(LambdaBlock.singleton(MirroredViews::withMirrorImages))
                .add(body)
                .add(LambdaBlock.singleton(MirroredViews::meanOfViews));
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
}
