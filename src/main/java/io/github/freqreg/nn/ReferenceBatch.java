package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import java.util.Arrays;

/**
 * Fixed examples from which the normalisation layers of a network take their statistics.
 *
 * <p>Batch normalisation keeps a mean and a variance of each channel for inference, which are many
 * of the numbers of a small deep network. Here these are the statistics of reference examples,
 * which pass through the network beside the inputs, in training and in inference alike (Salimans
 * and others 2016, virtual batch normalisation). References that a program can compute, such as
 * noise of a fixed seed, take no bytes of a file. Each input is normalised without regard to the
 * others of its batch.
 *
 * <pre>{@code
 * ReferenceBatch references = new ReferenceBatch(new Shape(32, 3, 32, 32), noise);
 * SequentialBlock body = new SequentialBlock()
 *         .add(convolution)
 *         .add(references.norm())
 *         .add(Activation.reluBlock());
 * Block network = references.network(body);
 * }</pre>
 *
 * <p>Each forward pass, also of a single input, computes the references beside its inputs: with 32
 * of them and batches of 128, a quarter more than the inputs alone. Blocks are safe for concurrent
 * use.
 */
public final class ReferenceBatch {

    private static final float EPSILON = 1e-5f;
    private static final int[] ROW = {1};

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
     * <p>Gradients also pass through mean and variance. γ starts at 1 and β at 0.
     *
     * @return the layer, with the parameters {@code gamma} and {@code beta}
     */
    public Block norm() {
        return new Norm();
    }

    /**
     * Creates the network of a body whose normalisation layers are those of {@link #norm}.
     *
     * @param body a block with one input and any number of outputs, all with the axis of the batch
     *     first
     * @return the network
     */
    public Block network(Block body) {
        return new Network(body);
    }

    private int count() {
        return Math.toIntExact(shape.get(0));
    }

    /** Passes the references through the body before the inputs, and drops their outputs. */
    private final class Network extends AbstractBlock {

        private final Block body;

        private Network(Block body) {
            this.body = addChildBlock("body", body);
        }

        /** {@inheritDoc} */
        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray input = inputs.singletonOrThrow();
            NDManager owner = input.getManager();
            NDList whole = new NDList();
            try (NDManager scratch = owner.newSubManager(input.getDevice())) {
                NDArray references = scratch.create(values, shape);
                NDArray joined = references.toType(input.getDataType(), false).concat(input, 0);
                joined.attach(owner);
                whole.add(joined);
            }
            NDIndex rest = new NDIndex(count() + ":");
            NDList outputs = new NDList();
            body.forward(store, whole, training, params)
                    .forEach(output -> outputs.add(output.get(owner, rest)));
            return outputs;
        }

        /** {@inheritDoc} */
        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {
            Shape given = inputShapes[0];
            if (!Arrays.equals(given.slice(1).getShape(), shape.slice(1).getShape())) {
                throw new IllegalArgumentException(
                        "Expected inputs like the references, whose shape is "
                                + shape
                                + ", but their shape is "
                                + given);
            }
            body.initialize(manager, dataType, inputShapes);
        }

        /** {@inheritDoc} */
        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return body.getOutputShapes(inputShapes);
        }
    }

    /** Normalises with the statistics of the first examples of the batch. */
    private final class Norm extends AbstractBlock {

        private final Parameter gamma;
        private final Parameter beta;

        private Norm() {
            gamma =
                    addParameter(
                            Parameter.builder()
                                    .setName("gamma")
                                    .setType(Parameter.Type.GAMMA)
                                    .optInitializer(Initializer.ONES)
                                    .build());
            beta =
                    addParameter(
                            Parameter.builder()
                                    .setName("beta")
                                    .setType(Parameter.Type.BETA)
                                    .optInitializer(Initializer.ZEROS)
                                    .build());
        }

        /** {@inheritDoc} */
        @Override
        protected void prepare(Shape[] inputShapes) {
            Shape channels = new Shape(inputShapes[0].get(1));
            gamma.setShape(channels);
            beta.setShape(channels);
        }

        /** {@inheritDoc} */
        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray input = inputs.singletonOrThrow();
            Shape channels = new Shape(input.getShape().get(1));
            if (input.getShape().get(0) < count()) {
                throw new IllegalStateException(
                        "Expected "
                                + count()
                                + " references before the inputs, but the batch has "
                                + input.getShape().get(0)
                                + " examples: wrap the body by ReferenceBatch.network");
            }
            try (NDManager scratch = input.getManager().newSubManager(input.getDevice())) {
                // The engine averages over one axis.
                NDArray rows =
                        input.get(scratch, new NDIndex(":" + count()))
                                .swapAxes(0, 1)
                                .reshape(channels.add(-1));
                NDArray mean = rows.mean(ROW, true);
                NDArray variance = rows.sub(mean).square().mean(ROW);
                NDArray scale =
                        store.getValue(gamma, input.getDevice(), training)
                                .div(variance.add(EPSILON).sqrt());
                scale.attach(scratch);
                NDArray shift =
                        store.getValue(beta, input.getDevice(), training)
                                .sub(mean.reshape(channels).mul(scale));
                shift.attach(scratch);
                // With these statistics, the engine's kernel multiplies by the scale and adds the
                // shift.
                return input.getNDArrayInternal()
                        .batchNorm(
                                input,
                                scratch.zeros(channels, input.getDataType()),
                                scratch.ones(channels, input.getDataType()),
                                scale,
                                shift,
                                1,
                                0,
                                0,
                                false);
            }
        }

        /** {@inheritDoc} */
        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
