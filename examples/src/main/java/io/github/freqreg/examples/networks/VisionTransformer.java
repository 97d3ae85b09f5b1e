package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;

/**
 * The vision transformer of the paper for 32×32 images: patches of 4×4, a class token, learned
 * position embeddings, and six encoders of eight heads. At the published width of 512 it has
 * 9,500,672 weights, not counting biases and normalisation.
 *
 * <p>An encoder has two residual branches with layer normalisation: attention, and a perceptron
 * with one hidden layer as wide as the input:
 *
 * <pre>
 * q, k, v = W_qkv · norm(x)          for each head of 64 features
 * x += W_out · softmax(q kᵀ / 8) v
 * x += W_2 · gelu(W_1 · norm(x))
 * </pre>
 */
public final class VisionTransformer extends AbstractBlock {

    /** The published number of features of a token. */
    public static final int WIDTH = 512;

    /** The number of features of a head. */
    public static final int HEAD = 64;

    private static final int PATCH = 4;
    private static final int DEPTH = 6;
    private static final float SPREAD = 0.02f;

    private final Block patches;
    private final Parameter token;
    private final Parameter positions;
    private final List<Block> encoders = new ArrayList<>();
    private final Block norm;
    private final Block head;
    private final int width;

    /**
     * Builds the network.
     *
     * @param width the number of features of a token, a multiple of {@link #HEAD}
     * @param classes the number of classes
     * @throws IllegalArgumentException if the width is no multiple of 64
     */
    public VisionTransformer(int width, int classes) {
        if (width < HEAD || width % HEAD != 0) {
            throw new IllegalArgumentException(
                    "The width of a vision transformer must be a multiple of "
                            + HEAD
                            + " but is "
                            + width);
        }
        this.width = width;
        patches = addChildBlock("patches", linear(width, true));
        token = addParameter(parameter("token"));
        positions = addParameter(parameter("positions"));
        for (int i = 0; i < DEPTH; i++) {
            encoders.add(addChildBlock("encoder" + i, new Encoder(width)));
        }
        norm = addChildBlock("norm", LayerNorm.builder().axis(2).build());
        head = addChildBlock("head", linear(classes, true));
    }

    private static Parameter parameter(String name) {
        return Parameter.builder()
                .setName(name)
                .setType(Parameter.Type.OTHER)
                .optInitializer(new NormalInitializer(SPREAD))
                .build();
    }

    /** Creates a linear layer in a sequential block, where a policy can replace it. */
    private static SequentialBlock linear(int units, boolean bias) {
        return new SequentialBlock().add(Linear.builder().setUnits(units).optBias(bias).build());
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray image = inputs.singletonOrThrow();
        Shape shape = image.getShape();
        long batch = shape.get(0);
        long rows = shape.get(2) / PATCH;
        long columns = shape.get(3) / PATCH;
        NDArray cut =
                image.reshape(batch, shape.get(1), rows, PATCH, columns, PATCH)
                        .transpose(0, 2, 4, 3, 5, 1)
                        .reshape(batch, rows * columns, PATCH * PATCH * shape.get(1));
        NDArray embedded = call(patches, parameterStore, cut, training);
        NDArray first =
                parameterStore
                        .getValue(token, image.getDevice(), training)
                        .reshape(1, 1, width)
                        .broadcast(batch, 1, width);
        first.attach(embedded.getManager());
        NDArray x = NDArrays.concat(new NDList(first, embedded), 1);
        NDArray position = parameterStore.getValue(positions, image.getDevice(), training);
        x = x.add(position);
        for (Block encoder : encoders) {
            x = call(encoder, parameterStore, x, training);
        }
        x = call(norm, parameterStore, x.get(":, 0:1"), training);
        return new NDList(call(head, parameterStore, x, training).squeeze(1));
    }

    private static NDArray call(Block block, ParameterStore store, NDArray x, boolean training) {
        return block.forward(store, new NDList(x), training).singletonOrThrow();
    }

    /** {@inheritDoc} */
    @Override
    public void prepare(Shape[] inputShapes) {
        token.setShape(new Shape(1, width));
        positions.setShape(new Shape(tokens(inputShapes[0]), width));
    }

    private static long tokens(Shape image) {
        if (image.dimension() != 4 || image.get(2) % PATCH != 0 || image.get(3) % PATCH != 0) {
            throw new IllegalArgumentException(
                    "A vision transformer takes images (batch, channels, height, width) whose sides"
                            + " are multiples of "
                            + PATCH
                            + " but the shape is "
                            + image);
        }
        return image.get(2) / PATCH * (image.get(3) / PATCH) + 1;
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape image = inputShapes[0];
        long count = tokens(image);
        patches.initialize(
                manager,
                dataType,
                new Shape(image.get(0), count - 1, PATCH * PATCH * image.get(1)));
        Shape all = new Shape(image.get(0), count, width);
        for (Block encoder : encoders) {
            encoder.initialize(manager, dataType, all);
        }
        Shape first = new Shape(image.get(0), 1, width);
        norm.initialize(manager, dataType, first);
        head.initialize(manager, dataType, first);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape scores = head.getOutputShapes(new Shape[] {new Shape(1, 1, width)})[0];
        return new Shape[] {new Shape(inputShapes[0].get(0), scores.get(2))};
    }

    /** Attention and a perceptron, each with a residual connection. */
    private static final class Encoder extends AbstractBlock {

        private final int width;
        private final Block attentionNorm;
        private final Block queries;
        private final Block out;
        private final Block perceptronNorm;
        private final Block perceptron;

        Encoder(int width) {
            this.width = width;
            attentionNorm = addChildBlock("attentionNorm", LayerNorm.builder().axis(2).build());
            queries = addChildBlock("qkv", linear(3 * width, false));
            out = addChildBlock("out", linear(width, true));
            perceptronNorm = addChildBlock("perceptronNorm", LayerNorm.builder().axis(2).build());
            perceptron =
                    addChildBlock(
                            "perceptron",
                            linear(width, true)
                                    .add(Activation.geluBlock())
                                    .add(Linear.builder().setUnits(width).build()));
        }

        /** {@inheritDoc} */
        @Override
        protected NDList forwardInternal(
                ParameterStore parameterStore,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray x = inputs.singletonOrThrow();
            NDArray normal = call(attentionNorm, parameterStore, x, training);
            NDArray heads = attend(call(queries, parameterStore, normal, training));
            x = x.add(call(out, parameterStore, heads, training));
            normal = call(perceptronNorm, parameterStore, x, training);
            return new NDList(x.add(call(perceptron, parameterStore, normal, training)));
        }

        private NDArray attend(NDArray all) {
            long batch = all.getShape().get(0);
            long tokens = all.getShape().get(1);
            long heads = width / HEAD;
            NDArray split = all.reshape(batch, tokens, 3, heads, HEAD).transpose(2, 0, 3, 1, 4);
            // An array of the engine's own memory: see the guide on garbage collection.
            NDArray factor = all.getManager().ones(new Shape(1), all.getDataType());
            factor = factor.toDevice(all.getDevice(), false).divi(Math.sqrt(HEAD));
            NDArray query = split.get(0).mul(factor);
            NDArray scores = query.matMul(split.get(1).swapAxes(2, 3)).softmax(-1);
            return scores.matMul(split.get(2)).transpose(0, 2, 1, 3).reshape(batch, tokens, width);
        }

        /** {@inheritDoc} */
        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {
            getChildren()
                    .values()
                    .forEach(child -> child.initialize(manager, dataType, inputShapes));
        }

        /** {@inheritDoc} */
        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
