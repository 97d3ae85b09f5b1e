package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.util.Optional;

/**
 * Compresses a trained network to a size, and trains it further at that size.
 *
 * @param task what the network was trained for
 * @param projection chooses what is kept
 * @param epochs how many times over the training set
 * @param learningRate the first one, if the user has chosen it
 * @param seed of order and variation
 */
public record FineTuning(
        Task task, ByteProjection projection, int epochs, Optional<Float> learningRate, int seed) {

    /**
     * Projects the network of a model and trains it.
     *
     * @param model its network is plain or wrapped, and wrapped afterwards
     * @param device where to train
     * @param limit of the file's size
     * @param log gets a line for each epoch
     * @return the content of the file, with names and shapes
     * @throws IllegalArgumentException if there are too few bytes for the network
     */
    public FrqDocument run(Model model, Device device, ByteLimit limit, TrainingLog log)
            throws IOException, MalformedModelException {
        Block block = model.getBlock();
        if (FrequencyBlocks.isWrapped(block)) {
            block = FrequencyBlocks.toDense(block);
        }
        model.setBlock(projection.apply(block, limit.bytes()));
        Task.Settings usual = task.settings(false);
        float rate = learningRate.orElseGet(() -> rate(model.getBlock()));
        Task.Settings settings = new Task.Settings(usual.batchSize(), rate, usual.beta1());
        TrainingPlan plan =
                new TrainingPlan(epochs, settings, Descent.ADAM, 0, Optional.of(limit), seed);
        Trained trained = new Training(task, plan, log).run(model, device);
        return FrequencyFile.toDocument(model.getBlock(), trained.quantization().orElseThrow());
    }

    /**
     * Interpolates between the rate of the plain network, where all numbers are kept, and that of
     * the compressed one, where one is kept.
     */
    private float rate(Block block) {
        double kept = FrequencyFile.countNumbers(block);
        double all = CompressionReport.of(block).getOriginal();
        double share = Math.log(kept) / Math.log(all);
        double plain = task.settings(true).learningRate();
        double compressed = task.settings(false).learningRate();
        return (float) (Math.pow(plain, share) * Math.pow(compressed, 1 - share));
    }
}
