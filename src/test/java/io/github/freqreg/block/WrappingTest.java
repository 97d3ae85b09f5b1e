package io.github.freqreg.block;

import static io.github.freqreg.block.SmallNetworks.INPUT;
import static io.github.freqreg.block.SmallNetworks.policy;
import static io.github.freqreg.block.SmallNetworks.withFreshHead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.util.Pair;
import io.github.freqreg.ResidualBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which blocks become frequency blocks, and what of the network stays as it is. */
@UsesEngine
class WrappingTest {

    private final NDManager manager;

    WrappingTest(NDManager manager) {
        this.manager = manager;
    }

    @Test
    void applyKeepsInitialisedTensors() {
        SequentialBlock block = withFreshHead(manager);
        Map<String, List<Float>> before = TestModels.numbers(block);
        FrequencyRegularization everything =
                FrequencyRegularization.builder().optBudget(2_000).build();
        Block wrapped = everything.apply(block, INPUT);
        wrapped.initialize(manager, DataType.FLOAT32, INPUT);
        Block dense = FrequencyBlocks.toDense(wrapped);
        assertClose(
                before.get("01Conv2d_weight"), TestModels.numbers(dense).get("01Conv2d_weight"));
        assertClose(before.get("01Conv2d_bias"), TestModels.numbers(dense).get("01Conv2d_bias"));
        assertEquals(new Shape(3, 96), dense.getParameters().get("06Linear_weight").getShape());
    }

    /** The block is wrapped whole: one of its layers is initialised, the other is not. */
    @Test
    void partlyInitialisedBlockKeepsItsInitialisedTensors() {
        Block first = TestModels.linear(6);
        first.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
        List<Float> trained = TestModels.numbers(first).get("weight");
        Block composite = new ResidualBlock(first, TestModels.linear(8));
        Block wrapped = TestModels.everything().apply(composite);
        assertTrue(wrapped instanceof FrequencyBlock);
        wrapped.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
        Block dense = FrequencyBlocks.toDense(wrapped);
        assertClose(trained, TestModels.numbers(dense).get("01first_weight"));
    }

    private static void assertClose(List<Float> expected, List<Float> found) {
        // Eight units in the last place of the largest, for two transforms of a few hundred
        // numbers.
        float largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), 8 * Math.ulp(largest), "element " + i);
        }
    }

    @Test
    void frequencyBlocksAreNotNested() {
        Block holder =
                new ResidualBlock(policy().apply(TestModels.linear(6)), TestModels.linear(3));
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> policy().apply(holder));
        assertTrue(
                e.getMessage().contains("02second_weight") && e.getMessage().contains("Linear"),
                e.getMessage());
        // With the plain layer excluded, nothing is left to choose.
        assertThrows(
                IllegalStateException.class,
                () -> FrequencyRegularization.builder().optExclude("second").build().apply(holder));
        IllegalArgumentException none =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                FrequencyRegularization.builder()
                                        .optInclude("third")
                                        .build()
                                        .apply(holder));
        assertTrue(none.getMessage().contains("02second_weight"), none.getMessage());
    }

    @Test
    void wrappedNetworkKeepsTheNamesOfItsChildren() {
        SequentialBlock plain = TestModels.smallNetwork();
        List<String> keys = plain.getChildren().keys();
        Block wrapped = policy().apply(plain);
        assertEquals(keys, wrapped.getChildren().keys());
        // Freezing the first children therefore freezes the same layers in both networks.
        wrapped.getChildren().values().subList(0, 3).forEach(each -> each.freezeParameters(true));
        List<String> frozen =
                wrapped.getParameters().stream()
                        .filter(each -> !each.getValue().requiresGradient())
                        .map(Pair::getKey)
                        .toList();
        assertEquals(
                List.of("01Conv2d_weight", "01Conv2d_bias", "03Conv2d_weight", "03Conv2d_bias"),
                frozen);
    }

    @Test
    void classWithItsOwnForwardPassIsWrappedWhole() {
        try (Model model =
                TestModels.model(
                        new ResidualBlock(TestModels.linear(5), TestModels.linear(6)),
                        new Shape(4, 6))) {
            TestModels.everything().apply(model);
            FrequencyBlock wrapped = assertInstanceOf(FrequencyBlock.class, model.getBlock());
            assertEquals(ResidualBlock.class, wrapped.getWrappedType());
            assertEquals(4, FrequencyBlocks.kept(wrapped).size());
        }
    }

    @Test
    void layersInSequentialAndParallelBlocksAreWrappedOneByOne() {
        try (Model model = TestModels.model(BlockCases.nested(), new Shape(3, 2, 6, 6))) {
            TestModels.everything().apply(model);
            assertInstanceOf(SequentialBlock.class, model.getBlock());
            assertEquals(
                    List.of(Conv2d.class, Conv2d.class, Linear.class),
                    FrequencyBlocks.in(model.getBlock()).stream()
                            .map(FrequencyBlock::getWrappedType)
                            .toList());
        }
    }

    @Test
    void blockUsedTwiceIsWrappedOnce() {
        try (Model model = TestModels.model(TestModels.oneLayerTwice(), new Shape(4, 6))) {
            TestModels.everything().apply(model);
            List<Block> children = model.getBlock().getChildren().values();
            assertInstanceOf(FrequencyBlock.class, children.get(0));
            assertSame(children.get(0), children.get(2));
            FrequencyBlocks.toDense(model);
            children = model.getBlock().getChildren().values();
            assertInstanceOf(Linear.class, children.get(0));
            assertSame(children.get(0), children.get(2));
        }
    }

    @Test
    void layersSharingAWeightAreWrappedAsOneBlock() {
        try (Model model = TestModels.model(TiedLayer.pair(), new Shape(4, 6))) {
            TestModels.everything().apply(model);
            FrequencyBlock wrapped = assertInstanceOf(FrequencyBlock.class, model.getBlock());
            assertEquals(SequentialBlock.class, wrapped.getWrappedType());
            assertEquals(
                    List.of("01TiedLayer_weight"),
                    List.copyOf(FrequencyBlocks.kept(wrapped).keySet()));
        }
    }

    @Test
    void parametersKeepTheirNames() {
        List<String> names = TestModels.smallNetwork().getParameters().keys();
        Block block = policy().apply(TestModels.smallNetwork());
        assertEquals(names, block.getParameters().keys());
        Block linear = policy().apply(TestModels.linear(3));
        assertEquals(List.of("weight", "bias"), linear.getParameters().keys());
        assertEquals("weight", linear.getParameters().get(0).getValue().getName());
    }

    @Test
    void compositeIsWrappedInPlaceAndSingleLayerIsReplaced() {
        Block composite = TestModels.smallNetwork();
        assertSame(composite, policy().apply(composite));
        assertTrue(policy().apply(TestModels.linear(3)) instanceof FrequencyBlock);
    }
}
