package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.Test;

@UsesEngine
class ArrayViewTest {

    private final NDManager manager;

    ArrayViewTest(NDManager manager) {
        this.manager = manager;
    }

    /** Also of an array that is not in row-major order. */
    @Test
    void aViewSharesTheMemoryOfItsArray() {
        NDArray array = manager.arange(6f).reshape(2, 3);
        for (NDArray each : new NDArray[] {array, array.transpose()}) {
            try (NDManager other = manager.newSubManager()) {
                NDArray view = ArrayView.of(each, other);
                assertSame(other, view.getManager());
                assertEquals(each, view);
                view.addi(1);
                assertEquals(each, view);
            }
        }
        assertArrayEquals(new float[] {2, 3, 4, 5, 6, 7}, array.toFloatArray());
    }

    @Test
    void gradientsPassThroughAView() {
        NDArray array = manager.ones(new Shape(2, 3));
        array.setRequiresGradient(true);
        try (NDManager other = manager.newSubManager();
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(ArrayView.of(array, other).mul(3).sum());
        }
        assertArrayEquals(new float[] {3, 3, 3, 3, 3, 3}, array.getGradient().toFloatArray());
    }
}
