package io.github.freqreg;

import java.nio.ByteBuffer;

/** A forced garbage collection, after which memory that was freed too early is seen to be. */
public final class GarbageCollection {

    private static final int BUFFERS = 2_000;

    /** About 1e30 as float32, and large as float64, too. */
    private static final int PATTERN = 0x7149f2ca;

    private GarbageCollection() {}

    /**
     * Collects garbage and overwrites freed memory.
     *
     * @param bytes the sizes of the buffers that could have been freed
     */
    public static void force(int... bytes) throws InterruptedException {
        System.gc();
        // Another thread frees the buffers.
        Thread.sleep(20);
        ByteBuffer[] written = new ByteBuffer[BUFFERS * bytes.length];
        for (int i = 0; i < written.length; i++) {
            // All are held, so that each takes other memory.
            written[i] = ByteBuffer.allocateDirect(bytes[i % bytes.length]);
            while (written[i].remaining() >= Integer.BYTES) {
                written[i].putInt(PATTERN);
            }
        }
    }
}
