package io.github.freqreg.benchmarks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;

/** How a network is computed. */
public enum Way {
    /** Plain DJL. */
    DENSE(null),
    /** With the weights rebuilt. */
    REBUILD(Strategy.REBUILD),
    /** Between frequencies. */
    FACTORED(Strategy.FACTORED),
    /** Fused with what follows each layer. */
    FUSED(Strategy.FUSED),
    /** As the cost model picks. */
    AUTO(Strategy.AUTO);

    private final Strategy strategy;

    Way(Strategy strategy) {
        this.strategy = strategy;
    }

    /** Wraps a fresh block; of the dense way it stays plain. */
    public Block wrap(Block block, FrequencyRegularizationBuilder policy, Shape... inputs) {
        return strategy == null ? block : policy.optStrategy(strategy).build().apply(block, inputs);
    }
}
