package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Transposed convolution, computed as a sub-pixel convolution.
 *
 * <p>Along one axis, with stride s, dilation d, a kernel w of k taps and input x, the full output
 * is
 *
 * <pre>
 * y[n] = Σ_i x[i] · v[n - s·i],   v[d·j] = w[j], 0 elsewhere
 * </pre>
 *
 * <p>With n = s·q + r and v zero-padded to s·T taps, y[s·q + r] = Σ_t x[q - t] · v[s·t + r]. For
 * each phase r this is an ordinary convolution with T = ⌈(d·(k - 1) + 1) / s⌉ taps. One convolution
 * with s times as many output channels computes all phases, which are then interleaved. Finally
 * {@code padding} elements are cut from the start, and the end is cut to the output extent.
 *
 * <p>Apart from the padded taps, the number of operations is that of a transposed convolution. The
 * computation is differentiable.
 */
final class SubPixel {

    private SubPixel() {}

    /**
     * Computes the transposed convolution.
     *
     * @param input (batch, channels, spatial…)
     * @param weight (channels, filters / groups, kernel…), as in PyTorch
     * @param bias (filters), or null for a layer without bias
     * @param output the spatial extents of the output
     */
    static NDArray transposed(
            NDArray input,
            NDArray weight,
            @Nullable NDArray bias,
            Shape stride,
            Shape padding,
            Shape dilation,
            int groups,
            long[] output) {
        int axes = output.length;
        NDManager manager = input.getManager();
        try (NDManager scratch = manager.newSubManager()) {
            NDArray kernel = ArrayView.of(weight, scratch);
            long[] taps = new long[axes];
            long[] inset = new long[axes];
            for (int axis = 0; axis < axes; axis++) {
                kernel = dilate(kernel, 2 + axis, dilation.get(axis));
                long reach = kernel.getShape().get(2 + axis);
                taps[axis] = (reach + stride.get(axis) - 1) / stride.get(axis);
                inset[axis] = taps[axis] - 1;
                kernel = fill(kernel, 2 + axis, taps[axis] * stride.get(axis) - reach);
            }
            kernel = phases(kernel, stride, taps, groups);
            NDArray fine =
                    input.getNDArrayInternal()
                            .convolution(
                                    ArrayView.of(input, scratch),
                                    kernel,
                                    null,
                                    ones(axes),
                                    new Shape(inset),
                                    ones(axes),
                                    groups)
                            .singletonOrThrow();
            fine.attach(scratch);
            NDArray result = interleave(fine, stride);
            for (int axis = 0; axis < axes; axis++) {
                result = cut(result, 2 + axis, padding.get(axis), output[axis]);
            }
            if (bias != null) {
                long[] wide = new long[2 + axes];
                Arrays.fill(wide, 1);
                wide[1] = bias.getShape().get(0);
                NDArray shift = ArrayView.of(bias, scratch);
                result = result.add(shift.reshape(new Shape(wide)));
            }
            result.attach(manager);
            return result;
        }
    }

    private static Shape ones(int axes) {
        return new Shape(IntStream.range(0, axes).mapToLong(i -> 1).toArray());
    }

    /** Inserts d - 1 zeros between the taps. */
    private static NDArray dilate(NDArray kernel, int axis, long dilation) {
        if (dilation == 1) {
            return kernel;
        }
        Shape shape = kernel.getShape();
        Shape apart = shape.slice(0, axis + 1).add(1).addAll(shape.slice(axis + 1));
        NDArray spread = fill(kernel.reshape(apart), axis + 1, dilation - 1);
        long[] extents = shape.getShape().clone();
        extents[axis] *= dilation;
        NDArray dilated = spread.reshape(new Shape(extents));
        return cut(dilated, axis, 0, extents[axis] - dilation + 1);
    }

    /** Appends zeros along an axis. */
    private static NDArray fill(NDArray array, int axis, long count) {
        if (count <= 0) {
            return array;
        }
        long[] extents = array.getShape().getShape().clone();
        extents[axis] = count;
        NDArray zeros = array.getManager().zeros(new Shape(extents), array.getDataType());
        return NDArrays.concat(new NDList(array, zeros.toDevice(array.getDevice(), false)), axis);
    }

    /** Returns a slice along an axis, zero-padded if it extends beyond the end. */
    private static NDArray cut(NDArray array, int axis, long from, long count) {
        NDArray filled = fill(array, axis, from + count - array.getShape().get(axis));
        if (from == 0 && filled.getShape().get(axis) == count) {
            return filled;
        }
        NDIndex index = new NDIndex();
        for (int before = 0; before < axis; before++) {
            index.addAllDim();
        }
        return filled.get(index.addSliceDim(from, from + count));
    }

    /**
     * Turns phases into filters: (channels, filters / groups, T·s…) to (filters · s…, channels /
     * groups, T…). The taps are reversed, because a convolution layer computes a correlation.
     */
    private static NDArray phases(NDArray kernel, Shape stride, long[] taps, int groups) {
        int axes = taps.length;
        long channels = kernel.getShape().get(0) / groups;
        long filters = kernel.getShape().get(1);
        Shape split = new Shape(groups, channels, filters);
        // Axes: 0 group, 1 channel, 2 filter, then T and s alternately.
        int[] order = new int[3 + 2 * axes];
        order[1] = 2;
        order[2 + axes] = 1;
        int[] reversed = new int[axes];
        Shape grouped = new Shape(channels);
        for (int axis = 0; axis < axes; axis++) {
            split = split.add(taps[axis]).add(stride.get(axis));
            order[2 + axis] = 4 + 2 * axis;
            order[3 + axes + axis] = 3 + 2 * axis;
            reversed[axis] = 2 + axis;
            grouped = grouped.add(taps[axis]);
            filters *= stride.get(axis);
        }
        return kernel.reshape(split)
                .transpose(order)
                .reshape(new Shape(groups * filters).addAll(grouped))
                .flip(reversed);
    }

    /** Interleaves the phases: (batch, filters · s…, q…) to (batch, filters, q·s…). */
    private static NDArray interleave(NDArray fine, Shape stride) {
        int axes = stride.dimension();
        Shape shape = fine.getShape();
        long filters = shape.get(1) / stride.size();
        Shape split = new Shape(shape.get(0), filters).addAll(stride).addAll(shape.slice(2));
        int[] order = new int[2 + 2 * axes];
        order[1] = 1;
        Shape interleaved = new Shape(shape.get(0), filters);
        for (int axis = 0; axis < axes; axis++) {
            order[2 + 2 * axis] = 2 + axes + axis;
            order[3 + 2 * axis] = 2 + axis;
            interleaved = interleaved.add(shape.get(2 + axis) * stride.get(axis));
        }
        return fine.reshape(split).transpose(order).reshape(interleaved);
    }
}
