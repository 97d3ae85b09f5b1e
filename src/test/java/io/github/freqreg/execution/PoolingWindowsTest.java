package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PoolingWindowsTest {

    private static final Shape NONE = new Shape(0, 0);

    @Test
    void maximaAreThoseOfTheEngine() {
        assertMaxima(new Shape(2), Pool.maxPool1dBlock(new Shape(2)), new Shape(3, 4, 11));
        assertMaxima(new Shape(3, 2), Pool.maxPool2dBlock(new Shape(3, 2)), new Shape(2, 5, 11, 9));
        assertMaxima(new Shape(1, 4), Pool.maxPool2dBlock(new Shape(1, 4)), new Shape(2, 5, 3, 8));
        assertMaxima(
                new Shape(2, 1, 3),
                Pool.maxPool3dBlock(new Shape(2, 1, 3), new Shape(2, 1, 3)),
                new Shape(1, 2, 4, 5, 6));
    }

    private static void assertMaxima(Shape size, Block pool, Shape shape) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray maps = manager.randomNormal(shape);
            maps.set(new NDIndex("0, 0, 0"), Float.NaN);
            PoolingWindows windows = new PoolingWindows(size);
            assertTrue(windows.fit(shape));
            int arrays = manager.getManagedArrays().size();
            NDArray maxima = windows.maxima(maps);
            assertEquals(arrays + 1, manager.getManagedArrays().size());
            NDArray expected = pool.forward(new ParameterStore(), new NDList(maps), false).head();
            assertEquals(expected.getShape(), maxima.getShape());
            assertEquals(expected.toDebugString(true), maxima.toDebugString(true));
        }
    }

    @Test
    void mapsOfOtherAxesAndSmallerOnesHaveNoWindow() {
        PoolingWindows windows = new PoolingWindows(new Shape(2, 3));
        assertTrue(windows.fit(new Shape(1, 1, 2, 3)));
        assertFalse(windows.fit(new Shape(1, 1, 2, 2)));
        assertFalse(windows.fit(new Shape(1, 1, 4)));
    }

    @Test
    void windowsAreTheKernelWhereItIsTheStride() {
        Shape kernel = new Shape(3, 2);
        Optional<PoolingWindows> windows = Optional.of(new PoolingWindows(kernel));
        assertEquals(windows, PoolingWindows.of(List.of(kernel, kernel, NONE, false)));
        assertEquals(windows, PoolingWindows.of(List.of(false, NONE, kernel, kernel)));
        for (List<Object> others :
                List.<List<Object>>of(
                        List.of(kernel, kernel, NONE, true),
                        List.of(kernel, new Shape(2, 2), NONE, false),
                        List.of(kernel, kernel, new Shape(1, 0), false),
                        List.of(kernel, kernel, kernel, false),
                        List.of(kernel, kernel, NONE),
                        List.of(new Shape(1, 1), new Shape(1, 1), NONE, false),
                        List.of(new Shape(1, 5), new Shape(1, 5), NONE, false))) {
            assertEquals(Optional.empty(), PoolingWindows.of(others));
        }
    }
}
