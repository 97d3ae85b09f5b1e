package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * Cosine transforms along one axis of an array, by a product with the basis or by the FFT,
 * whichever is expected to be faster. Arrays and results belong to the manager {@code scratch}. The
 * basis is asked for only where it is used.
 */
final class AxisTransform {

    /** How many elements are transformed by the FFT at once. */
    private static final long AT_ONCE = 1 << 18;

    private AxisTransform() {}

    /** Rebuilds the elements of an axis from its lowest frequencies. */
    static NDArray rebuild(
            NDManager scratch, NDArray box, int axis, long extent, Supplier<NDArray> basis) {
        return usesFourier(box.getShape(), axis, extent)
                ? fourier(scratch, padded(box, axis, extent), axis, false)
                : multiply(box, axis, ArrayView.of(basis.get(), scratch));
    }

    /** Computes the lowest frequencies of an axis. */
    static NDArray project(
            NDManager scratch, NDArray array, int axis, long frequencies, Supplier<NDArray> basis) {
        long[] box = array.getShape().getShape().clone();
        box[axis] = frequencies;
        return usesFourier(new Shape(box), axis, array.getShape().get(axis))
                ? cut(fourier(scratch, array, axis, true), axis, frequencies)
                : multiply(array, axis, ArrayView.of(basis.get(), scratch).transpose());
    }

    /**
     * Returns whether an axis is transformed by the FFT instead of a product with its basis.
     *
     * @param box the shape of the frequencies
     * @param axis the axis
     * @param extent the elements of the axis
     */
    private static boolean usesFourier(Shape box, int axis, long extent) {
        double lines = (double) box.size() / box.get(axis);
        return TransformCost.prefersFourier(lines * extent, box.get(axis));
    }

    /** Extends an axis by zeros. */
    private static NDArray padded(NDArray array, int axis, long extent) {
        long[] missing = array.getShape().getShape().clone();
        missing[axis] = extent - missing[axis];
        if (missing[axis] == 0) {
            return array;
        }
        NDManager manager = array.getManager();
        return array.concat(manager.zeros(new Shape(missing), array.getDataType()), axis);
    }

    /**
     * Transforms an axis by the FFT, a few lines at a time, so that intermediate arrays take little
     * memory.
     */
    private static NDArray fourier(NDManager scratch, NDArray array, int axis, boolean forward) {
        Shape shape = array.getShape();
        long before = shape.slice(0, axis).size();
        long extent = shape.get(axis);
        long after = shape.slice(axis + 1).size();
        NDArray lines = array.reshape(before, extent, after);
        FourierCosine fourier = new FourierCosine(Math.toIntExact(extent), array.getDataType());
        int split = before >= after ? 0 : 2;
        long all = lines.getShape().get(split);
        long count = Math.min(all, 1 + array.size() / AT_ONCE);
        long[] begins = LongStream.range(1, count).map(part -> all * part / count).toArray();
        // The gradient of a split is one array; each slice would have a gradient of full size.
        try (NDList few = count == 1 ? new NDList(lines) : lines.split(begins, split);
                Parts transformed = new Parts(scratch, lines, split)) {
            for (NDArray some : few) {
                try (NDManager inner = scratch.newSubManager()) {
                    some.attach(inner);
                    transformed.add(forward ? fourier.forward(some) : fourier.inverse(some));
                }
            }
            return transformed.join().reshape(shape);
        }
    }

    /** Returns the lowest frequencies of an axis. */
    private static NDArray cut(NDArray array, int axis, long frequencies) {
        if (array.getShape().get(axis) == frequencies) {
            return array;
        }
        NDIndex index = new NDIndex();
        for (int i = 0; i < axis; i++) {
            index.addAllDim();
        }
        return array.get(index.addSliceDim(0, frequencies));
    }

    /** Multiplies an array by a matrix (to, from) along an axis of {@code from} elements. */
    private static NDArray multiply(NDArray array, int axis, NDArray matrix) {
        Shape shape = array.getShape();
        long before = shape.slice(0, axis).size();
        long extent = shape.get(axis);
        long after = shape.slice(axis + 1).size();
        NDArray product;
        if (after == 1) {
            product = array.reshape(before, extent).matMul(matrix.transpose());
        } else if (before == 1) {
            product = matrix.matMul(array.reshape(extent, after));
        } else {
            product = matrix.matMul(array.reshape(before, extent, after));
        }
        long[] result = shape.getShape().clone();
        result[axis] = matrix.getShape().get(0);
        return product.reshape(new Shape(result));
    }
}
