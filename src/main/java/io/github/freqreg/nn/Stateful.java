package io.github.freqreg.nn;

import ai.djl.nn.Block;
import io.github.freqreg.Internal;
import java.util.ArrayList;
import java.util.List;

/**
 * A block whose outputs depend on more than its inputs and the values of its parameters, such as on
 * quantisation steps.
 */
@Internal
public interface Stateful {

    /** {@return what else the outputs depend on; equal objects if the block computes the same} */
    Object getState();

    /**
     * Collects the states of all blocks of a network.
     *
     * @param network any block
     * @return the states, in the order of the blocks
     */
    static List<Object> statesOf(Block network) {
        List<Object> states = new ArrayList<>();
        collect(network, states);
        return states;
    }

    private static void collect(Block block, List<Object> states) {
        if (block instanceof Stateful its) {
            states.add(its.getState());
        }
        block.getChildren().values().forEach(child -> collect(child, states));
    }
}
