package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.nn.ChannelConcat;
import io.github.freqreg.nn.LazyMaps;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * The paper's UNet. It maps images (batch, channels, height, width) of any size to scores (batch,
 * classes, height, width).
 *
 * <p>Each level has two 3×3 convolutions without bias. Each convolution is followed by batch
 * normalisation, always with the statistics of the current batch, and ReLU. On the way down, each
 * level halves the image and doubles the channels. On the way up, a 2×2 transposed convolution
 * doubles the image; the result is padded with zeros to the size of the level's own maps and
 * concatenated with them. With the published width of 64 and depth of 4, the network has 31,024,960
 * weights and no other parameters.
 *
 * <p>All layers are in sequential blocks, so that a policy can wrap each of them separately.
 */
public final class UNet extends AbstractBlock {

    private final Block first;
    private final List<Block> down = new ArrayList<>();
    private final List<Block> up = new ArrayList<>();
    private final List<Block> join = new ArrayList<>();
    private final Block last;
    private final int width;

    /**
     * Builds a UNet.
     *
     * @param width the channels of the first level, 1 or more
     * @param depth the number of times the image is halved, 1 or more
     * @param classes the number of classes, 1 or more
     * @throws IllegalArgumentException if one of them is below 1
     */
    public UNet(int width, int depth, int classes) {
        if (width < 1 || depth < 1 || classes < 1) {
            throw new IllegalArgumentException(
                    "The width, depth and number of classes of a UNet must each be at least 1 but"
                            + " are "
                            + width
                            + ", "
                            + depth
                            + " and "
                            + classes);
        }
        this.width = width;
        first = addChildBlock("first", level(width));
        for (int i = 1; i <= depth; i++) {
            Block halved =
                    new SequentialBlock()
                            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                            .add(level(width << i));
            down.add(addChildBlock("down" + i, halved));
        }
        for (int i = 1; i <= depth; i++) {
            int filters = width << (depth - i);
            up.add(
                    addChildBlock(
                            "up" + i,
                            new ChannelConcat.Branch()
                                    .add(
                                            TransposedConv2d.builder()
                                                    .setFilters(filters)
                                                    .setKernelShape(new Shape(2, 2))
                                                    .optStride(new Shape(2, 2))
                                                    .optBias(false)
                                                    .build())));
            join.add(addChildBlock("join" + i, level(filters)));
        }
        last =
                addChildBlock(
                        "last",
                        new SequentialBlock()
                                .add(
                                        Conv2d.builder()
                                                .setFilters(classes)
                                                .setKernelShape(new Shape(1, 1))
                                                .optBias(false)
                                                .build()));
    }

    private static Block level(int filters) {
        SequentialBlock level = new SequentialBlock();
        for (int i = 0; i < 2; i++) {
            level.add(
                            Conv2d.builder()
                                    .setFilters(filters)
                                    .setKernelShape(new Shape(3, 3))
                                    .optPadding(new Shape(1, 1))
                                    .optBias(false)
                                    .build())
                    .add(new BatchStatisticsNorm())
                    .add(Activation.reluBlock());
        }
        return level;
    }

    /**
     * Returns the peak number of values in feature maps during inference.
     *
     * <pre>
     * 5 · width · batch · height · image width
     * </pre>
     *
     * <p>The peak is at the full resolution, where maps have {@code width} channels: two of them
     * are concatenated, the next convolution reads the result of 2 · {@code width} channels, and
     * has an output of its own. If the layers compute factored, much less is stored.
     *
     * @param batch the number of images in a batch
     * @param height the height of an image in pixels
     * @param imageWidth the width of an image in pixels
     * @return the number of float32 values
     */
    public long getPeakNumbers(long batch, long height, long imageWidth) {
        return 5L * width * batch * height * imageWidth;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        checkSize(inputs.head().getShape());
        Pass pass = new Pass(parameterStore, training);
        Deque<NDList> levels = new ArrayDeque<>();
        levels.push(pass.through(first, inputs, false));
        for (Block block : down) {
            levels.push(pass.through(block, levels.peek(), false));
        }
        NDList image = levels.pop();
        for (int i = 0; i < up.size(); i++) {
            NDList skip = levels.pop();
            NDList larger = pass.through(up.get(i), image, true);
            NDList joined = ChannelConcat.concat(List.of(skip, larger));
            image = pass.through(join.get(i), joined, true);
            pass.free(skip);
            pass.free(larger);
        }
        return pass.through(last, image, true);
    }

    /**
     * Checks that the lowest level has at least two values per channel for its batch statistics:
     * two pixels, or one pixel in each of two images.
     */
    private void checkSize(Shape images) {
        int least = 1 << down.size();
        long numbers = images.get(0) * (images.get(2) / least) * (images.get(3) / least);
        if (numbers < 2) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "A UNet of depth %d takes images of at least %dx%d or %dx%d pixels"
                                    + " but got %dx%d",
                            down.size(),
                            2 * least,
                            least,
                            least,
                            2 * least,
                            images.get(3),
                            images.get(2)));
        }
    }

    /**
     * A pass through the network. At inference, an array is closed as soon as nothing reads it any
     * more, instead of by the caller's manager at the end. In training, the backward pass may still
     * read it.
     */
    private record Pass(ParameterStore store, boolean training) {

        /** Returns the output of a block; {@code free} says that nothing else reads its input. */
        NDList through(Block block, NDList inputs, boolean free) {
            NDList outputs = inputs;
            if (training || !(block instanceof SequentialBlock)) {
                outputs = block.forward(store, inputs, training);
            } else {
                for (Block child : block.getChildren().values()) {
                    outputs = through(child, outputs, free || !holdSame(outputs, inputs));
                }
            }
            if (free && !training && !holdSame(outputs, inputs)) {
                inputs.close();
            }
            return outputs;
        }

        /**
         * Returns whether two lists hold the same array. Maps that have not been computed yet
         * belong to one list only.
         */
        @SuppressWarnings("ReferenceEquality") // The same list, not an equal one.
        private static boolean holdSame(NDList outputs, NDList inputs) {
            return outputs == inputs
                    || holdsArray(outputs) && holdsArray(inputs) && outputs.head() == inputs.head();
        }

        private static boolean holdsArray(NDList list) {
            return (!(list instanceof LazyMaps maps) || maps.isComputed()) && !list.isEmpty();
        }

        void free(NDList maps) {
            if (!training) {
                maps.close();
            }
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape image = inputShapes[0];
        first.initialize(manager, dataType, image);
        long batch = image.get(0);
        long channels = width;
        for (Block block : down) {
            block.initialize(manager, dataType, new Shape(batch, channels, 2, 2));
            channels *= 2;
        }
        for (int i = 0; i < up.size(); i++) {
            // The transposed convolution halves the channels; concatenation doubles them again.
            up.get(i).initialize(manager, dataType, new Shape(batch, channels, 1, 1));
            join.get(i).initialize(manager, dataType, new Shape(batch, channels, 2, 2));
            channels /= 2;
        }
        last.initialize(manager, dataType, new Shape(batch, channels, 2, 2));
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape image = inputShapes[0];
        Shape scores = last.getOutputShapes(new Shape[] {image})[0];
        return new Shape[] {scores};
    }
}
