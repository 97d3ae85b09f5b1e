package io.github.freqreg.block;

import ai.djl.Model;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import io.github.freqreg.ResidualBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** DJL's blocks of every kind, alone and nested, with inputs. */
final class BlockCases {

    /** A block and its inputs. */
    record Case(String name, Supplier<Block> block, Function<NDManager, NDList> inputs) {

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
         * The plain block with the weights that the wrapped one rebuilds. They equal those of
         * {@link #plain} up to rounding, which some blocks amplify (normalisation, ReLU); starting
         * from the same weights removes that difference.
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

    private BlockCases() {}

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
        cases.add(new Case("TrainableWordEmbedding", BlockCases::embedding, m -> tokens(m, 2, 5)));
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
        cases.add(new Case("BertBlock", BlockCases::bert, BlockCases::bertInputs));
        cases.add(new Case("nested blocks", BlockCases::nested, new Shape(3, 2, 6, 6)));
        cases.add(
                new Case(
                        "a class of one's own",
                        () -> new ResidualBlock(TestModels.linear(5), TestModels.linear(6)),
                        new Shape(4, 6)));
        cases.add(new Case("one block used twice", TestModels::oneLayerTwice, new Shape(4, 6)));
        cases.add(new Case("two blocks that share a weight", TiedLayer::pair, new Shape(4, 6)));
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
            // DJL 0.36 passes the biases of bidirectional layers to PyTorch in the wrong order.
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

    static Block nested() {
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
}
