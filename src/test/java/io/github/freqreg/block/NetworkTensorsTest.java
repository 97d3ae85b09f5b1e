package io.github.freqreg.block;

import static io.github.freqreg.block.SmallNetworks.INPUT;
import static io.github.freqreg.block.SmallNetworks.initialized;
import static io.github.freqreg.block.SmallNetworks.policy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.interop.DenseWeights;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Names of the tensors of a network. */
@UsesEngine
class NetworkTensorsTest {

    private final NDManager manager;

    NetworkTensorsTest(NDManager manager) {
        this.manager = manager;
    }

    @Test
    void childrenWithEqualNamesAreRejected() {
        Block block = new TwoOfOneName(initialized(manager), initialized(manager));
        block.initialize(manager, DataType.FLOAT32, INPUT);
        Stream.<Consumer<Block>>of(
                        each -> policy().plan(each),
                        each -> policy().apply(each),
                        FrequencyFile::countNumbers,
                        each -> FrequencyFile.toDocument(each, DataType.FLOAT16),
                        each -> DenseWeights.of(each, manager, UnaryOperator.identity()))
                .forEach(
                        look -> {
                            IllegalStateException e =
                                    assertThrows(
                                            IllegalStateException.class, () -> look.accept(block));
                            assertTrue(
                                    e.getMessage().contains("part_01Conv2d_weight"),
                                    e.getMessage());
                        });
    }

    @Test
    void denseHeadHasItsPlainNameAgain() {
        SequentialBlock network = initialized(manager);
        network.replaceLastBlock(policy().apply(TestModels.linear(3)));
        network.initialize(manager, DataType.FLOAT32, INPUT);
        Block dense = FrequencyBlocks.toDense(network);
        assertTrue(FrequencyBlocks.parameters(dense).containsKey("06Linear_weight"));
    }

    /** The name of a class of the user's own may end like that of a wrapped layer. */
    @Test
    void aClassOfASimilarNameKeepsItsName() {
        Block network =
                new SequentialBlock().add(new HighFrequencyBlock().add(TestModels.convolution(2)));
        network.initialize(manager, DataType.FLOAT32, INPUT);
        assertEquals(
                network.getParameters().keys(),
                List.copyOf(FrequencyBlocks.parameters(network).keySet()));
    }

    private static final class HighFrequencyBlock extends SequentialBlock {}

    /** Two children with the same name, which DJL permits. */
    private static final class TwoOfOneName extends AbstractBlock {

        private final Block sum = new LambdaBlock(list -> list);

        TwoOfOneName(Block first, Block second) {
            children.add("part", first);
            children.add("part", second);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return sum.forward(store, inputs, training);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return inputs;
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
            for (Block child : getChildren().values()) {
                child.initialize(manager, type, inputs);
            }
        }
    }
}
