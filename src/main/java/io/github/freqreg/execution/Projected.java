package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/**
 * What goes from a layer to the next one, in the next one's frequencies: its input's channels,
 * projected already, are not stored.
 */
public final class Projected extends NDList {

    private static final long serialVersionUID = 1L;

    private final transient Shape full;

    Projected(NDArray frequencies, Shape full) {
        super(frequencies);
        this.full = full;
    }

    /**
     * Returns the shape of what was projected.
     *
     * @return the shape of the next layer's input
     */
    public Shape getFullShape() {
        return full;
    }
}
