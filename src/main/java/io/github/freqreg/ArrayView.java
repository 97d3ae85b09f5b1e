package io.github.freqreg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Views of arrays on other managers. */
@Internal
public final class ArrayView {

    private ArrayView() {}

    /**
     * Returns a view of an array that is attached to another manager.
     *
     * <p>DJL attaches the result of an operation to the manager of the array it is called on.
     * Calling it on the view keeps results out of the manager of a long-lived array. Gradients pass
     * through the view without a copy; a slice of the whole array would copy them.
     *
     * @param array the array
     * @param manager the manager of the view
     * @return the view
     */
    public static NDArray of(NDArray array, NDManager manager) {
        NDArray view = array.reshape(array.getShape());
        view.attach(manager);
        return view;
    }
}
