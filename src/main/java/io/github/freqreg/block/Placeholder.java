package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.Arrays;

/**
 * One number, seen as a whole tensor: what a parameter holds whose values are not needed, or not
 * there yet. It has a manager, a device, a type and a shape, and next to no size.
 */
final class Placeholder {

    /** Makes placeholders in the place of values. */
    static final Initializer INITIALIZER = Placeholder::of;

    private Placeholder() {}

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

    /** Puts an array in the place of a parameter's own, which is closed. */
    static void replace(Parameter parameter, NDArray array) {
        Initializer initializer = parameter.getInitializer();
        parameter.close();
        // The one way to give a parameter with a shape an array.
        parameter.setInitializer((manager, shape, type) -> array);
        parameter.initialize(array.getManager(), array.getDataType());
        parameter.setInitializer(initializer);
    }
}
