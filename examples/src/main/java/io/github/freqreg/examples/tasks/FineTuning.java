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
 * Projects a trained network to a given file size and fine-tunes it with quantisation-aware
 * training.
 *
 * @param task the task that the network was trained for
 * @param projection projects the network
 * @param epochs the number of epochs
 * @param learningRate the initial learning rate; if empty, it depends on the fraction kept
 * @param seed the random seed of the order and augmentation of training examples
 */
public record FineTuning(
        Task task, ByteProjection projection, int epochs, Optional<Float> learningRate, int seed) {

    /**
     * Projects the network of a model and trains it.
     *
     * @param model the model; its network may be dense or wrapped, and is wrapped afterwards
     * @param device the device to train on
     * @param limit the limit on the size of the file
     * @param log prints a line for each epoch
     * @return the quantised content of the file, with names and shapes
     * @throws IllegalArgumentException if the bytes are too few for the network
     */
    public FrqDocument run(Model model, Device device, ByteLimit limit, TrainingLog log)
            throws IOException, MalformedModelException {
        Block block = model.getBlock();
        if (FrequencyBlocks.isWrapped(block)) {
            block = FrequencyBlocks.toDense(block);
        }
        model.setBlock(projection.apply(block, limit.bytes()));
        Task.Settings usual = task.defaults().dense();
        float rate = learningRate.orElseGet(() -> rate(model.getBlock()));
        Task.Settings settings = new Task.Settings(usual.batchSize(), rate, usual.beta1());
        TrainingPlan plan =
                new TrainingPlan(epochs, settings, Descent.ADAM, 0, Optional.of(limit), seed);
        Trained trained = new Training(task, plan, log).run(model, device);
        return FrequencyFile.toDocument(model.getBlock(), trained.quantization().orElseThrow());
    }

    /**
     * Interpolates, on logarithmic scales, between the learning rate of a dense network (all
     * numbers kept) and that of a compressed network (one number kept).
     */
    private float rate(Block block) {
        double kept = FrequencyFile.countNumbers(block);
        double all = CompressionReport.of(block).getOriginal();
        double share = Math.log(kept) / Math.log(all);
        double plain = task.defaults().denseRate();
        double compressed = task.defaults().tuning((long) kept).learningRate();
        return (float) (Math.pow(plain, share) * Math.pow(compressed, 1 - share));
    }
}
