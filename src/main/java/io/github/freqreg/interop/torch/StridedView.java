package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.Arrays;
import java.util.List;

/**
 * A dense tensor of a checkpoint: a view of a storage, in elements.
 *
 * @param storage the storage
 * @param offset the position of the first element
 * @param extents the shape
 * @param strides the distance of neighbours along each axis
 */
record StridedView(TorchStorage storage, long offset, long[] extents, long[] strides) {

    /**
     * Makes a view that is not larger than its storage and stays inside.
     *
     * @throws MalformedModelException if it would not be
     */
    static StridedView of(TorchStorage storage, long offset, long[] extents, long[] strides)
            throws MalformedModelException {
        if (extents.length != strides.length) {
            throw new MalformedModelException(
                    "expected one stride for each axis of the shape "
                            + Arrays.toString(extents)
                            + " but found the strides "
                            + Arrays.toString(strides));
        }
        StridedView view = new StridedView(storage, offset, extents, strides);
        if (!view.fits()) {
            throw new MalformedModelException(
                    "a tensor of shape "
                            + Arrays.toString(extents)
                            + ", strides "
                            + Arrays.toString(strides)
                            + " and offset "
                            + offset
                            + " does not fit its storage of "
                            + storage.count()
                            + " elements");
        }
        return view;
    }

    private boolean fits() {
        // A stride of 0 could make a view of any size out of one element.
        if (size() > storage.count()) {
            return false;
        }
        if (size() == 0) {
            return true;
        }
        // All factors are at most the storage's 2³⁰ elements, so nothing overflows.
        long last = offset;
        if (last >= storage.count()) {
            return false;
        }
        for (int axis = 0; axis < extents.length; axis++) {
            long steps = extents[axis] - 1;
            if (steps > 0 && strides[axis] > storage.count()) {
                return false;
            }
            last += steps > 0 ? steps * strides[axis] : 0;
            if (last >= storage.count()) {
                return false;
            }
        }
        return true;
    }

    /** Returns a value that two views have in common if they show the same elements alike. */
    List<?> identity() {
        return List.of(
                storage,
                offset,
                Arrays.stream(extents).boxed().toList(),
                Arrays.stream(strides).boxed().toList());
    }

    /** Returns the number of elements. */
    long size() {
        long size = 1;
        for (long extent : extents) {
            size *= extent;
        }
        return size;
    }

    /** Returns the position in the storage of the element with a row-major number. */
    long position(long number) {
        long rest = number;
        long position = offset;
        for (int axis = extents.length - 1; axis >= 0; axis--) {
            position += rest % extents[axis] * strides[axis];
            rest /= extents[axis];
        }
        return position;
    }
}
