package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.core.Prelu;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.TensorChoice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With every coefficient kept, a wrapped block computes and learns what the plain block does. */
class AnyBlockTest {

    /** A block and its inputs. */
    private record Case(String name, Supplier<Block> block, Function<NDManager, NDList> inputs) {

        Case(String name, Supplier<Block> block, Shape input) {
            this(name, block, manager -> new NDList(TestModels.random(manager, input)));
        }

        Model plain() {
            try (NDManager manager = NDManager.newBaseManager()) {
                return TestModels.model(block.get(), inputs.apply(manager).getShapes());
            }
        }

        Model wrapped() {
            Model model = plain();
            TestModels.everything().apply(model);
            return model;
        }

        /**
         * The plain block with the numbers that the wrapped one rebuilds, which are those of {@link
         * #plain} but for rounding. How far such rounding moves an answer or a gradient depends on
         * the block, on its normalisations and kinks; from equal numbers both compute the same.
         */
        Model rebuilt() {
            Model model = wrapped();
            FrequencyBlocks.toDense(model);
            return model;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (boolean bias : new boolean[] {true, false}) {
            String end = bias ? "" : " without bias";
            addConvolutions(cases, bias, end);
            addRecurrent(cases, bias, end);
            cases.add(
                    new Case(
                            "Linear, batch of vectors" + end,
                            () -> Linear.builder().setUnits(7).optBias(bias).build(),
                            new Shape(4, 9)));
            cases.add(
                    new Case(
                            "Linear, batch of sequences" + end,
                            () -> Linear.builder().setUnits(7).optBias(bias).build(),
                            new Shape(2, 3, 9)));
            cases.add(
                    new Case(
                            "LinearCollection" + end,
                            () -> LinearCollection.builder().setUnits(5).optBias(bias).build(),
                            new Shape(4, 3, 6)));
        }
        cases.add(
                new Case("TrainableWordEmbedding", AnyBlockTest::embedding, m -> tokens(m, 2, 5)));
        cases.add(
                new Case(
                        "ScaledDotProductAttentionBlock",
                        () ->
                                ScaledDotProductAttentionBlock.builder()
                                        .setEmbeddingSize(8)
                                        .setHeadCount(2)
                                        .optAttentionProbsDropoutProb(0)
                                        .build(),
                        new Shape(2, 5, 8)));
        cases.add(
                new Case(
                        "TransformerEncoderBlock",
                        () -> new TransformerEncoderBlock(8, 2, 12, 0, Activation::gelu),
                        new Shape(2, 5, 8)));
        cases.add(new Case("BertBlock", AnyBlockTest::bert, AnyBlockTest::bertInputs));
        cases.add(new Case("nested blocks", AnyBlockTest::nested, new Shape(3, 2, 6, 6)));
        cases.add(new Case("a class of one's own", OwnBlock::new, new Shape(4, 6)));
        cases.add(new Case("one block used twice", AnyBlockTest::usedTwice, new Shape(4, 6)));
        cases.add(new Case("two blocks that share a weight", AnyBlockTest::tied, new Shape(4, 6)));
        return cases.stream();
    }

    private static void addConvolutions(List<Case> cases, boolean bias, String end) {
        // Stride, padding, dilation and groups.
        int[][] variants = {{1, 0, 1, 1}, {2, 1, 1, 1}, {1, 2, 2, 1}, {1, 1, 1, 2}, {2, 1, 2, 4}};
        for (int[] variant : variants) {
            for (int axes = 1; axes <= 3; axes++) {
                int rank = axes;
                Shape input = new Shape(2, 4).addAll(cube(rank, 9 - rank));
                cases.add(
                        new Case(
                                "Conv" + rank + "d " + Arrays.toString(variant) + end,
                                () -> convolution(rank, variant, bias),
                                input));
            }
        }
    }

    private static Block convolution(int rank, int[] variant, boolean bias) {
        if (rank == 1) {
            return set(Conv1d.builder(), rank, variant, bias).build();
        } else if (rank == 2) {
            return set(Conv2d.builder(), rank, variant, bias).build();
        }
        return set(Conv3d.builder(), rank, variant, bias).build();
    }

    private static <B extends Convolution.ConvolutionBuilder<B>> B set(
            B builder, int rank, int[] variant, boolean bias) {
        return builder.setFilters(8)
                .setKernelShape(cube(rank, 3))
                .optStride(cube(rank, variant[0]))
                .optPadding(cube(rank, variant[1]))
                .optDilation(cube(rank, variant[2]))
                .optGroups(variant[3])
                .optBias(bias);
    }

    private static Shape cube(int rank, int extent) {
        return new Shape(IntStream.generate(() -> extent).limit(rank).asLongStream().toArray());
    }

    private static void addRecurrent(List<Case> cases, boolean bias, String end) {
        addRecurrent(cases, 1, false, bias, end);
        addRecurrent(cases, 2, false, bias, ", two layers" + end);
        if (!bias) {
            // DJL 0.36 hands biases to PyTorch in another order than both directions need.
            addRecurrent(cases, 2, true, false, ", two layers, both directions" + end);
        }
    }

    private static void addRecurrent(
            List<Case> cases, int layers, boolean both, boolean bias, String end) {
        Shape input = new Shape(2, 5, 4);
        cases.add(
                new Case(
                        "LSTM" + end,
                        () ->
                                LSTM.builder()
                                        .setStateSize(3)
                                        .setNumLayers(layers)
                                        .optBidirectional(both)
                                        .optHasBiases(bias)
                                        .optReturnState(true)
                                        .build(),
                        input));
        cases.add(
                new Case(
                        "GRU" + end,
                        () ->
                                GRU.builder()
                                        .setStateSize(3)
                                        .setNumLayers(layers)
                                        .optBidirectional(both)
                                        .optHasBiases(bias)
                                        .build(),
                        input));
        cases.add(
                new Case(
                        "RNN" + end,
                        () ->
                                RNN.builder()
                                        .setStateSize(3)
                                        .setNumLayers(layers)
                                        .optBidirectional(both)
                                        .optHasBiases(bias)
                                        .setActivation(RNN.Activation.TANH)
                                        .build(),
                        input));
    }

    private static Block embedding() {
        return TrainableWordEmbedding.builder()
                .setEmbeddingSize(6)
                .setVocabulary(
                        new DefaultVocabulary(List.of("a", "b", "c", "d", "e", "f", "g", "h")))
                .optUnknownToken("a")
                .build();
    }

    private static NDList tokens(NDManager manager, int batch, int length) {
        long[] ids = IntStream.range(0, batch * length).mapToLong(i -> i * 3L % 8).toArray();
        return new NDList(manager.create(ids, new Shape(batch, length)));
    }

    private static Block bert() {
        return BertBlock.builder()
                .setTokenDictionarySize(8)
                .optTypeDictionarySize(2)
                .optEmbeddingSize(8)
                .optTransformerBlockCount(2)
                .optAttentionHeadCount(2)
                .optHiddenSize(12)
                .optMaxSequenceLength(5)
                .optHiddenDropoutProbability(0)
                .build();
    }

    private static NDList bertInputs(NDManager manager) {
        NDList inputs = tokens(manager, 2, 5);
        inputs.add(manager.create(new long[] {0, 0, 1, 1, 1, 0, 1, 1, 1, 1}, new Shape(2, 5)));
        inputs.add(manager.create(new long[] {1, 1, 1, 1, 0, 1, 1, 1, 0, 0}, new Shape(2, 5)));
        return inputs;
    }

    private static Block nested() {
        Block left = TestModels.convolution(3);
        Block right =
                new SequentialBlock()
                        .add(TestModels.convolution(2))
                        .add(BatchNorm.builder().build())
                        .add(Activation.reluBlock());
        return new SequentialBlock()
                .add(
                        new ParallelBlock(
                                list -> new NDList(NDArrays.concat(heads(list), 1)),
                                List.of(left, right)))
                .add(LambdaBlock.singleton(NDArray::tanh))
                .add(Blocks.batchFlattenBlock())
                .add(new SequentialBlock().add(TestModels.linear(4)))
                .add(LayerNorm.builder().build());
    }

    private static NDList heads(List<NDList> outputs) {
        return new NDList(outputs.stream().map(NDList::head).toList());
    }

    private static Block usedTwice() {
        Linear shared = TestModels.linear(6);
        return new SequentialBlock().add(shared).add(Activation.tanhBlock()).add(shared);
    }

    private static Block tied() {
        Parameter weight =
                Parameter.builder().setName("weight").setType(Parameter.Type.WEIGHT).build();
        return new SequentialBlock()
                .add(new TiedBlock(weight))
                .add(Activation.tanhBlock())
                .add(new TiedBlock(weight));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theWrappedBlockHasTheSameWeights(Case block) {
        try (Model plain = block.plain();
                Model rebuilt = block.rebuilt()) {
            TestModels.assertSameParameters(plain.getBlock(), rebuilt.getBlock(), TestModels.CLOSE);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theWrappedBlockComputesTheSameInInference(Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            assertRegularized(wrapped);
            assertClose(
                    TestModels.predict(plain.getBlock(), manager, block.inputs.apply(manager)),
                    TestModels.predict(wrapped.getBlock(), manager, block.inputs.apply(manager)));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theWrappedBlockComputesTheSameInTraining(Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            NDList expected = train(plain, manager, block);
            NDList actual = train(wrapped, manager, block);
            assertClose(expected, actual);
        }
    }

    private static NDList train(Model model, NDManager manager, Case block) {
        TestModels.seed();
        return model.getBlock()
                .forward(new ParameterStore(manager, false), block.inputs.apply(manager), true);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneStepOfGradientDescentGivesTheSameWeights(Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                Model before = block.rebuilt();
                NDManager manager = NDManager.newBaseManager()) {
            for (Model model : List.of(plain, wrapped)) {
                try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                    trainer.initialize(block.inputs.apply(manager).getShapes());
                    TestModels.step(trainer, block.inputs.apply(trainer.getManager()));
                }
            }
            FrequencyBlocks.toDense(wrapped);
            assertMoved(before.getBlock(), plain.getBlock());
            TestModels.assertSameParameters(plain.getBlock(), wrapped.getBlock(), TestModels.CLOSE);
        }
    }

    private static void assertClose(NDList expected, NDList actual) {
        TestModels.assertClose(expected, actual, TestModels.CLOSE);
    }

    private static void assertRegularized(Model model) {
        assertFalse(FrequencyBlocks.in(model.getBlock()).isEmpty());
    }

    /** The step must be far larger than the tolerance, or its comparison would show nothing. */
    private static void assertMoved(Block before, Block after) {
        double largest = 0;
        for (Pair<String, Parameter> entry : after.getParameters()) {
            largest =
                    Math.max(
                            largest,
                            TestModels.difference(
                                    before.getParameters().get(entry.getKey()).getArray(),
                                    entry.getValue().getArray()));
        }
        assertTrue(largest > 100 * TestModels.CLOSE, "the step moved weights by " + largest);
    }

    @Test
    void aParameterWithoutAxesIsLeftAlone() {
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
    void normalisationIsLeftAloneByDefault() {
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
    void aClassThatCallsItsOwnFieldsIsWrappedWhole() {
        try (Model model = TestModels.model(new OwnBlock(), new Shape(4, 6))) {
            TestModels.everything().apply(model);
            FrequencyBlock wrapped = assertInstanceOf(FrequencyBlock.class, model.getBlock());
            assertEquals(OwnBlock.class, wrapped.getWrappedType());
            assertEquals(4, FrequencyBlocks.kept(wrapped).size());
        }
    }

    @Test
    void layersInSequentialAndParallelBlocksAreWrappedOneByOne() {
        try (Model model = TestModels.model(nested(), new Shape(3, 2, 6, 6))) {
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
    void aBlockUsedTwiceIsWrappedOnce() {
        try (Model model = TestModels.model(usedTwice(), new Shape(4, 6))) {
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
    void layersThatShareAWeightAreWrappedAsOneBlock() {
        try (Model model = TestModels.model(tied(), new Shape(4, 6))) {
            TestModels.everything().apply(model);
            FrequencyBlock wrapped = assertInstanceOf(FrequencyBlock.class, model.getBlock());
            assertEquals(SequentialBlock.class, wrapped.getWrappedType());
            assertEquals(
                    List.of("01TiedBlock_weight"),
                    List.copyOf(FrequencyBlocks.kept(wrapped).keySet()));
        }
    }

    /** Calls the children that it holds in fields, as many classes do. */
    private static final class OwnBlock extends AbstractBlock {

        private final Linear first;
        private final Linear second;

        OwnBlock() {
            first = addChildBlock("first", TestModels.linear(5));
            second = addChildBlock("second", TestModels.linear(6));
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

    /** A square linear layer whose weight belongs to several. */
    private static final class TiedBlock extends AbstractBlock {

        private final Parameter weight;

        TiedBlock(Parameter weight) {
            this.weight = addParameter(weight);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameterStore,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray input = inputs.singletonOrThrow();
            return Linear.linear(
                    input, parameterStore.getValue(weight, input.getDevice(), training));
        }

        @Override
        protected void prepare(Shape[] inputShapes) {
            if (!weight.isInitialized()) {
                weight.setShape(new Shape(inputShapes[0].get(1), inputShapes[0].get(1)));
            }
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
