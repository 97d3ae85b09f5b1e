package io.github.freqreg.examples.tasks;

import ai.djl.nn.Block;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.util.Set;

/**
 * Projects a trained network to as many coefficients as a file can hold.
 *
 * @param network the network
 * @param axes what is done with the axes of its tensors
 */
public record ByteProjection(Network network, Set<AxisTreatment> axes) {

    /**
     * Projects a network.
     *
     * @param block plain, initialised
     * @param bytes of the file
     * @return the network, wrapped
     * @throws IllegalArgumentException if there are too few bytes for the network
     */
    public Block apply(Block block, long bytes) {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder().optBudgetBytes(bytes);
        CompressedTensors.ALL.choose(policy);
        Axes.add(policy, network, policy.build().plan(block), axes);
        return policy.build().apply(block);
    }
}
