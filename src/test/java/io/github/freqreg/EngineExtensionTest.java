package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;

/** Each test has a manager and random numbers that no other test has used. */
@UsesEngine(seed = 5)
class EngineExtensionTest {

    private static final List<NDManager> MANAGERS = new ArrayList<>();
    private static final List<float[]> DRAWN = new ArrayList<>();

    private final NDManager manager;

    EngineExtensionTest(NDManager manager) {
        this.manager = manager;
    }

    @RepeatedTest(2)
    void aTestHasOneOpenManagerAndTheOthersAreClosed(NDManager same) {
        assertSame(manager, same);
        check(manager);
    }

    private static void check(NDManager manager) {
        assertTrue(manager.isOpen());
        for (NDManager earlier : MANAGERS) {
            assertNotSame(earlier, manager);
            assertFalse(earlier.isOpen());
        }
        MANAGERS.add(manager);
        DRAWN.add(manager.randomNormal(new Shape(4)).toFloatArray());
        assertArrayEquals(DRAWN.get(0), DRAWN.get(DRAWN.size() - 1));
    }

    /** The annotation of the enclosing class applies. */
    @Nested
    class NestedTest {

        @RepeatedTest(2)
        void hasTheSame(NDManager same) {
            assertSame(manager, same);
            check(same);
        }
    }
}
