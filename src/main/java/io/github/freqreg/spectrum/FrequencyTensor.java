package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/**
 * A tensor held as its kept coefficients: what a file stores and a network is rebuilt from.
 *
 * <p>{@code w = IDCT(c)} with {@code c} zero outside of the mask. It holds the array, not a copy,
 * which is not to be changed. Independent of any engine until {@link #toSpatial(NDManager)}.
 *
 * @param mask the shape of the tensor and the kept set
 * @param coefficients the kept coefficients in zigzag order, orthonormal DCT-II
 */
public record FrequencyTensor(ZigzagMask mask, float[] coefficients) {

    /**
     * Checks that the coefficients are as many as the mask keeps.
     *
     * @param mask the shape and the kept set
     * @param coefficients the kept coefficients
     * @throws IllegalArgumentException if they are not
     */
    public FrequencyTensor {
        if (coefficients.length != mask.getKept()) {
            throw new IllegalArgumentException(
                    "The mask keeps "
                            + mask.getKept()
                            + " coefficients but "
                            + coefficients.length
                            + " are given");
        }
    }

    /**
     * Projects a tensor onto its first coefficients.
     *
     * @param spatial a tensor of rank 1 or more, float16, float32 or float64
     * @param kept how many coefficients to keep, from 1 to its number of elements
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
                    mask, coefficients.toType(DataType.FLOAT32, false).toFloatArray());
        }
    }

    /**
     * Rebuilds the tensor.
     *
     * @param manager the manager of the result
     * @return the tensor, float32
     */
    public NDArray toSpatial(NDManager manager) {
        try (SpectralTransform transform =
                        new SpectralTransform(
                                mask, manager, manager.getDevice(), DataType.FLOAT32);
                NDArray vector = manager.create(coefficients)) {
            return transform.rebuild(vector, manager);
        }
    }
}
