package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import io.github.freqreg.execution.Unexpanded.Maps;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What follows a convolution channel by channel: batch normalisation, then ReLU, either or both.
 *
 * <p>A factored convolution computes A small maps z and a matrix E that expands them to the
 * channels of the output. Their statistics follow from those of z, without the channels,
 *
 * <pre>
 * mean(E z) = E mean(z),   variance(E z)_o = e_o · covariance(z) · e_o
 * </pre>
 *
 * <p>so normalising is another matrix and a shift, and the channels are made once, a tile at a time
 * that stays in the processor's cache. Where the next layer projects them again, tile by tile, they
 * are never stored.
 *
 * @param epsilon is added to the variance in normalising; 0 if the channels are not normalised
 * @param relu whether ReLU comes last
 */
record ChannelEpilogue(float epsilon, boolean relu) {

    static final ChannelEpilogue NONE = new ChannelEpilogue(0, false);

    /** Numbers of a tile: 1 MiB of float32, about what a core's own cache holds. */
    private static final long TILE = 1 << 18;

    boolean isEmpty() {
        return equals(NONE);
    }

    boolean canNormalize() {
        return isEmpty();
    }

    ChannelEpilogue normalize(float newEpsilon) {
        if (!canNormalize()) {
            throw new IllegalStateException("Nothing can be normalised after " + this);
        }
        return new ChannelEpilogue(newEpsilon, false);
    }

    ChannelEpilogue rectify() {
        return new ChannelEpilogue(epsilon, true);
    }

    /**
     * Expands small maps to channels and applies the epilogue, outside of any graph.
     *
     * @param maps the small maps and how they expand
     * @param manager the manager of the result
     * @return the channels (batch, channels, …)
     */
    NDArray expand(Maps maps, NDManager manager) {
        return expand(maps, Optional.empty(), manager);
    }

    /**
     * Expands small maps, applies the epilogue and projects the channels, tile by tile.
     *
     * @param maps the small maps and how they expand
     * @param cosines the matrix (channels, B) of the next layer's frequencies
     * @param manager the manager of the result
     * @return the projections (batch, B, …)
     */
    NDArray project(Maps maps, NDArray cosines, NDManager manager) {
        return expand(maps, Optional.of(cosines), manager);
    }

    private NDArray expand(Maps maps, Optional<NDArray> cosines, NDManager manager) {
        Shape shape = maps.small().getShape();
        Shape places = shape.slice(2);
        try (NDManager scratch = manager.newSubManager(maps.small().getDevice())) {
            NDArray small =
                    alias(maps.small(), scratch).reshape(shape.get(0), shape.get(1), places.size());
            NDArray basis = alias(maps.basis(), scratch);
            NDArray bias = maps.bias() == null ? null : alias(maps.bias(), scratch);
            NDArray down = cosines.map(each -> alias(each, scratch).transpose()).orElse(null);
            NDArray made = expand(small, basis, bias, down);
            NDArray answer =
                    made.reshape(new Shape(shape.get(0), made.getShape().get(1)).addAll(places));
            answer.attach(manager);
            return answer;
        }
    }

    private NDArray expand(
            NDArray small, NDArray basis, @Nullable NDArray bias, @Nullable NDArray down) {
        NDManager scratch = small.getManager();
        Shape shape = small.getShape();
        long batch = shape.get(0);
        long places = shape.get(2);
        long channels = basis.getShape().get(0);
        NDArray affine = affine(small, basis, bias);
        NDArray ones = scratch.ones(new Shape(batch, 1, places), small.getDataType());
        NDArray lifted = NDArrays.concat(new NDList(small, onDevice(ones, small)), 1);
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
                    NDArray made = alias(affine, passing).matMul(lifted.get(passing, tile));
                    if (relu) {
                        made = Activation.relu(made);
                    }
                    if (down != null) {
                        made = alias(down, passing).matMul(made);
                    }
                    out.set(tile, made);
                }
            }
        }
        return out;
    }

    /** The matrix from the small maps, and a map of ones, to the normalised channels. */
    private NDArray affine(NDArray small, NDArray basis, @Nullable NDArray bias) {
        NDManager scratch = small.getManager();
        long channels = basis.getShape().get(0);
        NDArray matrix = basis;
        NDArray shift;
        if (epsilon > 0) {
            // A bias moves the mean with it, and nothing else.
            Shape shape = small.getShape();
            long numbers = shape.get(0) * shape.get(2);
            NDArray rows = small.transpose(1, 0, 2).reshape(shape.get(1), numbers);
            NDArray mean = rows.mean(new int[] {1}, true);
            NDArray centred = rows.sub(mean);
            NDArray covariance = centred.matMul(centred.transpose()).div(numbers);
            NDArray variance = basis.matMul(covariance).mul(basis).sum(new int[] {1});
            NDArray scale = variance.maximum(0).add(epsilon).sqrt();
            matrix = basis.div(scale.reshape(channels, 1));
            shift = matrix.matMul(mean).neg();
        } else if (bias != null) {
            shift = bias.reshape(channels, 1);
        } else {
            shift = onDevice(scratch.zeros(new Shape(channels, 1), small.getDataType()), small);
        }
        return NDArrays.concat(new NDList(matrix, shift), 1);
    }

    /** The same array under another manager, which gets what is computed from it. */
    private static NDArray alias(NDArray array, NDManager manager) {
        return array.get(manager, new NDIndex().addAllDim());
    }

    private static NDArray onDevice(NDArray array, NDArray like) {
        return array.toDevice(like.getDevice(), false);
    }
}
