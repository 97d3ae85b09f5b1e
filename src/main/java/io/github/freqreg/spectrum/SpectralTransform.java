package io.github.freqreg.spectrum;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Converts between a tensor and its kept coefficients.
 *
 * <p>With {@code c} the kept coefficients in zigzag order and {@code w} the tensor,
 *
 * <pre>
 * rebuild(c) = IDCT(scatter(c))      coefficients that are not kept are zero
 * project(w) = gather(DCT(w))        project(rebuild(c)) = c
 * </pre>
 *
 * <p>A tensor with a {@linkplain TensorStart start} θ₀ and signs s is
 *
 * <pre>
 * rebuild(c) = θ₀ + s ⊙ IDCT(scatter(c))
 * project(w) = gather(DCT(s ⊙ (w - θ₀)))
 * </pre>
 *
 * <p>All are differentiable. The constructor computes the positions of the coefficients in the box,
 * unless they are many, see {@link KeptPositions}. The box is the smallest block of low frequencies
 * that contains all kept coefficients. The start, and the basis of an axis, are computed on their
 * first use. All are cached until {@link #close()}.
 *
 * <p>Calls are safe for concurrent use, except with {@code close}.
 */
public final class SpectralTransform implements AutoCloseable {

    private final ZigzagMask mask;
    private final NDManager tables;

    /** The basis of each axis of more than one element, shared with other transforms. */
    private final Map<Integer, NDArray> bases = new ConcurrentHashMap<>();

    private final DataType type;

    private final Shape own;

    private final @Nullable TensorStart start;

    private @Nullable StartValues startValues;

    private final KeptPositions positions;

    /**
     * Computes the tables for a mask.
     *
     * @param mask the kept set
     * @param manager the parent of the manager that owns the tables
     * @param device the device of the tables, and of every array passed to this transform
     * @param type the data type of the coefficients: float16, float32 or float64
     * @throws IllegalArgumentException for other data types
     */
    public SpectralTransform(ZigzagMask mask, NDManager manager, Device device, DataType type) {
        this(mask, manager, device, type, mask.getShape(), null);
    }

    /**
     * Computes the tables for a tensor.
     *
     * @param axes along which it is transformed, and its start, if it has one
     * @param own the shape of the tensor
     * @param kept the number of coefficients to keep
     * @param manager the parent of the manager that owns the tables
     * @param device the device of the tables, and of every array passed to this transform
     * @param type the data type of the coefficients: float16, float32 or float64
     * @throws IllegalArgumentException for other data types, and if the axes do not fit the shape,
     *     or the kept number is out of range
     */
    public SpectralTransform(
            FrequencyAxes axes,
            Shape own,
            long kept,
            NDManager manager,
            Device device,
            DataType type) {
        this(axes.mask(own, kept), manager, device, type, own, axes.start());
    }

    private SpectralTransform(
            ZigzagMask mask,
            NDManager manager,
            Device device,
            DataType type,
            Shape own,
            @Nullable TensorStart start) {
        this.mask = mask;
        this.type = type;
        this.own = own;
        this.start = start;
        Dct.computeType(type);
        tables = manager.newSubManager(device);
        try {
            positions = new KeptPositions(mask, tables);
        } catch (RuntimeException | OutOfMemoryError e) {
            tables.close();
            throw e;
        }
    }

    /**
     * Returns the kept set.
     *
     * @return the mask
     */
    public ZigzagMask getMask() {
        return mask;
    }

    /**
     * Returns what is added to the inverse transform of the coefficients.
     *
     * @return the start, or nothing if there is none
     */
    public Optional<TensorStart> getStart() {
        return Optional.ofNullable(start);
    }

    private synchronized StartValues startValues(TensorStart of) {
        if (startValues == null) {
            startValues = StartValues.of(of, own, mask.getShape(), tables, type);
        }
        return startValues;
    }

    /**
     * Returns the device of the tables, and of every array passed to this transform.
     *
     * @return the device
     */
    public Device getDevice() {
        return tables.getDevice();
    }

    /**
     * Rebuilds the tensor from its kept coefficients.
     *
     * @param coefficients a vector in zigzag order, at least as long as the kept number; elements
     *     after the kept prefix are ignored and get no gradient
     * @param manager the manager of the result; intermediate arrays are closed
     * @return the tensor
     * @throws IllegalArgumentException if there are fewer coefficients than the mask keeps
     */
    public NDArray rebuild(NDArray coefficients, NDManager manager) {
        if (start == null) {
            return rebuild(coefficients, manager, axis -> true);
        }
        try (NDManager scratch = manager.newSubManager(getDevice())) {
            NDArray change = rebuild(coefficients, scratch, axis -> true);
            NDArray tensor = startValues(start).add(change);
            tensor.attach(manager);
            return tensor;
        }
    }

    /**
     * Rebuilds the tensor, without its start, along some of its axes. The other axes stay in the
     * frequency domain, cut to the box of the mask.
     *
     * @param coefficients as in {@link #rebuild(NDArray, NDManager)}
     * @param manager as in {@link #rebuild(NDArray, NDManager)}
     * @param axes accepts the axes to rebuild
     * @return an array with the extents of the tensor along the rebuilt axes, and those of the box
     *     along the others
     * @throws IllegalArgumentException if there are fewer coefficients than the mask keeps
     */
    public NDArray rebuild(NDArray coefficients, NDManager manager, IntPredicate axes) {
        long given = coefficients.getShape().size();
        if (coefficients.getShape().dimension() != 1 || given < mask.getKept()) {
            throw new IllegalArgumentException(
                    "Expected a vector of at least "
                            + mask.getKept()
                            + " coefficients, but its shape is "
                            + coefficients.getShape());
        }
        try (NDManager scratch = manager.newSubManager(getDevice())) {
            NDArray prefix = coefficients.get(scratch, new NDIndex(":" + mask.getKept()));
            Shape box = mask.getBox();
            NDArray spectrum =
                    scratch.zeros(new Shape(box.size()), coefficients.getDataType())
                            .scatter(positions.forScatter(prefix, scratch), prefix, 0)
                            .reshape(box);
            NDArray tensor = Dct.idct(scratch, spectrum, mask.getShape(), axes, this::basis);
            tensor.attach(manager);
            return tensor;
        }
    }

    /**
     * Returns the cosine basis of an axis of more than one element.
     *
     * @param axis the axis, from 0
     * @param manager the manager of the result, which is a view
     * @return a matrix (extent of the tensor, extent of the box) with orthonormal columns
     * @throws IllegalArgumentException if the axis has one element
     */
    public NDArray basis(int axis, NDManager manager) {
        return ArrayView.of(basis(axis), manager);
    }

    private NDArray basis(int axis) {
        int n = Math.toIntExact(mask.getShape().get(axis));
        if (n == 1) {
            throw new IllegalArgumentException(
                    "Axis " + axis + " of " + mask.getShape() + " has no basis");
        }
        int frequencies = Math.toIntExact(mask.getBox().get(axis));
        return bases.computeIfAbsent(axis, a -> SharedBases.of(tables, n, frequencies, type));
    }

    /**
     * Projects a tensor onto the kept coefficients.
     *
     * @param spatial the tensor, of the mask's shape
     * @param manager the manager of the result; intermediate arrays are closed
     * @return a vector of the kept coefficients in zigzag order
     * @throws IllegalArgumentException if the tensor has another shape
     */
    public NDArray project(NDArray spatial, NDManager manager) {
        if (!spatial.getShape().equals(mask.getShape())) {
            throw new IllegalArgumentException(
                    "Expected a tensor of shape "
                            + mask.getShape()
                            + " but its shape is "
                            + spatial.getShape());
        }
        try (NDManager scratch = manager.newSubManager(getDevice())) {
            NDArray seen = ArrayView.of(spatial, scratch);
            NDArray signal = start == null ? seen : startValues(start).changeOf(seen);
            NDArray spectrum = Dct.dct(scratch, signal, mask.getBox(), this::basis);
            NDArray coefficients = positions.gather(spectrum.flatten(), scratch);
            coefficients.attach(manager);
            return coefficients;
        }
    }

    /**
     * Projects the last axis of an array onto the kept frequencies of one or more axes of the
     * tensor.
     *
     * @param array an array of float32 or float64, as the transform, whose last axis has all
     *     elements of these axes, in row-major order
     * @param axes consecutive axes of the tensor, from 0
     * @param manager the manager of the result; intermediate arrays are closed
     * @return an array whose last axis has the frequencies of the box along these axes
     * @throws IllegalArgumentException if the last axis has another length
     */
    public NDArray projectLast(NDArray array, int[] axes, NDManager manager) {
        return last(
                array,
                axes,
                mask.getShape(),
                manager,
                (scratch, work, at, axis) ->
                        AxisTransform.project(
                                scratch, work, at, mask.getBox().get(axis), () -> basis(axis)));
    }

    /**
     * Rebuilds the last axis of an array from the kept frequencies of one or more axes of the
     * tensor.
     *
     * @param array an array of float32 or float64, as the transform, whose last axis has the
     *     frequencies of the box along these axes, in row-major order
     * @param axes consecutive axes of the tensor, from 0
     * @param manager the manager of the result; intermediate arrays are closed
     * @return an array whose last axis has all elements of these axes
     * @throws IllegalArgumentException if the last axis has another length
     */
    public NDArray rebuildLast(NDArray array, int[] axes, NDManager manager) {
        return last(
                array,
                axes,
                mask.getBox(),
                manager,
                (scratch, work, at, axis) ->
                        AxisTransform.rebuild(
                                scratch, work, at, mask.getShape().get(axis), () -> basis(axis)));
    }

    private NDArray last(
            NDArray array, int[] axes, Shape before, NDManager manager, AxisStep step) {
        Shape given = array.getShape();
        Shape parts = before.slice(axes[0], axes[axes.length - 1] + 1);
        if (given.dimension() < 1 || given.get(given.dimension() - 1) != parts.size()) {
            throw new IllegalArgumentException(
                    "Expected an array whose last axis has "
                            + parts.size()
                            + " elements but its shape is "
                            + given);
        }
        try (NDManager scratch = manager.newSubManager(getDevice())) {
            Shape rows = given.slice(0, given.dimension() - 1);
            Shape split = rows.addAll(parts);
            NDArray work = ArrayView.of(array, scratch).reshape(split);
            for (int i = 0; i < axes.length; i++) {
                if (mask.getShape().get(axes[i]) > 1) {
                    work = step.apply(scratch, work, rows.dimension() + i, axes[i]);
                }
            }
            long last = work.getShape().slice(rows.dimension()).size();
            NDArray result = work.reshape(rows.add(last));
            result.attach(manager);
            return result;
        }
    }

    /**
     * A transform of an array along its axis {@code at}, as of the tensor along its {@code axis}.
     */
    private interface AxisStep {

        NDArray apply(NDManager scratch, NDArray array, int at, int axis);
    }

    /** Frees the tables. */
    @Override
    public void close() {
        tables.close();
    }
}
