package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.TestModels;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/**
 * Buffers that a gradient graph needs are retained, and are freed after the backward pass. The
 * tests count the direct buffers of the JVM, so they never read freed memory. The examples test
 * that gradients are correct.
 */
class BufferRetentionTest {

    private static final int NUMBERS = 500;

    /** Runs a test in a new thread, because retention lasts as long as the thread. */
    private static void inFreshThread(Callable<Void> test) throws Exception {
        FutureTask<Void> task = new FutureTask<>(test);
        Thread thread = new Thread(task, "fresh");
        thread.start();
        thread.join();
        task.get();
    }

    private static long buffers() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getCount)
                .sum();
    }

    /** The number of buffers that remain after garbage collection. */
    private static long buffersAfterCollection() throws InterruptedException {
        long last = Long.MAX_VALUE;
        for (int same = 0; same < 3; ) {
            System.gc();
            Thread.sleep(10);
            long now = buffers();
            same = now == last ? same + 1 : 0;
            last = now;
        }
        return last;
    }

    /** The number of buffers that survive garbage collection within a pass of multiplications. */
    private static long kept(NDManager manager) throws InterruptedException {
        return keptOf(manager, () -> multiply(manager));
    }

    /** The number of buffers of a pass that survive garbage collection before its backward pass. */
    private static long keptOf(NDManager manager, Runnable pass) throws InterruptedException {
        long before = buffersAfterCollection();
        GradientCollector collector = manager.getEngine().newGradientCollector();
        try {
            pass.run();
            return buffersAfterCollection() - before;
        } finally {
            collector.close();
        }
    }

    private static void multiply(NDManager manager) {
        try (NDArray x = manager.ones(new Shape(3))) {
            x.setRequiresGradient(true);
            for (int i = 0; i < NUMBERS; i++) {
                x.mul(2).close();
            }
        }
    }

    private static void createAndClose(NDManager manager) {
        try (NDManager scope = manager.newSubManager()) {
            for (int i = 0; i < NUMBERS; i++) {
                scope.create(new float[] {1, 2, 3});
            }
        }
    }

    private static Trainer trainer(Model model) {
        return TestModels.trainer(model, Optimizer.adam().build(), new BufferRetention());
    }

    private static Model model() {
        return TestModels.model(TestModels.linear(2), new Shape(1, 3));
    }

    /** If this fails, DJL has fixed the defect, and {@link BufferRetention} can be removed. */
    @Test
    void djlAloneFreesNumbersThatTheGraphHolds() throws Exception {
        inFreshThread(
                () -> {
                    try (NDManager manager = NDManager.newBaseManager()) {
                        assertTrue(kept(manager) < NUMBERS / 10);
                    }
                    return null;
                });
    }

    @Test
    void numbersAreHeldUntilThePassIsOver() throws Exception {
        inFreshThread(
                () -> {
                    try (Model model = model();
                            Trainer trainer = trainer(model)) {
                        NDManager manager = trainer.getManager();
                        assertTrue(kept(manager) >= NUMBERS);
                        assertEquals(NUMBERS, RetainingScopes.retainedHere());
                        long held = buffersAfterCollection();
                        manager.zeros(new Shape(1)).close();
                        assertEquals(0, RetainingScopes.retainedHere());
                        assertTrue(buffersAfterCollection() <= held - NUMBERS);
                    }
                    return null;
                });
    }

    @Test
    void nothingIsHeldOutsideOfAPass() throws Exception {
        inFreshThread(
                () -> {
                    BufferRetention.inThisThread();
                    try (NDManager manager = NDManager.newBaseManager()) {
                        multiply(manager);
                        assertEquals(0, RetainingScopes.retainedHere());
                    }
                    return null;
                });
    }

    @Test
    void arraysOfAManagerThatIsClosedInThePassAreHeld() throws Exception {
        inFreshThread(
                () -> {
                    BufferRetention.inThisThread();
                    try (NDManager manager = NDManager.newBaseManager()) {
                        assertTrue(keptOf(manager, () -> createAndClose(manager)) >= NUMBERS);
                    }
                    return null;
                });
    }

    @Test
    void aThreadThatDidNotMakeTheTrainerIsServedFromItsSecondBatch() throws Exception {
        BufferRetention retention = new BufferRetention();
        inFreshThread(
                () -> {
                    try (NDManager manager = NDManager.newBaseManager()) {
                        assertTrue(kept(manager) < NUMBERS / 10);
                        retention.onTrainingBatch(null, null);
                        assertTrue(kept(manager) >= NUMBERS);
                    }
                    return null;
                });
    }

    /** Arrays in scopes that are open already, and in scopes that a block opens in the pass. */
    @Test
    void scopesOfTheUserStillHoldTheirArrays() throws Exception {
        inFreshThread(
                () -> {
                    NDScope outer = new NDScope();
                    try (NDManager manager = NDManager.newBaseManager()) {
                        NDArray before = manager.create(1f);
                        BufferRetention.inThisThread();
                        NDArray after = manager.create(1f);
                        NDArray freed = manager.create(1f);
                        NDScope.unregister(freed);
                        NDScope inner = new NDScope();
                        NDArray within = manager.create(1f);
                        assertTrue(kept(manager) >= NUMBERS);
                        inner.close();
                        assertTrue(isClosed(within));
                        assertFalse(isClosed(before) || isClosed(after));
                        outer.close();
                        assertTrue(isClosed(before) && isClosed(after));
                        assertFalse(isClosed(freed));
                        NDArray alone = manager.create(1f);
                        assertFalse(isClosed(alone));
                    }
                    return null;
                });
    }

    private static boolean isClosed(NDArray array) {
        try {
            array.toFloatArray();
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }
}
