package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.Arrays;

/**
 * An array for a parameter whose values are not needed or not known yet: one number, broadcast to
 * the shape of the tensor. It has a manager, a device, a type and a shape, but takes almost no
 * memory.
 */
final class Placeholder {

    /** Initialises parameters with placeholders. */
    static final Initializer INITIALIZER = Placeholder::of;

    private Placeholder() {}

    /** Returns a placeholder. */
    static NDArray of(NDManager manager, Shape shape, DataType type) {
        if (shape.dimension() == 0) {
            return manager.zeros(shape, type);
        }
        long[] ones = new long[shape.dimension()];
        Arrays.fill(ones, 1);
        try (NDArray one = manager.zeros(new Shape(ones), type)) {
            return one.broadcast(shape);
        }
    }

    /** Replaces the array of a parameter and closes the old one. */
    static void replace(Parameter parameter, NDArray array) {
        Initializer initializer = parameter.getInitializer();
        parameter.close();
        // DJL has no other way to set the array of a parameter that has a shape.
        parameter.setInitializer((manager, shape, type) -> array);
        parameter.initialize(array.getManager(), array.getDataType());
        parameter.setInitializer(initializer);
    }
}
