package io.github.freqreg.block;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;

/** The small network in several states, and a policy for it. */
final class SmallNetworks {

    static final Shape INPUT = TestModels.SMALL_INPUT;

    /** The number of coefficients that {@link #policy} keeps of each weight. */
    static final int KEPT = 9;

    private SmallNetworks() {}

    static FrequencyRegularization policy() {
        return TestModels.policy(KEPT);
    }

    static SequentialBlock initialized(NDManager manager) {
        return TestModels.initialized(TestModels.smallNetwork(), manager, INPUT);
    }

    /** The network is initialised, all but its last layer. */
    static SequentialBlock withFreshHead(NDManager manager) {
        SequentialBlock block = initialized(manager);
        block.replaceLastBlock(TestModels.linear(3));
        return block;
    }
}
