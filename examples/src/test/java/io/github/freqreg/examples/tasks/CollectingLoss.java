package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

/**
 * A loss that forces a garbage collection between forward and backward, and then overwrites the
 * direct memory that it has freed, with bytes that are NaN as floating-point numbers.
 */
final class CollectingLoss extends Loss {

    private static final int ROUNDS = 2;
    private static final int OVERWRITTEN = 2_000;

    private final Loss loss;
    private ByteBuffer[] written;

    CollectingLoss(Loss loss) {
        super(loss.getName());
        this.loss = loss;
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray value = loss.evaluate(labels, predictions);
        for (int round = 0; round < ROUNDS; round++) {
            collect();
            written = new ByteBuffer[OVERWRITTEN];
            for (int i = 0; i < written.length; i++) {
                // As large as a float32 or a float64.
                written[i] = ByteBuffer.allocateDirect(i % 2 == 0 ? 4 : 8);
                while (written[i].hasRemaining()) {
                    written[i].put((byte) -1);
                }
            }
        }
        return value;
    }

    /** Buffers are freed by a thread of the JVM's after the collection: waits for it. */
    private static void collect() {
        System.gc();
        long last = -1;
        for (long now = buffers(); now != last; now = buffers()) {
            last = now;
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static long buffers() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .mapToLong(BufferPoolMXBean::getCount)
                .sum();
    }
}
