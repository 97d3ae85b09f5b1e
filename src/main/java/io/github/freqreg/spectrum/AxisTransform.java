package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.function.IntFunction;

/**
 * Cosine transforms along one axis of an array, by a product with the basis or by the FFT,
 * whichever is expected to be faster. Arrays and results belong to the manager {@code scratch}.
 */
final class AxisTransform {

    /** How many elements are transformed by the FFT at once. */
    private static final long AT_ONCE = 1 << 18;

    private AxisTransform() {}

    /** Rebuilds the elements of an axis from its lowest frequencies. */
    static NDArray rebuild(
            NDManager scratch, NDArray box, int axis, long extent, IntFunction<NDArray> bases) {
        return usesFourier(box.getShape(), axis, extent)
                ? fourier(scratch, padded(box, axis, extent), axis, false)
                : multiply(box, axis, Dct.alias(bases.apply(axis), scratch));
    }

    /** Computes the lowest frequencies of an axis. */
    static NDArray project(
            NDManager scratch,
            NDArray array,
            int axis,
            long frequencies,
            IntFunction<NDArray> bases) {
        long[] box = array.getShape().getShape().clone();
        box[axis] = frequencies;
        return usesFourier(new Shape(box), axis, array.getShape().get(axis))
                ? cut(fourier(scratch, array, axis, true), axis, frequencies)
                : multiply(array, axis, Dct.alias(bases.apply(axis), scratch).transpose());
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
        long parts = Math.min(Math.max(before, after), 1 + array.size() / AT_ONCE);
        long all = lines.getShape().get(split);
        try (Parts transformed = new Parts(scratch, lines, split)) {
            for (long part = 0; part < parts; part++) {
                String range = all * part / parts + ":" + all * (part + 1) / parts;
                NDIndex index = new NDIndex(split == 0 ? range : ":,:," + range);
                try (NDManager few = scratch.newSubManager()) {
                    NDArray some = lines.get(few, index);
                    transformed.add(index, forward ? fourier.forward(some) : fourier.inverse(some));
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
