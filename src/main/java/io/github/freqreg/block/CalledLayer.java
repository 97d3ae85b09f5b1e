package io.github.freqreg.block;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** Takes the place of a layer inside a block that is wrapped whole, and computes it factored. */
final class CalledLayer extends StandInBlock<Block> {

    private final FactoredLayer factored;

    /**
     * Replaces a layer.
     *
     * @param original the layer
     * @param factored computes it without its dense weight
     */
    CalledLayer(Block original, FactoredLayer factored) {
        super(original);
        this.factored = factored;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return factored.call(parameterStore, inputs, training, params);
    }
}
