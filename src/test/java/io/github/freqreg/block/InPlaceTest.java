package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Elements are copied into the memory of an existing array. */
class InPlaceTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "7", "3,5", "2,1,3,4", "0,3"})
    void allElementsAreCopied(String extents) {
        Shape shape =
                extents.isEmpty()
                        ? new Shape()
                        : new Shape(
                                Arrays.stream(extents.split(","))
                                        .mapToLong(Long::parseLong)
                                        .toArray());
        try (NDManager manager = NDManager.newBaseManager()) {
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
                NDArray source = manager.randomNormal(shape, type);
                NDArray target = manager.zeros(shape, type);
                NDArray sameMemory = target.stopGradient();
                InPlace.copy(source, target);
                assertArrayEquals(source.toArray(), target.toArray());
                assertArrayEquals(source.toArray(), sameMemory.toArray());
                assertEquals(shape, target.getShape());
            }
        }
    }
}
