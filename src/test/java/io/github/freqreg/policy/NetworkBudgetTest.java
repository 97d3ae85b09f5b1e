package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static io.github.freqreg.policy.SmallNetwork.SMALL_BIASES;
import static io.github.freqreg.policy.SmallNetwork.SMALL_WEIGHTS;
import static io.github.freqreg.policy.SmallNetwork.chosenOfSmall;
import static io.github.freqreg.policy.SmallNetwork.keptOfFresh;
import static io.github.freqreg.policy.SmallNetwork.keptOfSmall;
import static io.github.freqreg.policy.SmallNetwork.numbers;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static io.github.freqreg.policy.SmallNetwork.small;
import static io.github.freqreg.policy.SmallNetwork.weights;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.CallingBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.CompressionReport;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Budgets of numbers and of bytes for a whole network. */
class NetworkBudgetTest {

    @ParameterizedTest
    @ValueSource(longs = {18, 19, 20, 100, 338, 339, 340, 700, 818, 819})
    void budgetCountsEveryNumberAndIsMetExactly(long budget) {
        for (FrequencyRegularizationBuilder each :
                List.of(policy(), FrequencyRegularization.builder())) {
            try (Model model = small()) {
                each.optBudget(budget).build().apply(model);
                assertEquals(budget, numbers(model.getBlock()));
                assertEquals(budget, CompressionReport.of(model.getBlock()).getKept());
            }
        }
    }

    @Test
    void budgetAboveTheNetworksSizeKeepsAll() {
        for (FrequencyRegularizationBuilder each :
                List.of(policy(), FrequencyRegularization.builder())) {
            try (Model model = small()) {
                each.optBudget(1_000_000).build().apply(model);
                assertEquals(SMALL_WEIGHTS + SMALL_BIASES, numbers(model.getBlock()));
            }
        }
    }

    @Test
    void byteBudgetKeepsTwoCoefficientsForEachRemainingByte() {
        // Of 100 bytes the 15 biases take 30.
        assertEquals(List.of(46, 47, 47), keptOfFresh(weights().optBudgetBytes(100)));
        FrequencyRegularization policy = weights().optBudgetBytes(31).build();
        IllegalArgumentException failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT));
        assertContains(failure, "31 bytes", "3 tensors");
    }

    @Test
    void aBudgetChoosesAllTrainedParametersAndThatOfThePaperWeights() {
        List<String> weights = List.of("01Conv2d_weight", "03Conv2d_weight", "06Linear_weight");
        List<String> all = TestModels.smallNetwork().getParameters().keys();
        assertEquals(all, chosenOfSmall(FrequencyRegularization.builder().optBudget(1_000)));
        assertEquals(all, chosenOfSmall(FrequencyRegularization.builder().optBudgetBytes(90)));
        assertEquals(weights, chosenOfSmall(FrequencyRegularization.builder().optKept(9)));
        assertEquals(weights, chosenOfSmall(policy().optBudget(119)));
        // Explicit choices are respected.
        assertEquals(
                weights,
                chosenOfSmall(
                        FrequencyRegularization.builder()
                                .optParameterTypes(Parameter.Type.WEIGHT)
                                .optBudget(119)));
        assertEquals(
                List.of("06Linear_weight", "06Linear_bias"),
                chosenOfSmall(
                        FrequencyRegularization.builder()
                                .optBudget(20)
                                .optLayerTypes(LayerType.LINEAR)));
    }

    /** A token of 40 numbers beside a layer of 50: the class would be one unit. */
    @Test
    void parametersBesideLayersAreWrappedOnlyWhereTheyAreMany() {
        List<String> layer = List.of("01layer_weight", "01layer_bias");
        List<String> all = List.of("token", "01layer_weight", "01layer_bias");
        assertEquals(layer, chosenOfWithToken(FrequencyRegularization.builder().optBudget(320)));
        assertEquals(all, chosenOfWithToken(FrequencyRegularization.builder().optBudget(319)));
        assertEquals(
                all,
                chosenOfWithToken(
                        FrequencyRegularization.builder().optBudget(320).optSeededStart(1)));
        assertEquals(
                all,
                chosenOfWithToken(
                        FrequencyRegularization.builder()
                                .optBudget(320)
                                .optParameterTypes(Parameter.Type.values())));
    }

    private static List<String> chosenOfWithToken(FrequencyRegularizationBuilder policy) {
        return policy.build().plan(new WithToken(), new Shape(2, 4)).stream()
                .filter(TensorChoice::regularized)
                .map(TensorChoice::name)
                .toList();
    }

    /** A class with a parameter of its own and a layer. */
    private static final class WithToken extends CallingBlock {

        private WithToken() {
            super(TestModels.linear(10));
            addParameter(
                    Parameter.builder()
                            .setName("token")
                            .setType(Parameter.Type.OTHER)
                            .optShape(new Shape(40))
                            .optInitializer(Initializer.ONES)
                            .build());
        }
    }

    @Test
    void anErrorNamesNothingLeftAloneIfThereIsNothing() {
        FrequencyRegularization policy = FrequencyRegularization.builder().optBudget(3).build();
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT));
        assertEquals(
                "The budget is 3 numbers, but 6 tensors need one coefficient each; or give at least"
                        + " 6 to optBudget",
                e.getMessage());
    }

    /** A budget wraps biases and normalisation, but no running statistics. */
    @Test
    void budgetNeverChoosesRunningStatistics() {
        Block block =
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(BatchNorm.builder().build());
        List<String> chosen =
                FrequencyRegularization.builder()
                        .optBudget(9)
                        .build()
                        .plan(block, TestModels.SMALL_INPUT)
                        .stream()
                        .filter(TensorChoice::regularized)
                        .map(TensorChoice::name)
                        .toList();
        assertEquals(
                List.of(
                        "01Conv2d_weight",
                        "01Conv2d_bias",
                        "02BatchNorm_gamma",
                        "02BatchNorm_beta"),
                chosen);
    }

    @Test
    void errorNamesTheLargestUncompressedTensorsAndTheRemedy() {
        FrequencyRegularizationBuilder policy =
                policy().optLayerTypes(LayerType.CONVOLUTION, LayerType.LINEAR)
                        .optExclude("^06Linear_weight")
                        .optInclude("01|06")
                        .optParameterTypes(Parameter.Type.WEIGHT)
                        .optBudgetBytes(50);
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        policy.build()
                                                .apply(
                                                        TestModels.smallNetwork(),
                                                        TestModels.SMALL_INPUT))
                        .getMessage();
        // 480 + 216 + 15 dense numbers take 1,422 bytes; one byte more allows a coefficient.
        assertContains(
                message,
                "50 bytes",
                "711 numbers of two bytes",
                "06Linear_weight (5, 96) has 480, its name is excluded by ^06Linear_weight (see"
                        + " optExclude)",
                "03Conv2d_weight (6, 4, 3, 3) has 216, its name does not match 01|06 (see"
                        + " optInclude)",
                "03Conv2d_bias (6) has 6, parameters of type BIAS are not chosen (see"
                        + " optParameterTypes)",
                "at least 1423 to optBudgetBytes");
        assertFalse(message.contains("01Conv2d_bias"), message);
        policy.optBudgetBytes(1_422);
        assertThrows(
                IllegalArgumentException.class,
                () -> policy.build().apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT));
        policy.optBudgetBytes(1_423)
                .build()
                .apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
    }

    @Test
    void budgetRejectsOverrides() {
        FrequencyRegularizationBuilder builder =
                policy().addOverrideKept("Conv2d", 1).optBudget(200);
        assertContains(
                assertThrows(IllegalArgumentException.class, builder::build), "200", "1 overrides");
    }

    @Test
    void tooSmallABudgetIsRejected() {
        try (Model model = small()) {
            FrequencyRegularization policy = weights().optBudget(17).build();
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> policy.apply(model));
            assertContains(failure, "17", String.valueOf(SMALL_BIASES), "3 tensors");
            assertEquals(0, FrequencyBlocks.in(model.getBlock()).size());
        }
    }

    @Test
    void budgetNeedsKnownShapes() {
        FrequencyRegularization policy = policy().optBudget(100).build();
        IllegalStateException failure =
                assertThrows(
                        IllegalStateException.class, () -> policy.apply(TestModels.smallNetwork()));
        assertContains(failure, "not initialised", "inputShapes");
        try (Model model = Model.newInstance("test")) {
            Block block = policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
            assertFalse(block.isInitialized());
            block.initialize(model.getNDManager(), DataType.FLOAT32, TestModels.SMALL_INPUT);
            assertEquals(100, numbers(block));
        }
    }

    @Test
    void laterRateReplacesABudget() {
        assertEquals(
                List.of(11, 22, 48),
                keptOfSmall(policy().optBudget(20).optFloors(false).optKeepRate(0.1)));
    }
}
