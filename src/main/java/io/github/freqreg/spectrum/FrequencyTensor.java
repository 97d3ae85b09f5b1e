package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * A tensor, represented by its kept coefficients in Java memory.
 *
 * <p>The tensor is {@code w = IDCT(c)}, with {@code c} zero outside the mask, and {@code θ₀ + s ⊙
 * IDCT(c)} if the axes have a {@linkplain TensorStart start}. Only {@link #rebuild(NDManager)} and
 * {@link #of(NDArray, long)} use an engine.
 *
 * @param axes along which the tensor is transformed, with its start, if it has one
 * @param shape of the tensor
 * @param coefficients the kept coefficients of the orthonormal DCT-II in zigzag order; the array is
 *     not copied and must not be changed
 */
public record FrequencyTensor(FrequencyAxes axes, Shape shape, float[] coefficients) {

    private static final int MAX_KEPT = 1 << 24;

    /**
     * Checks the axes and the number of coefficients.
     *
     * @param axes along which the tensor is transformed
     * @param shape of the tensor
     * @param coefficients the kept coefficients
     * @throws IllegalArgumentException if the axes do not fit the shape, or there are no
     *     coefficients or more than elements
     */
    public FrequencyTensor {
        axes.mask(shape, coefficients.length);
    }

    /**
     * Returns the kept set.
     *
     * @return the mask
     */
    public ZigzagMask mask() {
        return axes.mask(shape, coefficients.length);
    }

    /**
     * Projects a tensor onto its first coefficients in zigzag order.
     *
     * @param spatial a tensor of rank 1 or more, float16, float32 or float64
     * @param kept the number of coefficients to keep, from 1 to the number of elements
     * @return the frequency tensor
     */
    public static FrequencyTensor of(NDArray spatial, long kept) {
        ZigzagMask mask = ZigzagMask.of(spatial.getShape(), kept);
        try (NDManager scratch = spatial.getManager().newSubManager();
                SpectralTransform transform =
                        new SpectralTransform(
                                mask, scratch, spatial.getDevice(), spatial.getDataType())) {
            NDArray coefficients = transform.project(spatial, scratch);
            return new FrequencyTensor(
                    FrequencyAxes.OWN,
                    spatial.getShape(),
                    coefficients.toType(DataType.FLOAT32, false).toFloatArray());
        }
    }

    /**
     * Converts a sparse spectrum. The mask keeps the shortest zigzag prefix that contains all given
     * coefficients; the others in the prefix are zero.
     *
     * @param shape the shape of the tensor
     * @param positions the row-major positions of the given coefficients, ascending
     * @param values the coefficient at each position
     * @return the frequency tensor
     * @throws IllegalArgumentException if a position is outside the shape, or not among the first
     *     2^24 coefficients of the zigzag order
     */
    public static FrequencyTensor ofSpectrum(Shape shape, long[] positions, float[] values) {
        ZigzagOrder order = ZigzagOrder.of(shape);
        int rank = shape.dimension();
        ZigzagOrder.Walk walk = order.walk();
        float[] found = new float[Math.max(1, positions.length)];
        int left = positions.length;
        int kept = 0;
        for (; left > 0; kept++, walk.next()) {
            if (kept == Math.min(order.size(), MAX_KEPT)) {
                throw new IllegalArgumentException(
                        left
                                + " coefficients of the tensor of shape "
                                + shape
                                + " are not among the first "
                                + kept);
            }
            long position = 0;
            for (int axis = 0; axis < rank; axis++) {
                position = position * shape.get(axis) + walk.coordinate[axis];
            }
            int at = Arrays.binarySearch(positions, position);
            if (kept == found.length) {
                found = Arrays.copyOf(found, 2 * found.length);
            }
            if (at >= 0) {
                found[kept] = values[at];
                left--;
            }
        }
        return new FrequencyTensor(
                FrequencyAxes.OWN, shape, Arrays.copyOf(found, Math.max(1, kept)));
    }

    /**
     * Rebuilds the tensor.
     *
     * @param manager the manager of the result
     * @return the tensor in its own shape, float32
     */
    public NDArray rebuild(NDManager manager) {
        try (SpectralTransform transform =
                        new SpectralTransform(
                                axes,
                                shape,
                                coefficients.length,
                                manager,
                                manager.getDevice(),
                                DataType.FLOAT32);
                NDArray vector = manager.create(coefficients);
                NDArray rebuilt = transform.rebuild(vector, manager)) {
            return rebuilt.reshape(shape);
        }
    }
}
