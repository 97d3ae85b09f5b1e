package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.UsesEngine;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A start at the identity; {@link SeededStartTest} tests that of a seed. */
@UsesEngine
class TensorStartTest {

    private static final FrequencyAxes IDENTITY =
            FrequencyAxes.OWN.startingAt(TensorStart.IDENTITY);

    private final NDManager manager;

    TensorStartTest(NDManager manager) {
        this.manager = manager;
    }

    private static Stream<Shape> fitting() {
        return Stream.of(
                new Shape(3, 3),
                new Shape(4, 2),
                new Shape(3, 3, 5),
                new Shape(4, 2, 3, 1),
                new Shape(2, 2, 1, 3, 5));
    }

    @ParameterizedTest
    @MethodSource("fitting")
    void withoutCoefficientsATensorIsTheIdentity(Shape shape) {
        try (SpectralTransform transform = transform(IDENTITY, shape, 1)) {
            NDArray start = transform.rebuild(manager.zeros(new Shape(1)), manager);
            assertEquals(shape, start.getShape());
            long inputs = shape.get(1);
            long taps = shape.slice(2).size();
            float[] numbers = start.toFloatArray();
            for (int i = 0; i < numbers.length; i++) {
                boolean middle = i % taps == (taps - 1) / 2;
                boolean own = i / taps % inputs == i / (inputs * taps) % inputs;
                assertEquals(middle && own ? 1 : 0, numbers[i], "element " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fitting")
    void coefficientsAreAddedAndFoundAgain(Shape shape) {
        float[] numbers = {0.5f, -2, 1};
        try (SpectralTransform identity = transform(IDENTITY, shape, 3);
                SpectralTransform plain = transform(FrequencyAxes.OWN, shape, 3)) {
            NDArray coefficients = manager.create(numbers);
            NDArray tensor = identity.rebuild(coefficients, manager);
            NDArray start = identity.rebuild(coefficients.zerosLike(), manager);
            float[] change = plain.rebuild(coefficients, manager).toFloatArray();
            assertArrayEquals(change, tensor.sub(start).toFloatArray(), 1e-6f);
            float[] found = identity.project(tensor, manager).toFloatArray();
            assertArrayEquals(numbers, found, 1e-6f);
        }
    }

    @Test
    void splitAxesDoNotChangeTheStart() {
        Shape shape = new Shape(8, 4, 3, 3);
        FrequencyAxes split = new FrequencyAxes(new Shape(2, 4, 2, 2, 3, 3), List.of());
        NDArray zero = manager.zeros(new Shape(1));
        try (SpectralTransform whole = transform(IDENTITY, shape, 1);
                SpectralTransform parts =
                        transform(split.startingAt(TensorStart.IDENTITY), shape, 1)) {
            assertArrayEquals(
                    whole.rebuild(zero, manager).toFloatArray(),
                    parts.rebuild(zero, manager).toFloatArray());
        }
    }

    private SpectralTransform transform(FrequencyAxes axes, Shape shape, long kept) {
        return new SpectralTransform(
                axes, shape, kept, manager, manager.getDevice(), DataType.FLOAT32);
    }

    private static Stream<Shape> others() {
        return Stream.of(
                new Shape(4),
                new Shape(2, 3),
                new Shape(6, 2, 3),
                new Shape(4, 4, 3, 2),
                new Shape(1 << 15, 1 << 15, 3));
    }

    @ParameterizedTest
    @MethodSource("others")
    void otherShapesAreRefused(Shape shape) {
        assertFalse(TensorStart.IDENTITY.fits(shape));
        Exception e = assertThrows(IllegalArgumentException.class, () -> IDENTITY.check(shape));
        assertEquals(
                "Expected a tensor with the start identity to have as many outputs as inputs, or"
                        + " twice as many, odd kernels and at most 2147483639 elements, but its"
                        + " shape is "
                        + shape,
                e.getMessage());
    }

    @Test
    void aStartIsPartOfTheAxes() {
        assertTrue(IDENTITY.hasStart());
        assertFalse(IDENTITY.withoutStart().hasStart());
        assertEquals("4x4x3 identity", IDENTITY.describe(new Shape(4, 4, 3)));
        assertEquals(
                "4x4x3 seed 5",
                FrequencyAxes.OWN
                        .startingAt(new TensorStart.Seeded(5))
                        .describe(new Shape(4, 4, 3)));
    }
}
