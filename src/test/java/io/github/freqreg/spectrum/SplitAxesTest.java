package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matching the axes of a tensor with those of a split shape. */
class SplitAxesTest {

    private static Shape shape(String extents) {
        String[] each = extents.split("x", -1);
        long[] shape = new long[each.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Long.parseLong(each[i]);
        }
        return new Shape(shape);
    }

    @ParameterizedTest
    @CsvSource({
        "500x800, 500x50x4x4, 0, -1",
        "784x400, 28x28x400, -1, 2",
        "12x24, 3x4x6x4, -1, -1",
        "10x512, 10x512x1x1, 0, 1",
        "10x512, 10x1x1x512, 0, 3",
        "1x6, 1x2x3, 0, -1",
        "6x1, 2x3x1, -1, 2",
        "7x5, 7x5, 0, 1",
    })
    void tellsTheWholeAxes(String shape, String split, int first, int second) {
        SplitAxes axes = SplitAxes.of(shape(shape), shape(split));
        assertEquals(first, axes.whole(0).orElse(-1));
        assertEquals(second, axes.whole(1).orElse(-1));
        for (int axis = 0; axis < 2; axis++) {
            assertEquals(shape(shape).get(axis), axes.size(axis, shape(split)));
        }
    }

    @Test
    void sizesABox() {
        SplitAxes axes = SplitAxes.of(new Shape(500, 800), new Shape(500, 50, 4, 4));
        assertEquals(7, axes.size(0, new Shape(7, 5, 4, 3)));
        assertEquals(60, axes.size(1, new Shape(7, 5, 4, 3)));
    }

    @ParameterizedTest
    @CsvSource({
        "500x800, 50x500x4x4",
        "500x800, 500x800x2",
        "500x800, 500x50x4",
        "500x800, 400000",
        "6x4, 4x6",
        "6, 3",
    })
    void refusesOtherElements(String shape, String split) {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> SplitAxes.of(shape(shape), shape(split)));
        assertTrue(e.getMessage().endsWith("but it is " + shape(split)), e.getMessage());
    }
}
