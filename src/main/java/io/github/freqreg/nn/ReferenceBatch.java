package io.github.freqreg.nn;

import ai.djl.Device;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
 *         .add(references.norm(16))
 *         .add(Activation.reluBlock());
 * Block network = references.network(body);
 * }</pre>
 *
 * <p>The scales of all these layers are one parameter of the network, and so are the shifts: a file
 * of a few hundred bytes then holds two tensors instead of two for each layer.
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
     * <p>Gradients also pass through mean and variance. γ and β are parts of two parameters of the
     * network. γ starts at 1 and β at 0.
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
        return new Norm(channels);
    }

    /**
     * Creates the network of a body whose normalisation layers are those of {@link #norm}.
     *
     * @param body a block with one input and any number of outputs, all with the axis of the batch
     *     first
     * @return the network, with the parameters {@code gamma} and {@code beta}: those of all layers,
     *     in the order of {@link Block#getChildren}
     * @throws IllegalArgumentException if the body has no normalisation layer of these references,
     *     or one that belongs to a network already
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
        private final Parameter gamma;
        private final Parameter beta;

        private Network(Block body) {
            this.body = addChildBlock("body", body);
            List<Norm> norms = new ArrayList<>();
            addNorms(body, norms);
            if (norms.isEmpty()) {
                throw new IllegalArgumentException(
                        "Expected a body with normalisation layers of these references, but there"
                                + " are none");
            }
            boolean repeated = new HashSet<>(norms).size() < norms.size();
            if (repeated || norms.stream().anyMatch(norm -> norm.network != null)) {
                throw new IllegalArgumentException(
                        "A normalisation layer of these references belongs to a network already:"
                                + " each place of each network needs a layer of its own");
            }
            int channels = 0;
            for (Norm norm : norms) {
                norm.network = this;
                norm.first = channels;
                channels += norm.channels;
            }
            gamma = parameter("gamma", Parameter.Type.GAMMA, Initializer.ONES, channels);
            beta = parameter("beta", Parameter.Type.BETA, Initializer.ZEROS, channels);
        }

        private Parameter parameter(
                String name, Parameter.Type type, Initializer start, int channels) {
            return addParameter(
                    Parameter.builder()
                            .setName(name)
                            .setType(type)
                            .optInitializer(start)
                            .optShape(new Shape(channels))
                            .build());
        }

        private void addNorms(Block block, List<Norm> norms) {
            if (block instanceof Norm norm && norm.isOf(ReferenceBatch.this)) {
                norms.add(norm);
            }
            block.getChildren().values().forEach(child -> addNorms(child, norms));
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

        private final int channels;
        private @Nullable Network network;

        /** The place of the first channel in the parameters of the network. */
        private int first;

        private Norm(int channels) {
            this.channels = channels;
        }

        private boolean isOf(ReferenceBatch references) {
            return ReferenceBatch.this == references;
        }

        /** {@inheritDoc} */
        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray input = inputs.singletonOrThrow();
            Shape vector = new Shape(channels);
            if (network == null) {
                throw new IllegalStateException(
                        "This normalisation layer belongs to no network: call"
                                + " ReferenceBatch.network with a body that contains it");
            }
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
                                .reshape(vector.add(-1));
                NDArray mean = rows.mean(ROW, true);
                NDArray variance = rows.sub(mean).square().mean(ROW);
                NDArray scale =
                        part(network.gamma, store, input.getDevice(), training, scratch)
                                .div(variance.add(EPSILON).sqrt());
                scale.attach(scratch);
                NDArray shift =
                        part(network.beta, store, input.getDevice(), training, scratch)
                                .sub(mean.reshape(vector).mul(scale));
                shift.attach(scratch);
                // With these statistics, the engine's kernel multiplies by the scale and adds the
                // shift.
                return input.getNDArrayInternal()
                        .batchNorm(
                                input,
                                scratch.zeros(vector, input.getDataType()),
                                scratch.ones(vector, input.getDataType()),
                                scale,
                                shift,
                                1,
                                0,
                                0,
                                false);
            }
        }

        /** Returns the part of a parameter of the network that belongs to these channels. */
        private NDArray part(
                Parameter all,
                ParameterStore store,
                Device device,
                boolean training,
                NDManager owner) {
            NDArray values = store.getValue(all, device, training);
            return values.get(owner, new NDIndex(first + ":" + (first + channels)));
        }

        /** {@inheritDoc} */
        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            long found = inputShapes[0].get(1);
            if (found != channels) {
                throw new IllegalArgumentException(
                        "Expected "
                                + channels
                                + " channels to normalise but the input has the shape "
                                + inputShapes[0]);
            }
            return inputShapes;
        }
    }
}
