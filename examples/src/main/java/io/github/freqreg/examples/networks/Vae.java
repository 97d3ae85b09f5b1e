package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * The variational autoencoder of Kingma and Welling for 28×28 images: 784 → 400 → 20 latent
 * variables → 400 → 784. The encoder outputs a mean and a log variance for each latent variable.
 *
 * <p>The inputs are images and standard normal noise. The outputs are the logits of the pixels, the
 * means μ and the logarithms of the variances σ². The decoder's input is
 *
 * <pre>
 * z = μ + σ · noise
 * </pre>
 */
public final class Vae extends AbstractBlock {

    /** The published number of units of the hidden layers. */
    public static final int WIDTH = 400;

    /** The number of latent variables. */
    public static final int LATENT = 20;

    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;

    private final Block encoder;
    private final Block decoder;

    /**
     * Builds the network.
     *
     * @param width the number of units of each hidden layer
     */
    public Vae(int width) {
        encoder = addChildBlock("encoder", perceptron(width, 2 * LATENT));
        decoder = addChildBlock("decoder", perceptron(width, PIXELS));
    }

    /**
     * Returns the input shapes.
     *
     * @param batch the number of images in a batch
     * @return the shapes of the images and the noise
     */
    public static Shape[] inputs(long batch) {
        return new Shape[] {new Shape(batch, 1, SIDE, SIDE), new Shape(batch, LATENT)};
    }

    private static Block perceptron(int hidden, int units) {
        return new SequentialBlock()
                .add(Linear.builder().setUnits(hidden).build())
                .add(Activation.reluBlock())
                .add(Linear.builder().setUnits(units).build());
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray image = inputs.get(0).reshape(-1, PIXELS);
        NDArray code = encoder.forward(parameterStore, new NDList(image), training).head();
        NDArray mean = code.get(":, :" + LATENT);
        NDArray logVariance = code.get(":, " + LATENT + ":");
        NDArray latent = mean.add(logVariance.exp().sqrt().mul(inputs.get(1)));
        NDArray logits = decode(parameterStore, latent, training);
        return new NDList(logits, mean, logVariance);
    }

    /**
     * Decodes latent variables.
     *
     * @param parameterStore the store of the parameters
     * @param latent the latent variables (batch, {@link #LATENT})
     * @param training whether this is a training pass
     * @return the logits of the pixels (batch, 784)
     */
    public NDArray decode(ParameterStore parameterStore, NDArray latent, boolean training) {
        return decoder.forward(parameterStore, new NDList(latent), training).head();
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        long batch = inputShapes[0].get(0);
        encoder.initialize(manager, dataType, new Shape(batch, PIXELS));
        decoder.initialize(manager, dataType, new Shape(batch, LATENT));
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        long batch = inputShapes[0].get(0);
        Shape latent = new Shape(batch, LATENT);
        return new Shape[] {new Shape(batch, PIXELS), latent, latent};
    }
}
