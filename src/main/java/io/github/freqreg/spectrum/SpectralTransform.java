package io.github.freqreg.spectrum;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.IntPredicate;

/**
 * The way from the kept coefficients of one tensor to the tensor and back, with its tables made
 * once.
 *
 * <p>With {@code c} the kept coefficients in zigzag order,
 *
 * <pre>
 * rebuild(c) = IDCT(scatter(c))      the tensor; frequencies that are not kept are zero
 * project(w) = gather(DCT(w))        the kept coefficients; project(rebuild(c)) = c
 * </pre>
 *
 * <p>Both are inside the gradient's graph. The tables, a basis for each axis and the places of the
 * coefficients in their box, live until {@link #close()}. Where more than {@value #CACHED_PLACES}
 * coefficients are kept, the places are walked anew on each call, which takes about as long as
 * reading them, so that no index of the tensor's size is held.
 *
 * <p>Calls are safe for concurrent use; {@code close} is not, against calls.
 */
public final class SpectralTransform implements AutoCloseable {

    private static final int CACHED_PLACES = 1 << 20;

    private final ZigzagMask mask;
    private final NDManager tables;
    private final NDArray[] bases;
    private final NDArray places;

    /**
     * Makes the tables for a mask.
     *
     * @param mask the kept set
     * @param manager the tables are kept under it
     * @param device where the tables are, and every array given to this transform
     * @param type the data type of the coefficients: float16, float32 or float64
     * @throws IllegalArgumentException if the data type is another one
     */
    public SpectralTransform(ZigzagMask mask, NDManager manager, Device device, DataType type) {
        this.mask = mask;
        Dct.computeType(type);
        tables = manager.newSubManager(device);
        int rank = mask.getShape().dimension();
        bases = new NDArray[rank];
        for (int axis = 0; axis < rank; axis++) {
            int n = Math.toIntExact(mask.getShape().get(axis));
            if (n > 1) {
                int frequencies = Math.toIntExact(mask.getBox().get(axis));
                bases[axis] = Dct.basis(tables, n, frequencies, type);
            }
        }
        places =
                mask.getKept() <= CACHED_PLACES ? Dct.owned(tables.create(mask.positions())) : null;
    }

    /**
     * Returns the kept set that this transform was made for.
     *
     * @return the mask
     */
    public ZigzagMask getMask() {
        return mask;
    }

    /**
     * Returns the device of the tables, which is the one of every array given to this transform.
     *
     * @return the device
     */
    public Device getDevice() {
        return tables.getDevice();
    }

    /**
     * Rebuilds the tensor from its coefficients.
     *
     * @param coefficients a vector in zigzag order of at least the kept number of elements; what
     *     lies behind the kept prefix is not used, and gets no gradient
     * @param manager the manager of the result and of nothing else that stays
     * @return the tensor
     * @throws IllegalArgumentException if there are fewer coefficients than the mask keeps
     */
    public NDArray rebuild(NDArray coefficients, NDManager manager) {
        return rebuild(coefficients, manager, axis -> true);
    }

    /**
     * Rebuilds the tensor along some of its axes; the others stay in the frequency domain, as many
     * frequencies as the mask's box has.
     *
     * @param coefficients as in {@link #rebuild(NDArray, NDManager)}
     * @param manager as in {@link #rebuild(NDArray, NDManager)}
     * @param axes which axes are rebuilt
     * @return the tensor along these axes, the box along the others
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
                            .scatter(places(scratch), prefix, 0)
                            .reshape(box);
            NDArray tensor =
                    Dct.inverse(
                            scratch,
                            spectrum,
                            mask.getShape(),
                            axis -> axes.test(axis) ? bases[axis] : null);
            tensor.attach(manager);
            return tensor;
        }
    }

    /**
     * Returns the cosines of an axis of more than one element.
     *
     * @param axis the axis, from 0
     * @param manager the manager of the result, which is a view
     * @return a matrix (extent, frequencies of the box) with orthonormal columns
     */
    public NDArray basis(int axis, NDManager manager) {
        return Dct.alias(bases[axis], manager);
    }

    /**
     * Projects a tensor onto the kept coefficients.
     *
     * @param spatial the tensor, of the mask's shape
     * @param manager the manager of the result and of nothing else that stays
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
            NDArray spectrum =
                    Dct.forward(
                            scratch,
                            Dct.alias(spatial, scratch),
                            mask.getBox(),
                            axis -> bases[axis]);
            NDArray coefficients = spectrum.flatten().gather(places(scratch), 0);
            coefficients.attach(manager);
            return coefficients;
        }
    }

    private NDArray places(NDManager scratch) {
        return places != null ? places : Dct.owned(scratch.create(mask.positions()));
    }

    /** Frees the tables. */
    @Override
    public void close() {
        tables.close();
    }
}
