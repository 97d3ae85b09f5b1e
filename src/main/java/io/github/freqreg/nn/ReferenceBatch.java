package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;

/**
 * Fixed examples from which the normalisation layers of a network take their statistics.
 *
 * <p>Batch normalisation keeps a mean and a variance of each channel for inference, which are many
 * of the numbers of a small deep network. Here these are the statistics of reference examples,
 * which are passed through the network themselves (Salimans and others 2016, virtual batch
 * normalisation). References that a program can compute, such as noise of a fixed seed, take no
 * bytes of a file. Each input is normalised without regard to the others of its batch.
 *
 * <pre>{@code
 * ReferenceBatch references = new ReferenceBatch(new Shape(32, 3, 32, 32), noise);
 * SequentialBlock body = new SequentialBlock()
 *         .add(convolution)
 *         .add(references.norm(16))
 *         .add(Activation.reluBlock());
 * Block network = references.network(body);
 * }</pre>
 *
 * <p>The scales of all these layers are one parameter of the network, and so are the shifts: a file
 * of a few hundred bytes then holds two tensors instead of two for each layer.
 *
 * <p>In training, the references pass through the network beside the inputs of each batch: with 32
 * of them and batches of 128, that takes a quarter more time than the inputs alone. Inference keeps
 * their statistics for each device, with a copy of the parameters, and computes them again when a
 * parameter, a quantisation step or a kept number has changed. In inference, the statistics are
 * constants, without gradients.
 *
 * <p>The body must compute each example independently of the others, and from nothing that changes
 * but its inputs and parameters. Blocks are safe for concurrent use.
 */
public final class ReferenceBatch {

    private final Shape shape;
    private final float[] values;

    /**
     * Takes the examples.
     *
     * @param shape (count, channels, …) of the examples, at least one
     * @param values their elements in row-major order, scaled like the inputs of the network
     * @throws IllegalArgumentException if there are fewer than two axes, no elements, or another
     *     number of values
     */
    public ReferenceBatch(Shape shape, float[] values) {
        if (shape.dimension() < 2 || shape.size() < 1 || shape.size() != values.length) {
            throw new IllegalArgumentException(
                    "Expected references of shape (count, channels, …) and their elements, but the"
                            + " shape is "
                            + shape
                            + " and there are "
                            + values.length
                            + " values");
        }
        this.shape = shape;
        this.values = values.clone();
    }

    /**
     * Creates a normalisation layer for the {@linkplain #network network} of these references.
     *
     * <p>For each channel c of an input (batch, channels, …), with the mean and the biased variance
     * of the references over all axes but that of the channels,
     *
     * <pre>
     * y = (x - mean_c) / √(variance_c + 1e-5) · γ_c + β_c
     * </pre>
     *
     * <p>In training, gradients also pass through mean and variance. γ and β are parts of two
     * parameters of the network. γ starts at 1 and β at 0.
     *
     * @param channels of the inputs, 1 or more
     * @return the layer, which has no parameters of its own
     * @throws IllegalArgumentException if there are no channels
     */
    public Block norm(int channels) {
        if (channels < 1) {
            throw new IllegalArgumentException(
                    "Expected 1 channel or more to normalise but found " + channels);
        }
        return new ReferenceNorm(this, channels);
    }

    /**
     * Creates the network of a body whose normalisation layers are those of {@link #norm}.
     *
     * @param body a block with one input and any number of outputs, all with the axis of the batch
     *     first; it runs its blocks on the calling thread, each layer of {@link #norm} once
     * @return the network, for inputs with the shape of the references apart from the batch, with
     *     the parameters {@code gamma} and {@code beta}: those of all layers, in the order of
     *     {@link Block#getChildren}
     * @throws IllegalArgumentException if the body has no normalisation layer of these references,
     *     or one that belongs to a network already
     */
    public Block network(Block body) {
        return new ReferenceNetwork(this, body);
    }

    Shape shape() {
        return shape;
    }

    /** Returns the number of examples. */
    int count() {
        return Math.toIntExact(shape.get(0));
    }

    /** Creates an array of the examples. */
    NDArray create(NDManager manager, DataType type) {
        NDArray references = manager.create(values, shape);
        return references.toType(type, false);
    }
}
