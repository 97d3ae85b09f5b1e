package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Axes that a policy assigns to tensors. */
class AxesRulesTest {

    @Test
    void splitOfAnotherSizeIsRejected() {
        FrequencyRegularization split =
                FrequencyRegularization.builder()
                        .optKept(9)
                        .addSplit("Linear_weight", new Shape(5, 4, 4, 7))
                        .build();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> split.apply(TestModels.normalizedNetwork(), new Shape(2, 3, 6, 6)));
        assertTrue(e.getMessage().startsWith("The axes for " + "05Linear_weight"), e.getMessage());
    }

    static Stream<FrequencyRegularizationBuilder> policies() {
        return Stream.of(
                SmallNetwork.weights().optKeepRate(1),
                SmallNetwork.weights().optKept(5).optStartRate(1),
                SmallNetwork.weights().optBudget(10_000));
    }

    /** The weights suit the first layer alone; it must not be wrapped before the second is seen. */
    @ParameterizedTest
    @MethodSource("policies")
    void tooLargeAxisWeightsAreRejectedBeforeALayerIsWrapped(
            FrequencyRegularizationBuilder policy) {
        SequentialBlock block =
                new SequentialBlock().add(TestModels.linear(1_100)).add(TestModels.linear(2));
        try (Model model = TestModels.model(block, new Shape(1, 3))) {
            List<Block> children = block.getChildren().values();
            List<NDArray> arrays = arrays(block);
            Map<String, List<Float>> numbers = TestModels.numbers(block);
            int managed = model.getNDManager().getManagedArrays().size();
            policy.addAxisWeights("01", 32, 1).addAxisWeights("02", 1, 64);
            FrequencyRegularization weighted = policy.build();
            assertContains(
                    assertThrows(IllegalArgumentException.class, () -> weighted.apply(model)),
                    "The axes for 02Linear_weight do not fit",
                    "weights [1, 64] are too large",
                    "[2, 1100]");
            assertSame(block, model.getBlock());
            assertEquals(children, block.getChildren().values());
            assertEquals(arrays, arrays(block));
            assertEquals(numbers, TestModels.numbers(block));
            assertEquals(managed, model.getNDManager().getManagedArrays().size());
        }
    }

    private static List<NDArray> arrays(Block block) {
        return block.getParameters().values().stream().map(Parameter::getArray).toList();
    }
}
