package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Convolution;
import io.github.freqreg.spectrum.TensorStart;

/**
 * What a convolution with an {@linkplain TensorStart.Identity identity} for its weight computes:
 * its input, once or twice.
 */
final class IdentityMaps {

    private IdentityMaps() {}

    /**
     * Returns whether the maps are those of the input: whether a convolution without groups has
     * stride 1, and outputs of the size of its inputs.
     */
    static boolean fit(Convolution convolution) {
        Shape kernel = convolution.getKernelShape();
        for (int axis = 0; axis < kernel.dimension(); axis++) {
            long reach = convolution.getDilation().get(axis) * (kernel.get(axis) - 1);
            if (convolution.getStride().get(axis) != 1
                    || 2 * convolution.getPadding().get(axis) != reach) {
                return false;
            }
        }
        return true;
    }

    /**
     * Adds the maps to what the coefficients of a weight make of the input.
     *
     * @param output the maps that the coefficients make
     * @param input of the layer
     */
    static NDArray add(NDArray output, NDArray input) {
        boolean once = output.getShape().get(1) == input.getShape().get(1);
        return output.add(once ? input : NDArrays.concat(new NDList(input, input), 1));
    }
}
