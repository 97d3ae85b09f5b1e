package io.github.freqreg.block;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.execution.PassMode;

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

    /**
     * Computes a layer: factored, if the store belongs to the pass of a frequency block and this is
     * cheaper, and otherwise by the layer itself.
     *
     * @param original the layer
     * @param factored computes it without its dense weight
     * @param store the caller's store
     * @param inputs of the layer
     * @param training whether the caller is training
     * @param params the caller's parameters
     */
    static NDList forward(
            Block original,
            FactoredLayer factored,
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (store instanceof RebuildingParameterStore pass) {
            PassMode mode = pass.isTraining() ? PassMode.TRAINING : PassMode.INFERENCE;
            return factored.forward(pass, inputs, mode)
                    .orElseGet(() -> original.forward(store, inputs, training, params));
        }
        return original.forward(store, inputs, training, params);
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return forward(getOriginal(), factored, parameterStore, inputs, training, params);
    }
}
