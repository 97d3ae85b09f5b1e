package io.github.freqreg.nn;

import ai.djl.nn.Block;
import io.github.freqreg.Internal;
import java.util.ArrayList;
import java.util.List;

/**
 * A block or parameter store whose results depend on more than inputs and the values of parameters,
 * such as on quantisation steps.
 */
@Internal
public interface Stateful {

    /**
     * Returns whatever else determines the results.
     *
     * @return an object that is equal to an earlier one only if equal parameters still give equal
     *     results
     */
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
