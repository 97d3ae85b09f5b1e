package io.github.freqreg.interop;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.LinkedHashMap;
import java.util.Map;

/** A block of named children with an input shape for each, of which only the parameters matter. */
final class NamedParts extends AbstractBlock {

    private final Map<Block, Shape> shapes = new LinkedHashMap<>();

    NamedParts with(String name, Block part, Shape input) {
        shapes.put(addChildBlock(name, part), input);
        return this;
    }

    NamedParts with(String name, Shape shape) {
        addParameter(
                Parameter.builder()
                        .setName(name)
                        .setType(Parameter.Type.OTHER)
                        .optShape(shape)
                        .optInitializer((manager, its, type) -> manager.zeros(its, type))
                        .build());
        return this;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store, NDList inputs, boolean training, PairList<String, Object> more) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
        shapes.forEach((part, shape) -> part.initialize(manager, type, shape));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return inputs;
    }
}
