package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.PairList;
import io.github.freqreg.ResidualBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.execution.Factorization;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers inside a block that is wrapped whole compute factored. */
class CalledLayersTest {

    private static final Shape INPUT = new Shape(4, 6);

    static Stream<BlockCases.Case> cases() {
        List<String> whole =
                List.of(
                        "ScaledDotProductAttentionBlock",
                        "TransformerEncoderBlock",
                        "BertBlock",
                        "a class of one's own");
        return Stream.concat(
                BlockCases.cases().filter(each -> whole.contains(each.name())),
                Stream.of(
                        new BlockCases.Case(
                                "convolutions",
                                () -> new ResidualBlock(pointwise(5), pointwise(3)),
                                TestModels.SMALL_INPUT),
                        new BlockCases.Case("a list", () -> layers(ArrayList::new), INPUT),
                        new BlockCases.Case("calls in a loop", Loop::new, INPUT)));
    }

    /** Answers and steps are those of rebuilt weights, and no weight of a layer is rebuilt. */
    @ParameterizedTest
    @MethodSource("cases")
    void computesFactored(BlockCases.Case each) {
        try (NDManager manager = NDManager.newBaseManager();
                Model rebuilt = wrapped(each, Strategy.REBUILD);
                Model factored = wrapped(each, Strategy.FACTORED)) {
            NDList inputs = each.inputs().apply(manager);
            for (int i = 0; i < 2; i++) {
                TestModels.assertClose(
                        TestModels.predict(rebuilt.getBlock(), manager, inputs),
                        TestModels.predict(factored.getBlock(), manager, inputs),
                        1e-4);
                step(rebuilt, inputs);
                step(factored, inputs);
            }
            TestModels.assertSameParameters(rebuilt.getBlock(), factored.getBlock(), 1e-3);
            List<LayerPick> picks = FrequencyBlocks.picks(factored.getBlock());
            assertTrue(picks.size() >= 4, picks.toString());
            for (LayerPick pick : picks) {
                assertTrue(
                        FrequencyBlocks.kept(factored.getBlock()).containsKey(pick.name()),
                        pick.toString());
                assertNotSame(Factorization.REBUILD, pick.pick().factorization(), pick.toString());
            }
        }
    }

    private static ScaledDotProductAttentionBlock attention() {
        return ScaledDotProductAttentionBlock.builder().setEmbeddingSize(8).setHeadCount(2).build();
    }

    private static Block pointwise(int filters) {
        return Conv2d.builder().setFilters(filters).setKernelShape(new Shape(1, 1)).build();
    }

    private static Model wrapped(BlockCases.Case each, Strategy strategy) {
        Model model = each.plain();
        TestModels.policy(7).apply(model);
        FrequencyBlocks.setStrategy(model.getBlock(), strategy);
        return model;
    }

    private static void step(Model model, NDList inputs) {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
            TestModels.step(trainer, inputs);
        }
    }

    @Test
    void freshNetworkIsInitialisedThroughItsFields() {
        Block block =
                TestModels.policy(7)
                        .apply(
                                new ResidualBlock(TestModels.linear(5), TestModels.linear(6)),
                                INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            assertEquals(2, FrequencyBlocks.kept(block).size());
            assertEquals(24, TestModels.answer(block, INPUT).length);
        }
    }

    @Test
    void plainNetworkHasItsOwnLayersAgain() {
        ScaledDotProductAttentionBlock attention = attention();
        Linear key = attention.getKeyProjection();
        try (Model model = TestModels.model(attention, new Shape(2, 5, 8))) {
            TestModels.policy(7).apply(model);
            assertInstanceOf(CalledLinear.class, attention.getKeyProjection());
            assertSame(
                    key.getDirectParameters().get("weight"),
                    attention.getKeyProjection().getDirectParameters().get("weight"));
            FrequencyBlocks.toDense(model);
            assertSame(attention, model.getBlock());
            assertSame(key, attention.getKeyProjection());
        }
        Layers layers = layers(ArrayList::new);
        List<Linear> before = List.copyOf(layers.layers);
        try (Model model = TestModels.model(layers, INPUT)) {
            TestModels.policy(7).apply(model);
            assertInstanceOf(CalledLinear.class, layers.layers.get(0));
            FrequencyBlocks.toDense(model);
            assertEquals(before, layers.layers);
        }
    }

    /** A layer that is initialised once would otherwise take the shape of each batch. */
    @Test
    void trainingLeavesTheShapesOfLayersAlone() {
        ScaledDotProductAttentionBlock attention = attention();
        Linear key = attention.getKeyProjection();
        Shape input = new Shape(2, 5, 8);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = TestModels.model(attention, input)) {
            TestModels.policy(7).apply(model);
            Shape before = key.getInputShapes()[0];
            assertTrue(attention.getKeyProjection().isInitialized());
            NDList other = new NDList(TestModels.random(manager, new Shape(3, 4, 8)));
            step(model, other);
            assertEquals(before, key.getInputShapes()[0]);
            assertEquals(before, attention.getKeyProjection().getInputShapes()[0]);
        }
    }

    @Test
    void fieldThatWasSetSinceKeepsItsNewBlock() {
        Fields fields = new Fields();
        Block own = TestModels.convolution(2);
        try (Model model = TestModels.model(fields, TestModels.SMALL_INPUT)) {
            TestModels.policy(7).apply(model);
            assertInstanceOf(CalledConv2d.class, fields.convolution);
            assertInstanceOf(CalledConv2d.class, fields.block);
            assertEquals(Conv2d.class, fields.object.getClass());
            assertEquals(Conv2d.class, fields.variable.getClass());
            assertEquals(
                    2, FrequencyBlocks.picks(predicted(model)).size(), "the others are rebuilt");
            fields.block = own;
            FrequencyBlocks.toDense(model);
            assertSame(own, fields.block);
            assertEquals(Conv2d.class, fields.convolution.getClass());
        }
    }

    private static Block predicted(Model model) {
        FrequencyBlocks.setStrategy(model.getBlock(), Strategy.FACTORED);
        TestModels.answer(model.getBlock(), TestModels.SMALL_INPUT);
        return model.getBlock();
    }

    /** References that cannot be exchanged, or are not found, cost only speed. */
    @Test
    void layersThatAreNotExchangedAreRebuilt() {
        for (Layers layers : List.of(layers(List::copyOf), new Captured())) {
            try (Model model = TestModels.model(layers, INPUT)) {
                TestModels.policy(7).apply(model);
                FrequencyBlocks.setStrategy(model.getBlock(), Strategy.FACTORED);
                float[] wrapped = TestModels.answer(model.getBlock(), INPUT);
                assertTrue(FrequencyBlocks.picks(model.getBlock()).isEmpty());
                FrequencyBlocks.toDense(model);
                float[] plain = TestModels.answer(model.getBlock(), INPUT);
                for (int i = 0; i < plain.length; i++) {
                    assertEquals(plain[i], wrapped[i], 1e-5);
                }
            }
        }
    }

    private static Layers layers(UnaryOperator<List<Linear>> list) {
        return new Layers(list);
    }

    /** Fields of all kinds of declaration, as a generic class may have them. */
    private static class Generic<B extends Block> extends AbstractBlock {

        final Conv2d convolution = addChildBlock("a", TestModels.convolution(2));
        Block block = addChildBlock("b", (Block) TestModels.convolution(2));
        final Object object = addChildBlock("c", TestModels.convolution(2));
        final B variable;

        Generic(B variable) {
            this.variable = addChildBlock("d", variable);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDList outputs = new NDList();
            for (Block each : List.of(convolution, block, (Block) object, variable)) {
                outputs.addAll(each.forward(store, inputs, training));
            }
            return outputs;
        }

        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {
            getChildren().values().forEach(each -> each.initialize(manager, dataType, inputShapes));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }

    private static final class Fields extends Generic<Conv2d> {

        Fields() {
            super(TestModels.convolution(2));
        }
    }

    /** Calls two layers that a field holds in a list. */
    private static class Layers extends AbstractBlock {

        private final List<Linear> layers;

        Layers(UnaryOperator<List<Linear>> list) {
            layers = list.apply(List.of(TestModels.linear(5), TestModels.linear(6)));
            layers.forEach(each -> addChildBlock("layer", each));
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDList outputs = inputs;
            for (Block layer : called()) {
                outputs = Activation.tanh(layer.forward(store, outputs, training));
            }
            return outputs;
        }

        List<Linear> called() {
            return layers;
        }

        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {
            layers.get(0).initialize(manager, dataType, inputShapes);
            layers.get(1).initialize(manager, dataType, layers.get(0).getOutputShapes(inputShapes));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }

    /** Calls its layers three times, as a recurrent cell does. */
    private static final class Loop extends Layers {

        Loop() {
            super(ArrayList::new);
        }

        @Override
        List<Linear> called() {
            List<Linear> calls = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                calls.addAll(super.called());
            }
            return calls;
        }
    }

    /** Calls its layers through a variable that no field shows. */
    private static final class Captured extends Layers {

        private final Supplier<List<Linear>> hidden;

        Captured() {
            super(ArrayList::new);
            List<Linear> own = List.copyOf(super.called());
            hidden = () -> own;
        }

        @Override
        List<Linear> called() {
            return hidden.get();
        }
    }
}
