package io.github.freqreg.training;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import java.util.Iterator;

/**
 * Estimates the running statistics of batch normalisation for the weights that a network has now.
 *
 * <p>Training with quantised coefficients makes some of them alternate between two multiples. The
 * running statistics then average over weights that the network no longer has, which can cost many
 * points of accuracy in inference, above all with depthwise convolutions. Estimate them anew before
 * a quantised network is measured or saved. {@link Compressor} does so.
 *
 * @see <a href="https://arxiv.org/abs/2203.11086">Overcoming Oscillations in Quantization-Aware
 *     Training</a>
 */
public final class NormalizationStatistics {

    private static final int PASSES = 36;

    private NormalizationStatistics() {}

    /**
     * Estimates the statistics by 36 forward passes in training mode. The trained parameters are
     * unchanged. A network without running statistics is not computed at all.
     *
     * <p>With the default momentum of 0.9, earlier statistics then count less than 3%; a larger
     * momentum forgets them more slowly. Do not use it on a network that was loaded from a
     * quantised file with folded statistics, see {@link io.github.freqreg.file.FrequencyFile}.
     *
     * @param trainer the trainer of the network, initialised
     * @param batches batches of training examples, which are closed. They are iterated until there
     *     were 36 passes; batches with fewer examples than the largest so far are left out
     */
    public static void estimate(Trainer trainer, Iterable<Batch> batches) {
        if (!hasStatistics(trainer.getModel().getBlock())) {
            return;
        }
        int passes = 0;
        int before = -1;
        int size = 0;
        while (passes < PASSES && passes > before) {
            before = passes;
            Iterator<Batch> examples = batches.iterator();
            while (passes < PASSES && examples.hasNext()) {
                try (Batch batch = examples.next()) {
                    size = Math.max(size, batch.getSize());
                    if (batch.getSize() == size) {
                        forward(trainer, batch);
                        passes++;
                    }
                }
            }
        }
    }

    private static void forward(Trainer trainer, Batch batch) {
        for (Batch part : batch.split(trainer.getDevices(), false)) {
            trainer.forward(part.getData(), part.getLabels());
        }
    }

    private static boolean hasStatistics(Block block) {
        return block.getParameters().values().stream()
                .anyMatch(each -> each.getType() == Parameter.Type.RUNNING_MEAN);
    }
}
