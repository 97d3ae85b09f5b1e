package io.github.freqreg.examples.tasks;

import ai.djl.nn.Block;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;

/**
 * Projects a trained network to as many coefficients as fit into a file of a given size.
 *
 * @param network the network
 */
public record ByteProjection(Network network) {

    /**
     * Projects a network.
     *
     * @param block the dense network, initialised
     * @param bytes the most bytes of the file
     * @return the wrapped network
     * @throws IllegalArgumentException if the bytes are too few for the network
     */
    public Block apply(Block block, long bytes) {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder().optBudgetBytes(bytes);
        CompressedTensors.ALL.choose(policy);
        Heads.split(policy, network, policy.build().plan(block));
        return policy.build().apply(block);
    }
}
