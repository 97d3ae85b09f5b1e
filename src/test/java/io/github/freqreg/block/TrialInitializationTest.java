package io.github.freqreg.block;

import static io.github.freqreg.block.SmallNetworks.INPUT;
import static io.github.freqreg.block.SmallNetworks.KEPT;
import static io.github.freqreg.block.SmallNetworks.initialized;
import static io.github.freqreg.block.SmallNetworks.policy;
import static io.github.freqreg.block.SmallNetworks.withFreshHead;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.TensorChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plans, counts, exports and reports read a network and leave no trace in it. */
@UsesEngine
class TrialInitializationTest {

    private final NDManager manager;

    TrialInitializationTest(NDManager manager) {
        this.manager = manager;
    }

    /** States of a network before inspection. */
    enum State {
        PLAIN(test -> TestModels.smallNetwork()),
        INITIALIZED(test -> initialized(test.manager)),
        PARTLY_INITIALIZED(test -> withFreshHead(test.manager)),
        WRAPPED(test -> policy().apply(initialized(test.manager))),
        WRAPPED_FRESH(test -> policy().apply(TestModels.smallNetwork())),
        PARTLY_WRAPPED(
                test ->
                        FrequencyRegularization.builder()
                                .optKept(KEPT)
                                .optInclude("03Conv2d")
                                .build()
                                .apply(initialized(test.manager))),
        PARTLY_WRAPPED_AND_INITIALIZED(
                test -> {
                    SequentialBlock block =
                            (SequentialBlock) policy().apply(initialized(test.manager));
                    block.replaceLastBlock(TestModels.linear(3));
                    return block;
                });

        private final Function<TrialInitializationTest, Block> maker;

        State(Function<TrialInitializationTest, Block> maker) {
            this.maker = maker;
        }
    }

    private static void assertSameNumbers(Map<String, List<Float>> expected, Block block) {
        Map<String, List<Float>> found = TestModels.numbers(block);
        assertEquals(List.copyOf(expected.keySet()), List.copyOf(found.keySet()));
        assertEquals(expected, found);
    }

    @ParameterizedTest
    @EnumSource
    void inspectionChangesNothing(State state) {
        Block block = state.maker.apply(this);
        Map<String, List<Float>> before = TestModels.numbers(block);
        boolean initialized = block.isInitialized();
        List<Shape> shapes = shapes(block);
        List<Boolean> gradients = gradients(block);
        List<Object> initializers = initializers(block);
        for (Consumer<Block> look : looks()) {
            try {
                look.accept(block);
            } catch (IllegalStateException | IllegalArgumentException e) {
                // Some operations need an initialised or a wrapped network.
                assertFalse(initialized && FrequencyBlocks.isWrapped(block), e.toString());
            }
            assertSameNumbers(before, block);
            assertEquals(initialized, block.isInitialized());
            assertEquals(shapes, shapes(block));
            assertEquals(gradients, gradients(block));
            assertEquals(initializers, initializers(block));
        }
        if (initialized) {
            assertArrayEquals(new Shape[] {INPUT}, block.getInputShapes());
        }
    }

    private List<Consumer<Block>> looks() {
        return List.of(
                block -> policy().plan(block),
                block -> policy().plan(block, INPUT),
                block -> policy().plan(block, new Shape(7, 3, 8, 8)),
                block -> policy().plan(block, new Shape(1, 2)),
                FrequencyBlocks::isWrapped,
                FrequencyFile::countNumbers,
                block -> FrequencyFile.toDocument(block, DataType.FLOAT16),
                block -> FrequencyFile.toDocument(block, Quantization.fit(block, 2_000, true)),
                block -> assertNotNull(DenseWeights.of(block, manager, UnaryOperator.identity())),
                block -> DenseWeights.coefficientsOf(block, manager, UnaryOperator.identity()),
                ExecutionReport::of,
                block ->
                        FrequencyBlocks.in(block)
                                .forEach(
                                        each -> {
                                            FrequencyBlocks.tensors(each);
                                            FrequencyBlocks.kept(each);
                                            each.getWrappedType();
                                        }));
    }

    private static List<Shape> shapes(Block block) {
        List<Shape> shapes = new ArrayList<>();
        block.getParameters().values().forEach(parameter -> shapes.add(parameter.getShape()));
        return shapes;
    }

    private static List<Boolean> gradients(Block block) {
        return block.getParameters().values().stream()
                .map(each -> each.isInitialized() && each.getArray().hasGradient())
                .toList();
    }

    private static List<Object> initializers(Block block) {
        List<Object> initializers = new ArrayList<>();
        block.getParameters().values().forEach(each -> initializers.add(each.getInitializer()));
        return initializers;
    }

    @Test
    void planningWithShapesLeavesNoShapesBehind() {
        Block wrapped = policy().apply(TestModels.smallNetwork());
        List<TensorChoice> before = policy().plan(wrapped);
        policy().plan(wrapped, INPUT);
        assertEquals(before, policy().plan(wrapped));
    }

    @Test
    void planningChangesNothing() {
        Block block = TestModels.smallNetwork();
        policy().plan(block);
        assertEquals(0, FrequencyBlocks.in(block).size());
        assertFalse(block.isInitialized());
    }
}
