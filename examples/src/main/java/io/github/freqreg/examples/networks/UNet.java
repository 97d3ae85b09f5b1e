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
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.nn.LazyMaps;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * The paper's UNet: images (batch, channels, height, width) to scores (batch, classes, height,
 * width), of any height and width.
 *
 * <p>Each level has two 3×3 convolutions without bias, each followed by batch normalisation with
 * the batch's own statistics and ReLU. Going down, the image is halved and the width doubled; going
 * up, a 2×2 transposed convolution doubles the image, which is laid on the level's own with zeros
 * around it and joined to it. With the published width of 64 and depth of 4 it has 31,024,960
 * weights and nothing else.
 *
 * <p>All layers are in sequential blocks, so that a policy wraps each by itself.
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
     * @param depth how often the image is halved, 1 or more
     * @param classes the classes that are told apart, 1 or more
     * @throws IllegalArgumentException if one of them is below 1
     */
    public UNet(int width, int depth, int classes) {
        if (width < 1 || depth < 1 || classes < 1) {
            throw new IllegalArgumentException(
                    "A UNet needs a width, a depth and classes of 1 or more but they are "
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
                            new SequentialBlock()
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
     * Returns how many float32 numbers of maps live at once in an inference, at most.
     *
     * <pre>
     * 5 · width · batch · height · image width
     * </pre>
     *
     * <p>The peak is at the image's own size, where the maps of a level have {@code width}
     * channels: the last join reads twice as many, and makes a convolution, its normalised maps and
     * its rectified ones. What was before has been freed.
     *
     * @param batch images at once
     * @param height of an image in pixels
     * @param imageWidth of an image in pixels
     * @return numbers, of 4 bytes each
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
        Deque<NDArray> levels = new ArrayDeque<>();
        levels.push(pass.through(first, inputs.singletonOrThrow(), false));
        for (Block block : down) {
            levels.push(pass.through(block, levels.peek(), false));
        }
        NDArray image = levels.pop();
        for (int i = 0; i < up.size(); i++) {
            NDArray skip = levels.pop();
            NDArray larger = pass.through(up.get(i), image, true);
            for (int axis = 2; axis < 4; axis++) {
                NDArray widened = widen(larger, axis, skip.getShape().get(axis));
                if (widened != larger) {
                    pass.free(larger);
                    larger = widened;
                }
            }
            NDArray joined = NDArrays.concat(new NDList(skip, larger), 1);
            pass.free(skip);
            pass.free(larger);
            image = pass.through(join.get(i), joined, true);
        }
        return new NDList(pass.through(last, image, true));
    }

    /**
     * The lowest level needs two values per channel for batch statistics: two pixels, or one pixel
     * in each of two images.
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
     * A pass through the network. At inference an array is closed as soon as nothing reads it any
     * more, rather than by the caller's manager at the end; in training the way back may read it.
     */
    private record Pass(ParameterStore store, boolean training) {

        /** The answer of a block; its input is freed if nothing else reads it. */
        NDArray through(Block block, NDArray input, boolean free) {
            return through(block, new NDList(input), free).singletonOrThrow();
        }

        private NDList through(Block block, NDList inputs, boolean free) {
            NDList made = inputs;
            if (training || !(block instanceof SequentialBlock)) {
                made = block.forward(store, inputs, training);
            } else {
                for (Block child : block.getChildren().values()) {
                    made = through(child, made, free || !holdSame(made, inputs));
                }
            }
            if (free && !training && !holdSame(made, inputs)) {
                inputs.close();
            }
            return made;
        }

        /**
         * Whether two lists hold one array; maps that wait to be computed are in one list alone.
         */
        @SuppressWarnings("ReferenceEquality") // The same list, not an equal one.
        private static boolean holdSame(NDList made, NDList inputs) {
            return made == inputs
                    || holdsArray(made) && holdsArray(inputs) && made.head() == inputs.head();
        }

        private static boolean holdsArray(NDList list) {
            return (!(list instanceof LazyMaps maps) || maps.isComputed()) && !list.isEmpty();
        }

        void free(NDArray array) {
            if (!training) {
                array.close();
            }
        }
    }

    /** Puts zeros around an image along an axis; the smaller half goes before it. */
    private static NDArray widen(NDArray image, int axis, long extent) {
        long missing = extent - image.getShape().get(axis);
        if (missing == 0) {
            return image;
        }
        NDList parts = new NDList();
        long[] zeros = image.getShape().getShape().clone();
        if (missing / 2 > 0) {
            zeros[axis] = missing / 2;
            parts.add(image.getManager().zeros(new Shape(zeros), image.getDataType()));
        }
        parts.add(image);
        zeros[axis] = missing - missing / 2;
        parts.add(image.getManager().zeros(new Shape(zeros), image.getDataType()));
        return NDArrays.concat(parts, axis);
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
            // The transposed convolution halves the channels, the level below brings them back.
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
