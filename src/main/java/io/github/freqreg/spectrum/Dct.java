package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/**
 * The orthonormal discrete cosine transform over all axes of a tensor: the DCT-II, and the DCT-III
 * that rebuilds the tensor from it.
 *
 * <p>Along an axis of n elements, the basis function of frequency k is
 *
 * <pre>
 * D[i, k] = s_k · cos(π (2i + 1) k / (2n)),   s_0 = √(1/n),  s_k = √(2/n) for k &gt; 0
 * </pre>
 *
 * <p>D is orthonormal: its inverse is its transpose, and the transform preserves the sum of
 * squares. Both directions multiply by D (or its transpose) along each axis, in the order that
 * needs the fewest operations; along an axis of many frequencies they use the engine's real FFT
 * instead, where that is faster. Both accept a <em>box</em>, the lowest {@code K_d} frequencies of
 * each axis d, and compute nothing outside it; the cost depends on the size of the box more than on
 * that of the tensor.
 *
 * <p>The transforms consist of {@code NDArray} operations and are differentiable. They accept
 * float32 and float64; float16 is computed in float32. Safe for concurrent use.
 *
 * @see <a href="https://arxiv.org/abs/2304.07973">Frequency Regularization, section 3</a>
 */
public final class Dct {

    private Dct() {}

    /**
     * Computes all DCT-II coefficients of a tensor.
     *
     * @param spatial a tensor of rank 1 or more
     * @return a new array of the same shape and data type on the same manager
     */
    public static NDArray dct(NDArray spatial) {
        return dct(spatial, spatial.getShape());
    }

    /**
     * Computes the DCT-II coefficients of the lowest frequencies of a tensor.
     *
     * @param spatial a tensor of rank 1 or more
     * @param box the number of lowest frequencies to compute along each axis
     * @return a new array of shape {@code box} on the same manager
     * @throws IllegalArgumentException if the box does not fit the tensor
     */
    public static NDArray dct(NDArray spatial, Shape box) {
        Shape shape = spatial.getShape();
        checkBox(shape, box);
        try (NDManager scratch = spatial.getManager().newSubManager(spatial.getDevice())) {
            NDArray result =
                    dct(
                            scratch,
                            ArrayView.of(spatial, scratch),
                            box,
                            axis -> basis(scratch, spatial, shape.get(axis), box.get(axis)));
            result.attach(spatial.getManager());
            return result;
        }
    }

    /**
     * Rebuilds a tensor from all its coefficients (DCT-III).
     *
     * @param spectrum the DCT-II coefficients of a tensor of rank 1 or more
     * @return a new array of the same shape and data type on the same manager
     */
    public static NDArray idct(NDArray spectrum) {
        return idct(spectrum, spectrum.getShape());
    }

    /**
     * Rebuilds a tensor from the coefficients of its lowest frequencies (DCT-III). All other
     * coefficients are zero.
     *
     * @param spectrum the coefficients of the box at the origin of the spectrum
     * @param shape the shape of the tensor, no extent smaller than that of the box
     * @return a new array of shape {@code shape} on the same manager
     * @throws IllegalArgumentException if the box does not fit the tensor
     */
    public static NDArray idct(NDArray spectrum, Shape shape) {
        Shape box = spectrum.getShape();
        checkBox(shape, box);
        try (NDManager scratch = spectrum.getManager().newSubManager(spectrum.getDevice())) {
            NDArray result =
                    idct(
                            scratch,
                            ArrayView.of(spectrum, scratch),
                            shape,
                            axis -> true,
                            axis -> basis(scratch, spectrum, shape.get(axis), box.get(axis)));
            result.attach(spectrum.getManager());
            return result;
        }
    }

    private static void checkBox(Shape shape, Shape box) {
        if (shape.dimension() < 1 || shape.dimension() != box.dimension()) {
            throw new IllegalArgumentException(
                    "The box of frequencies "
                            + box
                            + " and the tensor "
                            + shape
                            + " must have the same rank, 1 or more");
        }
        for (int axis = 0; axis < shape.dimension(); axis++) {
            if (box.get(axis) < 1 || box.get(axis) > shape.get(axis)) {
                throw new IllegalArgumentException(
                        "Each extent of the box of frequencies "
                                + box
                                + " must be between 1 and that of the tensor "
                                + shape);
            }
        }
    }

    private static NDArray basis(NDManager manager, NDArray like, long n, long frequencies) {
        NDArray basis =
                basis(
                        manager,
                        Math.toIntExact(n),
                        Math.toIntExact(frequencies),
                        like.getDataType());
        return basis.toDevice(like.getDevice(), false);
    }

    /** Returns the data type in which a tensor of the given type is transformed. */
    static DataType computeType(DataType type) {
        return switch (type) {
            case FLOAT64, FLOAT32 -> type;
            case FLOAT16 -> DataType.FLOAT32;
            default ->
                    throw new IllegalArgumentException(
                            "The cosine transform takes float16, float32 or float64, but the data"
                                    + " type is "
                                    + type);
        };
    }

    /** Creates the first {@code frequencies} columns of the basis D of an axis of n elements. */
    static NDArray basis(NDManager manager, int n, int frequencies, DataType type) {
        return table(
                manager, CosineSeries.of(n).basis(frequencies), new Shape(n, frequencies), type);
    }

    /** Creates an array in the type in which tensors of a type are transformed. */
    static NDArray table(NDManager manager, double[] values, Shape shape, DataType type) {
        if (computeType(type) == DataType.FLOAT64) {
            return owned(manager.create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64));
        }
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return owned(manager.create(FloatBuffer.wrap(narrow), shape, DataType.FLOAT32));
    }

    /**
     * Copies an array that was created from Java memory into memory of the engine. Java memory is
     * garbage once the array is closed, even if a gradient graph still refers to it.
     */
    static NDArray owned(NDArray array) {
        try (array) {
            NDArray copy = array.duplicate();
            // A scope of the caller's must not close a table that is used again.
            NDScope.unregister(copy);
            return copy;
        }
    }

    /**
     * Computes the DCT-III along some axes with the given bases. The other axes stay in the
     * frequency domain. {@code spectrum} and the result belong to {@code scratch}.
     */
    static NDArray idct(
            NDManager scratch,
            NDArray spectrum,
            Shape shape,
            IntPredicate axes,
            IntFunction<NDArray> bases) {
        DataType type = spectrum.getDataType();
        List<Integer> order = cheapestOrder(spectrum.getShape(), shape);
        order.removeIf(axis -> !axes.test(axis));
        NDArray own = order.isEmpty() ? copy(spectrum) : spectrum;
        NDArray work = own.toType(computeType(type), false);
        for (int axis : order) {
            long extent = shape.get(axis);
            work =
                    step(
                            scratch,
                            work,
                            (few, array) ->
                                    AxisTransform.rebuild(
                                            few, array, axis, extent, () -> bases.apply(axis)));
        }
        return work.toType(type, false);
    }

    /**
     * Computes the DCT-II with the given bases. {@code spatial} and the result belong to {@code
     * scratch}.
     */
    static NDArray dct(NDManager scratch, NDArray spatial, Shape box, IntFunction<NDArray> bases) {
        DataType type = spatial.getDataType();
        List<Integer> order = cheapestOrder(box, spatial.getShape());
        NDArray own = order.isEmpty() ? copy(spatial) : spatial;
        NDArray work = own.toType(computeType(type), false);
        for (int i = order.size() - 1; i >= 0; i--) {
            int axis = order.get(i);
            long frequencies = box.get(axis);
            work =
                    step(
                            scratch,
                            work,
                            (few, array) ->
                                    AxisTransform.project(
                                            few,
                                            array,
                                            axis,
                                            frequencies,
                                            () -> bases.apply(axis)));
        }
        return work.toType(type, false);
    }

    /** Transforms an axis and frees the array before, and all between. */
    private static NDArray step(
            NDManager scratch, NDArray before, BiFunction<NDManager, NDArray, NDArray> axis) {
        try (before;
                NDManager few = scratch.newSubManager()) {
            NDArray after = axis.apply(few, ArrayView.of(before, few));
            after.attach(scratch);
            return after;
        }
    }

    /**
     * Returns a differentiable copy, the result where no axis has to be multiplied. It adds 0
     * instead of multiplying by 1, because the graph of a product keeps the number, which DJL
     * creates from Java memory, see {@link #owned}.
     */
    private static NDArray copy(NDArray array) {
        return array.add(0);
    }

    /**
     * Returns the axes in the order in which expanding a box to the tensor needs the fewest
     * operations.
     *
     * <p>Expanding axis d multiplies the size by r_d = n_d / K_d and costs size · n_d. Of two
     * neighbours a and b, a goes first if n_a + r_a n_b &lt; n_b + r_b n_a, that is, if 1/K_a -
     * 1/n_a &lt; 1/K_b - 1/n_b. Among equals the last axis goes first, so that the last step is one
     * plain matrix product over axis 0. Axes of one element need no step.
     */
    private static List<Integer> cheapestOrder(Shape box, Shape shape) {
        List<Integer> axes = new ArrayList<>();
        for (int axis = shape.dimension() - 1; axis >= 0; axis--) {
            if (shape.get(axis) > 1) {
                axes.add(axis);
            }
        }
        axes.sort(Comparator.comparingDouble(a -> 1.0 / box.get(a) - 1.0 / shape.get(a)));
        return axes;
    }
}
