package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static io.github.freqreg.policy.SmallNetwork.chosen;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static io.github.freqreg.policy.SmallNetwork.small;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.SymbolBlock;
import ai.djl.nn.core.Prelu;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which tensors a policy chooses, and the reason for each. */
class TensorFilterTest {

    @Test
    void weightsOfConvolutionsAndLinearLayersAreChosenByDefault() {
        Block block =
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(BatchNorm.builder().build())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(3));
        assertEquals(List.of("01Conv2d_weight", "04Linear_weight"), chosen(policy(), block));
    }

    @Test
    void layerTypesChooseLayers() {
        assertEquals(
                List.of("06Linear_weight"),
                chosen(policy().optLayerTypes(LayerType.LINEAR), TestModels.smallNetwork()));
        assertEquals(
                List.of("01Conv2d_weight", "03Conv2d_weight"),
                chosen(policy().optLayerTypes(LayerType.CONVOLUTION), TestModels.smallNetwork()));
    }

    @Test
    void parameterTypesChooseParameters() {
        assertEquals(
                List.of("01Conv2d_bias", "03Conv2d_bias", "06Linear_bias"),
                chosen(policy().optParameterTypes(Parameter.Type.BIAS), TestModels.smallNetwork()));
    }

    @Test
    void exclusionWinsOverInclusion() {
        assertEquals(
                List.of("01Conv2d_weight", "03Conv2d_weight"),
                chosen(policy().optInclude("Conv2d"), TestModels.smallNetwork()));
        assertEquals(
                List.of("03Conv2d_weight", "06Linear_weight"),
                chosen(policy().optExclude("^01"), TestModels.smallNetwork()));
        assertEquals(
                List.of("03Conv2d_weight"),
                chosen(policy().optInclude("Conv2d").optExclude("^01"), TestModels.smallNetwork()));
    }

    @Test
    void predicateChoosesShapes() {
        try (Model model = small()) {
            FrequencyRegularizationBuilder policy = policy().optShapes(s -> s.dimension() == 2);
            assertEquals(List.of("06Linear_weight"), chosen(policy, model.getBlock()));
        }
    }

    @Test
    void shapePredicateNeedsKnownShapes() {
        FrequencyRegularization policy = policy().optShapes(s -> s.dimension() == 2).build();
        IllegalStateException failure =
                assertThrows(
                        IllegalStateException.class, () -> policy.apply(TestModels.smallNetwork()));
        assertContains(failure, "not initialised", "inputShapes");
        Block block = policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        assertEquals(1, FrequencyBlocks.in(block).size());
        assertFalse(block.isInitialized());
    }

    @Test
    void planGivesTheReasonForEachParameter() {
        Map<String, String> reasons = new LinkedHashMap<>();
        Map<String, Shape> shapes = new LinkedHashMap<>();
        FrequencyRegularization policy =
                policy().optInclude("Conv2d").optExclude("^03").optShapes(s -> false).build();
        Block block = TestModels.smallNetwork().add(BatchNorm.builder().build());
        try (Model model = TestModels.model(block, TestModels.SMALL_INPUT)) {
            for (TensorChoice choice : policy.plan(model.getBlock())) {
                assertFalse(choice.regularized());
                reasons.put(choice.name(), choice.reason());
                shapes.put(choice.name(), choice.shape());
            }
            assertEquals(List.copyOf(reasons.keySet()), block.getParameters().keys());
        }
        assertEquals("its shape is not chosen", reasons.get("01Conv2d_weight"));
        assertEquals("parameters of type BIAS are not chosen", reasons.get("01Conv2d_bias"));
        assertEquals("its name is excluded by ^03", reasons.get("03Conv2d_weight"));
        assertEquals("its name does not match Conv2d", reasons.get("06Linear_weight"));
        assertEquals(
                "layers of type NORMALIZATION are not chosen", reasons.get("07BatchNorm_gamma"));
        assertEquals(new Shape(4, 3, 3, 3), shapes.get("01Conv2d_weight"));
        assertEquals(
                "WEIGHT of LINEAR",
                policy().build().plan(TestModels.smallNetwork()).get(4).reason());
    }

    @Test
    void scalarParameterIsNotChosen() {
        Block block = new SequentialBlock().add(TestModels.linear(3)).add(new Prelu());
        try (Model model = TestModels.model(block, new Shape(2, 4))) {
            TensorChoice choice =
                    TestModels.everything().plan(block).stream()
                            .filter(c -> c.name().endsWith("alpha"))
                            .findFirst()
                            .orElseThrow();
            assertFalse(choice.regularized());
            assertEquals("it has no axis to transform", choice.reason());
            TestModels.everything().apply(model);
            assertEquals(0.25f, block.getParameters().get("02Prelu_alpha").getArray().getFloat());
        }
    }

    @Test
    void normalisationIsNotChosenByDefault() {
        Block block =
                new SequentialBlock()
                        .add(TestModels.linear(3))
                        .add(BatchNorm.builder().build())
                        .add(LayerNorm.builder().build());
        try (Model model = TestModels.model(block, new Shape(2, 4))) {
            FrequencyRegularization policy =
                    FrequencyRegularization.builder().optKeepRate(1).build();
            for (TensorChoice choice : policy.plan(block)) {
                assertEquals(choice.name().endsWith("Linear_weight"), choice.regularized());
            }
            policy.apply(model);
            assertInstanceOf(FrequencyBlock.class, block.getChildren().get(0).getValue());
            assertInstanceOf(BatchNorm.class, block.getChildren().get(1).getValue());
            assertInstanceOf(LayerNorm.class, block.getChildren().get(2).getValue());
        }
    }

    @Test
    void integerTensorIsNotChosen() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block =
                    TrainableWordEmbedding.fromPretrained(
                            manager.create(new int[] {1, 2, 3, 4}, new Shape(2, 2)),
                            List.of("a", "b"));
            TensorChoice choice =
                    policy().optLayerTypes(LayerType.EMBEDDING).build().plan(block).get(0);
            assertFalse(choice.regularized());
            assertEquals("its data type is int32", choice.reason());
        }
    }

    @Test
    void symbolBlockIsNotChosen() {
        TensorChoice choice =
                policy().optLayerTypes(LayerType.OTHER).build().plan(new Symbol()).get(0);
        assertFalse(choice.regularized());
        assertContains(choice.reason(), "SymbolBlock");
    }

    @Test
    void runningStatisticsAreNeverChosen() {
        for (TensorChoice choice :
                FrequencyRegularization.builder()
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(Parameter.Type.values())
                        .build()
                        .plan(TestModels.normalizedNetwork(), new Shape(2, 3, 6, 6))) {
            assertEquals(!choice.name().contains("running"), choice.regularized(), choice.name());
        }
    }

    /** A block whose parameters belong to a graph of the engine. */
    private static final class Symbol extends AbstractBlock implements SymbolBlock {

        Symbol() {
            addParameter(
                    Parameter.builder()
                            .setName("weight")
                            .setType(Parameter.Type.WEIGHT)
                            .optShape(new Shape(2, 2))
                            .build());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameterStore,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return inputs;
        }

        @Override
        public void removeLastBlock() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
