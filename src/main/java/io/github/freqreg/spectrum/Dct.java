package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The orthonormal discrete cosine transform over all axes of a tensor: DCT-II forward, DCT-III
 * inverse.
 *
 * <p>Along an axis of n elements the basis of frequency k is
 *
 * <pre>
 * D[i, k] = s_k · cos(π (2i + 1) k / (2n)),   s_0 = √(1/n),  s_k = √(2/n) for k &gt; 0
 * </pre>
 *
 * <p>D is orthonormal, so the inverse is its transpose and the sum of squares is kept. Both
 * transforms are a product with D along each axis, done in the order that takes the fewest
 * operations, and both know of a <em>box</em>: only the lowest {@code K_d} frequencies of axis d
 * are given or asked for. The work follows the box, not the tensor.
 *
 * <p>The transforms are ordinary {@code NDArray} operations, inside the gradient's graph. They take
 * float32 and float64; float16 is computed in float32. Safe for concurrent use.
 *
 * @see <a href="https://arxiv.org/abs/2304.07973">Frequency Regularization, section 3</a>
 */
public final class Dct {

    private Dct() {}

    /**
     * Transforms a tensor into its frequencies (DCT-II).
     *
     * @param spatial a tensor of rank 1 or more
     * @return a new array of the same shape and data type on the same manager
     */
    public static NDArray dct(NDArray spatial) {
        return dct(spatial, spatial.getShape());
    }

    /**
     * Transforms a tensor into its lowest frequencies (DCT-II, cut to a box).
     *
     * @param spatial a tensor of rank 1 or more
     * @param box how many of the lowest frequencies to compute along each axis
     * @return a new array of shape {@code box} on the same manager
     * @throws IllegalArgumentException if the box does not fit the tensor
     */
    public static NDArray dct(NDArray spatial, Shape box) {
        Shape shape = spatial.getShape();
        checkBox(shape, box);
        try (NDManager scratch = spatial.getManager().newSubManager()) {
            NDArray result =
                    forward(
                            scratch,
                            alias(spatial, scratch),
                            box,
                            axis -> basis(scratch, spatial, shape.get(axis), box.get(axis)));
            result.attach(spatial.getManager());
            return result;
        }
    }

    /**
     * Transforms frequencies back into the tensor (DCT-III, the inverse of the DCT-II).
     *
     * @param spectrum the coefficients of a tensor of rank 1 or more
     * @return a new array of the same shape and data type on the same manager
     */
    public static NDArray idct(NDArray spectrum) {
        return idct(spectrum, spectrum.getShape());
    }

    /**
     * Transforms the lowest frequencies back into the tensor; the others are zero.
     *
     * @param spectrum the lowest coefficients, a box at the origin of the tensor's spectrum
     * @param shape the tensor's shape, no extent below the box's
     * @return a new array of shape {@code shape} on the same manager
     * @throws IllegalArgumentException if the box does not fit the tensor
     */
    public static NDArray idct(NDArray spectrum, Shape shape) {
        Shape box = spectrum.getShape();
        checkBox(shape, box);
        try (NDManager scratch = spectrum.getManager().newSubManager()) {
            NDArray result =
                    inverse(
                            scratch,
                            alias(spectrum, scratch),
                            shape,
                            axis -> basis(scratch, spectrum, shape.get(axis), box.get(axis)));
            result.attach(spectrum.getManager());
            return result;
        }
    }

    /**
     * A view of an array that belongs to another manager. An operation's result belongs to its
     * receiver's manager, so products of long-lived arrays are taken from their aliases.
     */
    static NDArray alias(NDArray array, NDManager manager) {
        return array.get(manager, new NDIndex().addAllDim());
    }

    private static void checkBox(Shape shape, Shape box) {
        boolean fits = shape.dimension() >= 1 && shape.dimension() == box.dimension();
        for (int axis = 0; fits && axis < shape.dimension(); axis++) {
            fits = box.get(axis) >= 1 && box.get(axis) <= shape.get(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "A box of frequencies needs the rank of its tensor, 1 or more, and extents of 1"
                            + " to the tensor's, but the box is "
                            + box
                            + " and the tensor "
                            + shape);
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
        switch (type) {
            case FLOAT64:
            case FLOAT32:
                return type;
            case FLOAT16:
                return DataType.FLOAT32;
            default:
                throw new IllegalArgumentException(
                        "The cosine transform takes float16, float32 or float64, but the data type"
                                + " is "
                                + type);
        }
    }

    /** Makes the first {@code frequencies} columns of the basis D of an axis of n elements. */
    static NDArray basis(NDManager manager, int n, int frequencies, DataType type) {
        // The angle is a multiple of π / 2n, so one period of the cosine has 4n entries.
        double[] cosine = new double[4 * n];
        for (int i = 0; i < cosine.length; i++) {
            cosine[i] = Math.cos(Math.PI * i / (2.0 * n)) * Math.sqrt(2.0 / n);
        }
        double[] values = new double[Math.multiplyExact(n, frequencies)];
        for (int i = 0, at = 0; i < n; i++) {
            values[at++] = Math.sqrt(1.0 / n);
            for (int k = 1; k < frequencies; k++) {
                values[at++] = cosine[(int) ((2L * i + 1) * k % (4L * n))];
            }
        }
        Shape shape = new Shape(n, frequencies);
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
     * The engine's own copy of an array made from Java's memory, which the collector frees once the
     * array is closed, though a graph may still hold it.
     */
    static NDArray owned(NDArray array) {
        try (array) {
            return array.duplicate();
        }
    }

    /**
     * The DCT-III with given bases; {@code spectrum} and the result belong to {@code scratch}. An
     * axis whose basis is null stays in the frequency domain.
     */
    static NDArray inverse(
            NDManager scratch, NDArray spectrum, Shape shape, IntFunction<NDArray> bases) {
        DataType type = spectrum.getDataType();
        List<Integer> order = cheapestOrder(spectrum.getShape(), shape);
        order.removeIf(axis -> bases.apply(axis) == null);
        NDArray own = order.isEmpty() ? own(spectrum) : spectrum;
        NDArray work = own.toType(computeType(type), false);
        for (int axis : order) {
            work = multiplyAxis(scratch, work, axis, bases.apply(axis), false);
        }
        return work.toType(type, false);
    }

    /** The DCT-II with given bases; {@code spatial} and the result belong to {@code scratch}. */
    static NDArray forward(
            NDManager scratch, NDArray spatial, Shape box, IntFunction<NDArray> bases) {
        DataType type = spatial.getDataType();
        List<Integer> order = cheapestOrder(box, spatial.getShape());
        NDArray own = order.isEmpty() ? own(spatial) : spatial;
        NDArray work = own.toType(computeType(type), false);
        for (int i = order.size() - 1; i >= 0; i--) {
            int axis = order.get(i);
            work = multiplyAxis(scratch, work, axis, bases.apply(axis), true);
        }
        return work.toType(type, false);
    }

    /**
     * An array of its own, in the graph, where there is no axis to multiply. Of a product the graph
     * would hold the number, which DJL makes from Java's memory, see {@link #owned}; of a sum it
     * holds nothing.
     */
    private static NDArray own(NDArray array) {
        return array.add(0);
    }

    /**
     * The order of the axes that takes the fewest operations from box to tensor.
     *
     * <p>Expanding axis d multiplies the size by r_d = n_d / K_d and costs size · n_d. Swapping two
     * neighbours a, b shows that a goes first if n_a + r_a n_b &lt; n_b + r_b n_a, that is, if
     * 1/K_a - 1/n_a &lt; 1/K_b - 1/n_b. Among equals the last axis goes first: the last step is
     * then one plain matrix product over axis 0. Axes of one element need no step.
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

    /** Multiplies along one axis with a basis (n × K), K → n, or with its transpose, n → K. */
    private static NDArray multiplyAxis(
            NDManager scratch, NDArray array, int axis, NDArray basis, boolean transposed) {
        Shape shape = array.getShape();
        long before = shape.slice(0, axis).size();
        long extent = shape.get(axis);
        long after = shape.slice(axis + 1).size();
        NDArray alias = alias(basis, scratch);
        NDArray left = transposed ? alias.transpose() : alias;
        NDArray product;
        if (after == 1) {
            product = array.reshape(before, extent).matMul(left.transpose());
        } else if (before == 1) {
            product = left.matMul(array.reshape(extent, after));
        } else {
            product = left.matMul(array.reshape(before, extent, after));
        }
        long[] result = shape.getShape().clone();
        result[axis] = left.getShape().get(0);
        return product.reshape(new Shape(result));
    }
}
