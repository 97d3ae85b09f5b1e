package io.github.freqreg;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** A user-defined block that calls a single layer through a field, where it cannot be replaced. */
public class CallingBlock extends AbstractBlock {

    private final Block layer;

    public CallingBlock(Block layer) {
        this.layer = addChildBlock("layer", layer);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return layer.forward(store, inputs, training);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
        layer.initialize(manager, type, inputs);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return layer.getOutputShapes(inputs);
    }
}
