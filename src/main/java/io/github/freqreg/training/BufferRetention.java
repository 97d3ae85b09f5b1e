package io.github.freqreg.training;

import ai.djl.engine.Engine;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps Java memory that a gradient graph refers to alive until the gradients are computed. Use
 * this listener in every training on PyTorch, also of networks without frequency regularisation.
 *
 * <pre>
 * config.addTrainingListeners(new BufferRetention());
 * </pre>
 *
 * <p>In DJL 0.36, a PyTorch array on the CPU that is created from Java memory uses that memory in
 * place, and closing the array drops the only Java reference to it. The gradient graph may still
 * need it: {@code x.mul(2)} creates an array for the 2, multiplies, and closes the array, but the
 * backward pass reads the 2 again. If the garbage collector runs between the forward and the
 * backward pass, PyTorch reads freed memory. Gradients are then silently wrong or NaN, or the JVM
 * crashes with SIGSEGV. The same applies to any array of Java memory whose manager is closed during
 * the forward pass, as in DJL's BERT.
 *
 * <p>With this listener, every such buffer stays reachable from the creation of its array until the
 * first array that the thread creates after the {@link ai.djl.training.GradientCollector} of the
 * step is closed. Results do not change. The cost is one field access per created array. Other
 * engines are not affected.
 *
 * <p>Retention is per thread and, once installed, lasts as long as the thread. The listener
 * installs it in the thread that creates the trainer. If another thread trains, or if there is no
 * trainer, call {@link #inThisThread()} there first. Memory passed to {@link
 * ai.djl.ndarray.NDArray#set(java.nio.Buffer)} is not retained.
 */
public final class BufferRetention extends TrainingListenerAdapter {

    private static final Logger logger = LoggerFactory.getLogger(BufferRetention.class);

    /** Creates a listener. One instance can serve several trainers. */
    public BufferRetention() {}

    /**
     * Installs retention in the calling thread. Further calls have no effect.
     *
     * @throws IllegalStateException if PyTorch is present but DJL lacks the private fields of
     *     version 0.36
     */
    public static void inThisThread() {
        install();
    }

    /** Returns whether retention was not installed before. */
    private static boolean install() {
        return Engine.hasEngine(RetainingScopes.ENGINE) && RetainingScopes.install();
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBegin(Trainer trainer) {
        install();
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        if (install()) {
            logger.warn(
                    "Thread {} trained its first batch without retained buffers, because another"
                            + " thread created the trainer: call BufferRetention.inThisThread()"
                            + " before training",
                    Thread.currentThread().getName());
        }
    }
}
