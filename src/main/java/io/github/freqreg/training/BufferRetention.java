package io.github.freqreg.training;

import ai.djl.engine.Engine;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the Java memory behind a training step's arrays alive until the gradients are computed.
 *
 * <pre>
 * config.addTrainingListeners(new BufferRetention());
 * </pre>
 *
 * <p>In DJL 0.36 on PyTorch, an array on the CPU that is made from Java memory uses that memory in
 * place, and drops its only reference to it when it is closed. The gradient's graph may still need
 * it: {@code x.mul(2)} makes an array of the 2, multiplies, and closes it, but the way back reads
 * the 2 again. If the garbage collector runs between forward and backward, PyTorch reads freed
 * memory: gradients are silently wrong or NaN, or the JVM ends with SIGSEGV. The same happens to
 * any array of Java memory whose manager is closed inside the forward pass, as in DJL's BERT.
 *
 * <p>With this listener every such buffer is held from its array's creation until the thread makes
 * its first array after the step's {@link ai.djl.training.GradientCollector} is closed. No value
 * changes. The cost is a look at one field for each array that is made. Other engines are left
 * alone.
 *
 * <p>Retention works by thread and, once begun, goes on for the life of the thread. The listener
 * begins it in the thread that makes the trainer. If another thread trains, or if there is no
 * trainer, call {@link #inThisThread()} there first. Memory that {@link
 * ai.djl.ndarray.NDArray#set(java.nio.Buffer)} puts into an array is not held.
 */
public final class BufferRetention extends TrainingListenerAdapter {

    private static final Logger logger = LoggerFactory.getLogger(BufferRetention.class);

    /** Makes the listener. One instance can serve several trainers. */
    public BufferRetention() {}

    /**
     * Begins retention in the calling thread, for every training in it. Calling this again changes
     * nothing.
     *
     * @throws IllegalStateException if PyTorch is present and DJL keeps its buffers in another way
     *     than version 0.36 does
     */
    public static void inThisThread() {
        begin();
    }

    /** Whether it was not on already. */
    private static boolean begin() {
        return Engine.hasEngine(RetainingScopes.ENGINE) && RetainingScopes.install();
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBegin(Trainer trainer) {
        begin();
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        if (begin()) {
            logger.warn(
                    "Thread {} trained its first batch without retained buffers, because another"
                            + " thread made the trainer: call BufferRetention.inThisThread() before"
                            + " training",
                    Thread.currentThread().getName());
        }
    }
}
