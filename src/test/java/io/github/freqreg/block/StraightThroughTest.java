package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.freqreg.GarbageCollection;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.spectrum.GradientGraph;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounding whose gradient is that of the identity. */
@UsesEngine
class StraightThroughTest {

    private static final int SIZE = 37;

    private final NDManager manager;

    StraightThroughTest(NDManager manager) {
        this.manager = manager;
    }

    @ParameterizedTest
    @ValueSource(floats = {0.25f, 0.3f, 1, 7})
    void valuesAreRoundedToTheNearestMultiple(float step) {
        NDArray values = TestModels.random(manager, new Shape(SIZE));
        float[] before = values.toFloatArray();
        NDArray rounded = StraightThrough.round(values, step, manager);
        for (int i = 0; i < SIZE; i++) {
            assertEquals(Math.rint(before[i] / step) * step, rounded.getFloat(i), 1e-6);
        }
        assertArrayEquals(before, values.toFloatArray());
    }

    @Test
    void halfAStepIsRoundedToTheEvenMultiple() {
        NDArray values = manager.create(new float[] {-0.75f, -0.25f, 0, 0.25f, 0.75f, 1.25f});
        float[] expected = {-1, 0, 0, 0, 1, 1};
        assertArrayEquals(expected, StraightThrough.round(values, 0.5f, manager).toFloatArray(), 0);
    }

    /**
     * The gradient would be zero everywhere if it followed the rounding. The graph must not contain
     * a Java number such as the step, as DJL lets the collector free its memory.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsPassUnchanged(boolean collected) throws InterruptedException {
        NDArray values = TestModels.random(manager, new Shape(SIZE));
        values.setRequiresGradient(true);
        NDArray weights = manager.arange(SIZE).toType(values.getDataType(), false).cos();
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray rounded = StraightThrough.round(values, 0.3f, manager);
            NDArray sum = rounded.mul(weights).sum();
            if (collected) {
                GarbageCollection.force(Float.BYTES, Double.BYTES);
            }
            collector.backward(sum);
        }
        assertArrayEquals(weights.toFloatArray(), values.getGradient().toFloatArray());
    }

    @Test
    void nothingIsLeftOnTheManagerOfTheValues() {
        NDArray values = TestModels.random(manager, new Shape(SIZE));
        try (NDManager scratch = manager.newSubManager()) {
            NDArray rounded = StraightThrough.round(values, 0.3f, scratch);
            assertSame(scratch, rounded.getManager());
            assertFalse(GradientGraph.contains(rounded));
        }
        assertEquals(List.of(values), manager.getManagedArrays());
    }
}
