package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The operations on each channel that are fused with the expansion of a factored convolution: batch
 * normalisation, ReLU, or both in this order.
 *
 * <p>A factored convolution computes maps z of A frequencies, and a matrix E expands them to the
 * output channels. The batch statistics of the channels follow from those of z:
 *
 * <pre>
 * mean(E z) = E mean(z),   variance(E z)_o = e_o · covariance(z) · e_o
 * </pre>
 *
 * <p>So normalisation only changes E and adds a shift. The channels are computed tile by tile, and
 * a tile stays in the processor's cache. If the next layer projects the channels again, they are
 * never stored.
 *
 * @param epsilon the number that normalisation adds to the variance; 0 for no normalisation
 * @param relu whether a ReLU follows
 */
record ChannelEpilogue(float epsilon, boolean relu) {

    static final ChannelEpilogue NONE = new ChannelEpilogue(0, false);

    /** Elements of a tile: 1 MiB of float32, about the size of a core's own cache. */
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
     * Expands maps to channels and applies the epilogue, outside of any gradient graph.
     *
     * @param maps the maps and the matrix that expands them
     * @param manager the manager of the result
     * @return the channels (batch, channels, …)
     */
    NDArray expand(FactoredMaps maps, NDManager manager) {
        return expand(maps, Optional.empty(), manager);
    }

    /**
     * Expands maps, applies the epilogue and projects the channels, tile by tile.
     *
     * @param maps the maps and the matrix that expands them
     * @param cosines the matrix (channels, B) of the next layer's frequencies
     * @param manager the manager of the result
     * @return the projections (batch, B, …)
     */
    NDArray project(FactoredMaps maps, NDArray cosines, NDManager manager) {
        return expand(maps, Optional.of(cosines), manager);
    }

    private NDArray expand(FactoredMaps maps, Optional<NDArray> cosines, NDManager manager) {
        Shape shape = maps.small().getShape();
        Shape places = shape.slice(2);
        try (NDManager scratch = manager.newSubManager(maps.small().getDevice())) {
            NDArray small =
                    alias(maps.small(), scratch).reshape(shape.get(0), shape.get(1), places.size());
            NDArray basis = alias(maps.basis(), scratch);
            NDArray bias = maps.bias() == null ? null : alias(maps.bias(), scratch);
            NDArray down = cosines.map(each -> alias(each, scratch).transpose()).orElse(null);
            NDArray flat = expand(small, basis, bias, down);
            NDArray result =
                    flat.reshape(new Shape(shape.get(0), flat.getShape().get(1)).addAll(places));
            result.attach(manager);
            return result;
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
                    NDArray values = alias(affine, passing).matMul(lifted.get(passing, tile));
                    if (relu) {
                        values = Activation.relu(values);
                    }
                    if (down != null) {
                        values = alias(down, passing).matMul(values);
                    }
                    out.set(tile, values);
                }
            }
        }
        return out;
    }

    /** Returns the matrix from the maps, and a map of ones, to the normalised channels. */
    private NDArray affine(NDArray small, NDArray basis, @Nullable NDArray bias) {
        NDManager scratch = small.getManager();
        long channels = basis.getShape().get(0);
        NDArray matrix = basis;
        NDArray shift;
        if (epsilon > 0) {
            // Normalisation cancels the bias.
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

    /** Returns a view that belongs to another manager, which will own what is computed from it. */
    private static NDArray alias(NDArray array, NDManager manager) {
        return array.get(manager, new NDIndex().addAllDim());
    }

    private static NDArray onDevice(NDArray array, NDArray like) {
        return array.toDevice(like.getDevice(), false);
    }
}
