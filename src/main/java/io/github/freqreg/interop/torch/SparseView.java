package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.Arrays;

/**
 * A sparse COO tensor of a checkpoint, of rank r with n values.
 *
 * @param indices integers of shape (r, n): the coordinates of each value
 * @param values the values, of shape (n)
 * @param extents the shape of the tensor
 */
record SparseView(StridedView indices, StridedView values, long[] extents) {

    /**
     * Returns a sparse tensor after checking that its indices, values and extents are consistent.
     *
     * @throws MalformedModelException if they are not
     */
    static SparseView of(StridedView indices, StridedView values, long[] extents)
            throws MalformedModelException {
        boolean fits =
                indices.storage().element() == TorchElement.INT64
                        && indices.extents().length == 2
                        && values.extents().length == 1
                        && indices.extents()[0] == extents.length
                        && indices.extents()[1] == values.extents()[0]
                        && values.storage().element().isFloating();
        if (!fits) {
            throw new MalformedModelException(
                    "a sparse tensor of shape "
                            + Arrays.toString(extents)
                            + " cannot have indices of shape "
                            + Arrays.toString(indices.extents())
                            + " and values of shape "
                            + Arrays.toString(values.extents()));
        }
        return new SparseView(indices, values, extents);
    }
}
