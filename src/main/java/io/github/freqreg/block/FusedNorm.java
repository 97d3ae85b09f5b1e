package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import io.github.freqreg.nn.ChannelNorm;
import io.github.freqreg.nn.LazyMaps;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Computes DJL's batch normalisation together with the factored convolution before it, if the
 * channels of its input are not computed yet.
 *
 * <p>In training, running statistics are updated as the engine does: with the decay m,
 *
 * <pre>
 * running mean ← m · running mean + (1 - m) · mean
 * running variance ← m · running variance + (1 - m) · n / (n - 1) · variance
 * </pre>
 *
 * <p>for the n numbers of a channel in the batch.
 */
final class FusedNorm {

    private static final PrivateField<BatchNorm, Float> EPSILON =
            new PrivateField<>(BatchNorm.class, "epsilon", float.class);
    private static final PrivateField<BatchNorm, Float> MOMENTUM =
            new PrivateField<>(BatchNorm.class, "momentum", float.class);
    private static final PrivateField<BatchNorm, Integer> AXIS =
            new PrivateField<>(BatchNorm.class, "axis", int.class);

    private FusedNorm() {}

    /** Returns whether a block is a batch normalisation that can be fused. */
    static boolean canFuse(Block block) {
        return block.getClass() == BatchNorm.class
                && EPSILON.isOpen()
                && MOMENTUM.isOpen()
                && AXIS.isOpen()
                && AXIS.get((BatchNorm) block) == 1;
    }

    /** Returns ε of a batch normalisation, if it can be read. */
    static OptionalDouble epsilon(BatchNorm block) {
        return EPSILON.isOpen() ? OptionalDouble.of(EPSILON.get(block)) : OptionalDouble.empty();
    }

    /**
     * Normalises channels that are not computed yet.
     *
     * @param block that can be fused
     * @param store answers with its parameters
     * @param inputs of the block
     * @param training whether to use the statistics of the batch, and to update the running ones
     * @return the output, not computed yet; nothing if the inputs are computed
     */
    static Optional<NDList> forward(
            Block block, ParameterStore store, NDList inputs, boolean training) {
        if (!(inputs instanceof LazyMaps maps) || !maps.canNormalize()) {
            return Optional.empty();
        }
        BatchNorm norm = (BatchNorm) block;
        Device device = maps.getDevice();
        NDArray gamma = value(norm, "gamma", store, device, training);
        NDArray beta = value(norm, "beta", store, device, training);
        NDArray mean = value(norm, "runningMean", store, device, training);
        NDArray variance = value(norm, "runningVar", store, device, training);
        Optional<ChannelNorm.Statistics> given =
                training
                        ? Optional.empty()
                        : Optional.of(new ChannelNorm.Statistics(mean, variance, 0));
        float decay = MOMENTUM.get(norm);
        return Optional.of(
                maps.normalize(
                        new ChannelNorm(
                                EPSILON.get(norm),
                                gamma,
                                beta,
                                given,
                                batch -> update(mean, variance, batch, decay))));
    }

    private static NDArray value(
            BatchNorm norm, String name, ParameterStore store, Device device, boolean training) {
        Parameter parameter = norm.getDirectParameters().get(name);
        return store.getValue(parameter, device, training);
    }

    private static void update(
            NDArray mean, NDArray variance, ChannelNorm.Statistics batch, float decay) {
        double unbiased = (double) batch.numbers() / (batch.numbers() - 1);
        average(mean, batch.mean(), decay, 1);
        average(variance, batch.variance(), decay, unbiased);
    }

    private static void average(NDArray running, NDArray batch, float decay, double factor) {
        try (NDArray share = batch.mul((1 - decay) * factor)) {
            running.muli(decay).addi(share);
        }
    }
}
