package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.examples.data.Images;

/**
 * A residual network for images (batch, channels, height, width) as a class of its own: it calls
 * its layers through private fields, and adds, pools and flattens in its forward pass.
 */
final class ResidualNetwork extends AbstractBlock {

    private static final byte VERSION = 1;
    private static final int WIDTH = 16;
    private static final Shape POOL = new Shape(2, 2);

    private final Block stem = addChildBlock("stem", convolution(WIDTH, 1));
    private final Block first = addChildBlock("first", residual(WIDTH));
    private final Block halved = addChildBlock("halved", convolution(2 * WIDTH, 2));
    private final Block second = addChildBlock("second", residual(2 * WIDTH));
    private final Block head =
            addChildBlock("head", Linear.builder().setUnits(Images.CLASSES).build());

    ResidualNetwork() {
        super(VERSION);
    }

    private static Block residual(int filters) {
        return new SequentialBlock().add(convolution(filters, 1)).add(convolution(filters, 1));
    }

    private static Block convolution(int filters, int stride) {
        return new SequentialBlock()
                .add(
                        Conv2d.builder()
                                .setFilters(filters)
                                .setKernelShape(new Shape(3, 3))
                                .optPadding(new Shape(1, 1))
                                .optStride(new Shape(stride, stride))
                                .optBias(false)
                                .build())
                .add(BatchNorm.builder().build())
                .add(Activation::relu);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> parameters) {
        NDList images = stem.forward(store, inputs, training);
        images = sum(images, first.forward(store, images, training));
        images = halved.forward(store, images, training);
        images = sum(images, second.forward(store, images, training));
        NDArray pooled =
                Pool.avgPool2d(
                        images.singletonOrThrow(), POOL, POOL, new Shape(0, 0), false, false);
        NDArray flat = pooled.reshape(pooled.getShape().get(0), -1);
        return head.forward(store, new NDList(flat), training);
    }

    private static NDList sum(NDList one, NDList other) {
        return new NDList(one.singletonOrThrow().add(other.singletonOrThrow()));
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
        stem.initialize(manager, type, inputs);
        Shape[] shapes = stem.getOutputShapes(inputs);
        first.initialize(manager, type, shapes);
        halved.initialize(manager, type, shapes);
        shapes = halved.getOutputShapes(shapes);
        second.initialize(manager, type, shapes);
        long rows = shapes[0].get(2) / POOL.get(0);
        long columns = shapes[0].get(3) / POOL.get(1);
        head.initialize(
                manager, type, new Shape(shapes[0].get(0), shapes[0].get(1) * rows * columns));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return new Shape[] {new Shape(inputs[0].get(0), Images.CLASSES)};
    }
}
