package io.github.freqreg.examples.networks;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.github.freqreg.nn.TransposedConv2d;

/**
 * DCGAN for 64×64 images of one channel: a generator G of 3,572,736 weights and a discriminator D
 * of 2,761,728, without normalisation.
 *
 * <p>The inputs are images x and noise z (batch, 100, 1, 1). In training, the outputs are three
 * columns of logits, from which one loss trains both networks at once:
 *
 * <pre>
 * D(x),   D(G(z)) without gradients to G,   D(G(z)) without gradients to D's parameters
 * </pre>
 *
 * <p>Otherwise the output is G(z), in -1..1.
 */
public final class Dcgan extends AbstractBlock {

    /** The published number of channels of the layers next to the image. */
    public static final int WIDTH = 64;

    /** The dimension of the noise. */
    public static final int NOISE = 100;

    /** The side of an image in pixels. */
    public static final int SIDE = 64;

    private static final int LEVELS = 4;
    private static final float LEAK = 0.2f;
    private static final float SPREAD = 0.02f;

    private final Block generator;
    private final Block discriminator;

    /**
     * Builds the two networks.
     *
     * @param width the channels of the layers next to the image; they double with each halving
     */
    public Dcgan(int width) {
        generator = addChildBlock("generator", generator(width));
        discriminator = addChildBlock("discriminator", discriminator(width));
        // As published. With DJL's default initialiser, D wins before G has learned anything.
        setInitializer(new NormalInitializer(SPREAD), Parameter.Type.WEIGHT);
    }

    /**
     * Returns the input shapes.
     *
     * @param batch the number of images in a batch
     * @return the shapes of the images and the noise
     */
    public static Shape[] inputs(long batch) {
        return new Shape[] {new Shape(batch, 1, SIDE, SIDE), new Shape(batch, NOISE, 1, 1)};
    }

    private static Block generator(int width) {
        SequentialBlock net = new SequentialBlock();
        for (int level = LEVELS - 1; level >= 0; level--) {
            boolean first = level == LEVELS - 1;
            net.add(up(width << level, first ? 1 : 2, first ? 0 : 1))
                    .add(BatchNorm.builder().build())
                    .add(Activation.reluBlock());
        }
        return net.add(up(1, 2, 1)).add(Activation.tanhBlock());
    }

    private static Block up(int filters, int stride, int padding) {
        return TransposedConv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(4, 4))
                .optStride(new Shape(stride, stride))
                .optPadding(new Shape(padding, padding))
                .optBias(false)
                .build();
    }

    private static Block discriminator(int width) {
        SequentialBlock net = new SequentialBlock();
        for (int level = 0; level < LEVELS; level++) {
            net.add(down(width << level, 2, 1));
            if (level > 0) {
                net.add(BatchNorm.builder().build());
            }
            net.add(Activation.leakyReluBlock(LEAK));
        }
        return net.add(down(1, 1, 0)).add(Blocks.batchFlattenBlock());
    }

    private static Block down(int filters, int stride, int padding) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(4, 4))
                .optStride(new Shape(stride, stride))
                .optPadding(new Shape(padding, padding))
                .optBias(false)
                .build();
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDList noise = new NDList(inputs.get(1));
        NDList generated = generator.forward(parameterStore, noise, training);
        if (!training) {
            return generated;
        }
        NDArray plain = generated.head().stopGradient();
        plain.attach(generated.head().getManager());
        NDList real = new NDList(inputs.get(0));
        NDList detached = new NDList(plain);
        ParameterStore constants = new ConstantStore(parameterStore, generated.head().getManager());
        return new NDList(
                discriminator.forward(parameterStore, real, true).head(),
                discriminator.forward(parameterStore, detached, true).head(),
                discriminator.forward(constants, generated, true).head());
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        long batch = inputShapes[0].get(0);
        generator.initialize(manager, dataType, new Shape(batch, NOISE, 1, 1));
        discriminator.initialize(manager, dataType, new Shape(batch, 1, SIDE, SIDE));
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {new Shape(inputShapes[0].get(0), 1, SIDE, SIDE)};
    }

    /** Returns parameter values through which no gradients flow to the parameters. */
    private static final class ConstantStore extends ParameterStore {

        private final ParameterStore store;
        private final NDManager manager;

        ConstantStore(ParameterStore store, NDManager manager) {
            super(manager, false);
            this.store = store;
            this.manager = manager;
        }

        /** {@inheritDoc} */
        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            NDArray value = store.getValue(parameter, device, training);
            // DJL passes null for an optional parameter that a block lacks.
            if (parameter == null || !parameter.requiresGradient()) {
                return value;
            }
            NDArray constant = value.stopGradient();
            constant.attach(manager);
            return constant;
        }
    }
}
