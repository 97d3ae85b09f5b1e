package io.github.freqreg.file;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.block.NetworkTensor;

/** Reads the elements of tensors that are not wrapped. */
final class TensorElements {

    private TensorElements() {}

    /**
     * Returns the elements of a tensor that is not wrapped.
     *
     * @throws IllegalArgumentException if they are not floating point numbers
     */
    static float[] of(NetworkTensor tensor) {
        NDArray array = tensor.parameter().getArray();
        if (!array.getDataType().isFloating()) {
            throw new IllegalArgumentException(
                    "A .frq file stores floating point numbers but parameter "
                            + tensor.name()
                            + " is "
                            + array.getDataType());
        }
        try (NDArray detached = array.stopGradient();
                NDArray floats = detached.toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }
}
