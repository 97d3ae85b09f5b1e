package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.freqreg.nn.BatchStatisticsNorm;
import java.lang.reflect.Field;

/**
 * What follows a layer channel by channel: batch statistics, then ReLU, either or both.
 *
 * <p>A factored layer answers with A small maps z and a matrix E that expands them to the output's
 * channels. Their statistics follow from those of z, without the channels,
 *
 * <pre>
 * mean(E z) = E mean(z),   variance(E z)_o = e_o · covariance(z) · e_o
 * </pre>
 *
 * <p>so normalising is another matrix and a shift, and the channels are made once, a tile at a time
 * that stays in the processor's cache. Where the next layer projects them again, tile by tile, they
 * are never stored.
 *
 * @param norm the batch statistics, or null
 * @param relu whether ReLU comes last
 */
record ChannelTail(BatchStatisticsNorm norm, boolean relu) {

    static final ChannelTail NONE = new ChannelTail(null, false);

    /** Numbers of a tile: 1 MiB of float32, about what a core's own cache holds. */
    private static final long TILE = 1 << 18;

    /** The tail with one more block, or null if the block is none that can be added. */
    ChannelTail with(Block block) {
        if (block.getClass() == BatchStatisticsNorm.class && norm == null && !relu) {
            return new ChannelTail((BatchStatisticsNorm) block, false);
        }
        return isRelu(block) && !relu ? new ChannelTail(norm, true) : null;
    }

    /** DJL's own ReLU block: a function of its {@code Activation}, under that name. */
    private static boolean isRelu(Block block) {
        if (block.getClass() != LambdaBlock.class
                || !((LambdaBlock) block).getName().equals("ReLU")) {
            return false;
        }
        try {
            Field lambda = LambdaBlock.class.getDeclaredField("lambda");
            lambda.setAccessible(true);
            return lambda.get(block).getClass().getName().startsWith(Activation.class.getName());
        } catch (ReflectiveOperationException | RuntimeException e) {
            return false;
        }
    }

    /**
     * Expands small maps to channels and applies the tail, outside of any graph.
     *
     * @param small the maps z (batch, A, places), on a manager that is closed afterwards
     * @param basis the matrix E (channels, A)
     * @param bias of the channels, on the same manager, or null
     * @param projection the next layer's cosines (channels, B), or null
     * @return the channels (batch, channels, places), or projected (batch, B, places)
     */
    NDArray expand(NDArray small, NDArray basis, NDArray bias, NDArray projection) {
        NDManager scratch = small.getManager();
        Shape shape = small.getShape();
        long batch = shape.get(0);
        long places = shape.get(2);
        long channels = basis.getShape().get(0);
        NDArray affine = affine(small, basis, bias);
        NDArray ones = scratch.ones(new Shape(batch, 1, places), small.getDataType());
        NDArray lifted = NDArrays.concat(new NDList(small, onDevice(ones, small)), 1);
        NDArray down = projection == null ? null : projection.transpose();
        long rows = down == null ? channels : down.getShape().get(0);
        NDArray out =
                scratch.create(
                        new Shape(batch, rows, places), small.getDataType(), small.getDevice());
        long across = Math.max(1, Math.min(places, TILE / channels));
        long images = Math.max(1, TILE / (channels * across));
        for (long image = 0; image < batch; image += images) {
            String its = image + ":" + Math.min(batch, image + images);
            for (long place = 0; place < places; place += across) {
                NDIndex tile =
                        new NDIndex(its + ",:," + place + ":" + Math.min(places, place + across));
                try (NDManager passing = scratch.newSubManager()) {
                    NDArray view = affine.get(passing, new NDIndex().addAllDim());
                    NDArray made = view.matMul(lifted.get(passing, tile));
                    if (relu) {
                        made = Activation.relu(made);
                    }
                    if (down != null) {
                        made = down.get(passing, new NDIndex().addAllDim()).matMul(made);
                    }
                    out.set(tile, made);
                }
            }
        }
        return out;
    }

    /** The matrix from the small maps, and a map of ones, to the normalised channels. */
    private NDArray affine(NDArray small, NDArray basis, NDArray bias) {
        NDManager scratch = small.getManager();
        long channels = basis.getShape().get(0);
        NDArray matrix = basis;
        NDArray shift;
        if (norm != null) {
            // A bias moves the mean with it, and nothing else.
            Shape shape = small.getShape();
            long numbers = shape.get(0) * shape.get(2);
            NDArray rows = small.transpose(1, 0, 2).reshape(shape.get(1), numbers);
            NDArray mean = rows.mean(new int[] {1}, true);
            NDArray centred = rows.sub(mean);
            NDArray covariance = centred.matMul(centred.transpose()).div(numbers);
            NDArray variance = basis.matMul(covariance).mul(basis).sum(new int[] {1});
            NDArray scale = variance.maximum(0).add(norm.getEpsilon()).sqrt();
            matrix = basis.div(scale.reshape(channels, 1));
            shift = matrix.matMul(mean).neg();
        } else if (bias != null) {
            shift = bias.reshape(channels, 1);
        } else {
            shift = onDevice(scratch.zeros(new Shape(channels, 1), small.getDataType()), small);
        }
        return NDArrays.concat(new NDList(matrix, shift), 1);
    }

    private static NDArray onDevice(NDArray array, NDArray like) {
        return array.toDevice(like.getDevice(), false);
    }
}
