package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * A network that sees each image and its mirror image, and answers with the mean of both outputs.
 *
 * <p>It computes twice as much as its body. Its weights need not learn both views of an object,
 * which saves numbers where there are few.
 */
final class Mirrored extends AbstractBlock {

    private static final int WIDTH = 3;

    private final Block body;

    /**
     * Creates the network.
     *
     * @param body a network of images (batch, channels, height, width) with one output
     */
    Mirrored(Block body) {
        this.body = addChildBlock("body", body);
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray images = inputs.singletonOrThrow();
        NDArray both;
        try (NDArray mirrored = images.flip(WIDTH)) {
            both = images.concat(mirrored, 0);
        }
        NDArray outputs =
                body.forward(store, new NDList(both), training, params).singletonOrThrow();
        long batch = images.getShape().get(0);
        Shape views = new Shape(2, batch).addAll(outputs.getShape().slice(1));
        return new NDList(outputs.reshape(views).mean(new int[] {0}));
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        body.initialize(manager, dataType, inputShapes);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return body.getOutputShapes(inputShapes);
    }
}
