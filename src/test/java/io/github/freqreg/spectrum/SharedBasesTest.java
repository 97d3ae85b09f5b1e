package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.UsesEngine;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

@UsesEngine
class SharedBasesTest {

    /** A length that no other test uses, because tests share the bases, too. */
    private static final int LENGTH = 8_191;

    private final NDManager manager;

    SharedBasesTest(NDManager manager) {
        this.manager = manager;
    }

    @Test
    void equalAxesShareABasisUntilTheLastOfThemIsClosed() {
        NDManager second = manager.newSubManager();
        NDArray view;
        try (NDManager first = manager.newSubManager()) {
            NDArray basis = SharedBases.of(first, LENGTH, 2, DataType.FLOAT32);
            view = SharedBases.of(second, LENGTH, 2, DataType.FLOAT32);
            basis.subi(basis.duplicate());
        }
        // Both are views of one memory, which outlives the manager that asked for it first.
        assertArrayEquals(new float[2 * LENGTH], view.toFloatArray());
        second.close();
        try (NDManager third = manager.newSubManager()) {
            NDArray fresh = SharedBases.of(third, LENGTH, 2, DataType.FLOAT32);
            assertEquals(1 / Math.sqrt(LENGTH), fresh.getFloat(0, 0), 1e-7);
        }
    }

    @Test
    void basesDifferByLengthAndType() {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray floats = SharedBases.of(scratch, LENGTH, 2, DataType.FLOAT32);
            NDArray doubles = SharedBases.of(scratch, LENGTH, 2, DataType.FLOAT64);
            NDArray more = SharedBases.of(scratch, LENGTH, 3, DataType.FLOAT32);
            assertEquals(DataType.FLOAT32, floats.getDataType());
            assertEquals(DataType.FLOAT64, doubles.getDataType());
            assertEquals(3, more.getShape().get(1));
        }
    }

    @Test
    void aScopeOfTheCallersClosesNoBasis() {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray view;
            try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                view = SharedBases.of(scratch, LENGTH + 1, 2, DataType.FLOAT32);
            }
            assertEquals(1 / Math.sqrt(LENGTH + 1), view.getFloat(0, 0), 1e-7);
            NDArray again = SharedBases.of(scratch, LENGTH + 1, 2, DataType.FLOAT32);
            assertEquals(view.getFloat(0, 0), again.getFloat(0, 0));
        }
    }

    @Test
    void threadsThatAskAndCloseAtTheSameTimeGetWholeBases() {
        IntStream.range(0, 400)
                .parallel()
                .forEach(
                        i -> {
                            try (NDManager own = NDManager.newBaseManager()) {
                                NDArray basis =
                                        SharedBases.of(own, LENGTH + 2, 2, DataType.FLOAT32);
                                double expected = Math.sqrt(LENGTH + 2);
                                try (NDArray sum = basis.get(":, 0").sum()) {
                                    assertEquals(expected, sum.getFloat(), 1e-2);
                                }
                            }
                        });
    }
}
