package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

/**
 * A loss that forces a garbage collection between forward and backward pass, and then fills the
 * freed direct memory with bytes that read as NaN.
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
                // The size of a float32 and of a float64.
                written[i] = ByteBuffer.allocateDirect(i % 2 == 0 ? 4 : 8);
                while (written[i].hasRemaining()) {
                    written[i].put((byte) -1);
                }
            }
        }
        return value;
    }

    /** Waits until a thread of the JVM has freed the collected buffers. */
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
