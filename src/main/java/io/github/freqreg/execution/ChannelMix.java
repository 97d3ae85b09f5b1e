package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.Arrays;

/**
 * Products of a convolution's channels with a cosine basis (n, K) of n channels and K frequencies.
 *
 * @param layout where the layer has its channels
 * @param groups the number of groups that the channels are divided into
 */
record ChannelMix(ChannelLayout layout, long groups) {

    /**
     * Projects channels onto frequencies, n → K in each group.
     *
     * @param image of the layer's input
     * @param basis of a group's channels, or, of a transposed convolution, of all channels
     */
    NDArray project(NDArray image, NDArray basis) {
        long rows = basis.getShape().get(0);
        if (layout == ChannelLayout.TRANSPOSED) {
            NDArray matrix = basis.reshape(groups, rows / groups, basis.getShape().get(1));
            return multiply(matrix.swapAxes(1, 2), image, rows / groups);
        }
        return multiply(basis.transpose(), image, rows);
    }

    /**
     * Expands frequencies to channels, K → n in each group.
     *
     * @param image of the layer's output
     * @param basis of a group's channels, or, of a convolution, of all channels
     */
    NDArray expand(NDArray image, NDArray basis) {
        long frequencies = basis.getShape().get(1);
        NDArray matrix =
                layout == ChannelLayout.CONVOLUTION
                        ? basis.reshape(groups, basis.getShape().get(0) / groups, frequencies)
                        : basis;
        return multiply(matrix, image, frequencies);
    }

    private NDArray multiply(NDArray matrix, NDArray image, long from) {
        Shape shape = image.getShape();
        Shape places = shape.slice(2);
        NDArray mixed =
                matrix.matMul(
                        groups == 1
                                ? image.reshape(shape.get(0), from, places.size())
                                : image.reshape(shape.get(0), groups, from, places.size()));
        long channels = mixed.getShape().size() / shape.get(0) / places.size();
        return mixed.reshape(new Shape(shape.get(0), channels).addAll(places));
    }

    /** Repeats a core of one group along its first axis, once for each group. */
    NDArray tile(NDArray core) {
        if (groups == 1) {
            return core;
        }
        Shape shape = core.getShape();
        return core.expandDims(0)
                .broadcast(new Shape(groups).addAll(shape))
                .reshape(new Shape(groups * shape.get(0)).addAll(shape.slice(1)));
    }

    /** Views a bias so that it is added along the channels of an image. */
    NDArray alongChannels(NDArray bias, NDManager scratch, Shape image) {
        NDArray view = ArrayView.of(bias, scratch);
        if (layout == ChannelLayout.LINEAR) {
            return view;
        }
        long[] extents = new long[image.dimension()];
        Arrays.fill(extents, 1);
        extents[1] = bias.size();
        return view.reshape(new Shape(extents));
    }
}
