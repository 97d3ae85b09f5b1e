package io.github.freqreg.benchmarks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;

/** How a network computes. */
public enum Way {
    /** Plain DJL. */
    DENSE(null),
    /** With dense weights, rebuilt from the coefficients. */
    REBUILD(Strategy.REBUILD),
    /** With frequencies, without dense weights. */
    FACTORED(Strategy.FACTORED),
    /** Factored, and fused with the blocks that follow each layer. */
    FUSED(Strategy.FUSED),
    /** As the cost model chooses. */
    AUTO(Strategy.AUTO);

    private final Strategy strategy;

    Way(Strategy strategy) {
        this.strategy = strategy;
    }

    /** Wraps a fresh block, or returns it unchanged for {@link #DENSE}. */
    public Block wrap(Block block, FrequencyRegularizationBuilder policy, Shape... inputs) {
        return strategy == null ? block : policy.optStrategy(strategy).build().apply(block, inputs);
    }
}
