package io.github.freqreg;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * A user-defined block that calls its layers through fields, so it is wrapped as a whole.
 *
 * <p>Computes {@code second(tanh(first(x))) + x}.
 */
public final class ResidualBlock extends AbstractBlock {

    private final Block first;
    private final Block second;

    /** A block of two layers; the second has as many outputs as the first has inputs. */
    public ResidualBlock(Block first, Block second) {
        this.first = addChildBlock("first", first);
        this.second = addChildBlock("second", second);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDList hidden = first.forward(parameterStore, inputs, training);
        NDList outputs = second.forward(parameterStore, Activation.tanh(hidden), training);
        return new NDList(outputs.singletonOrThrow().add(inputs.singletonOrThrow()));
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        first.initialize(manager, dataType, inputShapes);
        second.initialize(manager, dataType, first.getOutputShapes(inputShapes));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }
}
