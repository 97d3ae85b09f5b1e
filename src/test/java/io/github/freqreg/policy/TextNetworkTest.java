package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.ByteBudget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks with embeddings, recurrent layers and attention. */
class TextNetworkTest {

    private static final int WORDS = 2_000;
    private static final Shape SENTENCES = new Shape(4, 6);

    @TempDir private Path folder;

    /** An embedding, an LSTM and a linear layer; 32,000 of the 34,704 numbers are the table. */
    private static Block classifier() {
        List<String> words = IntStream.range(0, WORDS).mapToObj(i -> "w" + i).toList();
        return new SequentialBlock()
                .add(
                        TrainableWordEmbedding.builder()
                                .setEmbeddingSize(16)
                                .setVocabulary(new DefaultVocabulary(words))
                                .optUnknownToken("w0")
                                .build())
                .add(LSTM.builder().setStateSize(16).setNumLayers(1).build())
                .add(LambdaBlock.singleton(states -> states.mean(new int[] {1})))
                .add(TestModels.linear(3));
    }

    private static NDList sentences(NDManager manager) {
        long[] ids = LongStream.range(0, SENTENCES.size()).map(i -> i * 83 % WORDS).toArray();
        return new NDList(manager.create(ids, SENTENCES));
    }

    private static Set<String> chosen(Block block) {
        return NetworkTensors.spectral(block).keySet();
    }

    private static Set<String> trained(Block block) {
        return NetworkTensors.of(block).stream()
                .filter(tensor -> !tensor.isRunningStatistic())
                .map(NetworkTensor::name)
                .collect(Collectors.toSet());
    }

    /** Regression: such budgets were rejected because the dense table alone takes 64,000 bytes. */
    @Test
    void classifierIsTrainedSavedAndLoadedWithinAByteBudget() throws Exception {
        long bytes = 1_500;
        Path file = folder.resolve("classifier.frq");
        try (Model model = Model.newInstance("text");
                NDManager manager = NDManager.newBaseManager()) {
            Block block = classifier();
            Set<String> weights =
                    trained(block).stream()
                            .filter(name -> !name.endsWith("bias") && !name.endsWith("BIAS"))
                            .collect(Collectors.toSet());
            assertEquals(4, weights.size());
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optBudgetBytes(bytes)
                            .build()
                            .apply(block, SENTENCES));
            // A budget wraps biases, too.
            assertEquals(trained(block), chosen(model.getBlock()));
            Adam adam = Adam.builder().build();
            ByteBudget budget = ByteBudget.builder(bytes).optOptimizer(adam).build();
            float[] before;
            try (Trainer trainer = TestModels.trainer(model, adam, budget)) {
                trainer.initialize(SENTENCES);
                before = TestModels.floats(predict(model, manager));
                for (int step = 0; step < 4; step++) {
                    try (NDManager inputs = trainer.getManager().newSubManager()) {
                        TestModels.step(trainer, sentences(inputs));
                    }
                    trainer.notifyListeners(listener -> listener.onEpoch(trainer));
                }
            }
            FrequencyFile.save(model.getBlock(), file, budget.getQuantization());
            long size = Files.size(file);
            assertTrue(size <= bytes && size > 0.8 * bytes, size + " bytes");
            float[] after = TestModels.floats(predict(model, manager));
            assertNotEquals(before[0], after[0]);
            try (Model fresh = TestModels.loaded(classifier(), file)) {
                assertArrayEquals(after, TestModels.floats(predict(fresh, manager)), 1e-6f);
                FrequencyBlocks.toDense(fresh);
                assertArrayEquals(after, TestModels.floats(predict(fresh, manager)), 1e-6f);
            }
        }
    }

    private static NDList predict(Model model, NDManager manager) {
        return TestModels.predict(model.getBlock(), manager, sentences(manager));
    }

    /** A coefficient of a layer is planned with half a byte, one of a table with a quarter byte. */
    @Test
    void tableGetsTwiceAsManyNumbersPerByte() {
        for (boolean trained : new boolean[] {false, true}) {
            Block block = classifier();
            try (NDManager manager = NDManager.newBaseManager()) {
                if (trained) {
                    TestModels.initialize(block, manager, DataType.FLOAT32, SENTENCES);
                }
                Block wrapped =
                        FrequencyRegularization.builder()
                                .optBudgetBytes(4_000)
                                .build()
                                .apply(block, SENTENCES);
                TestModels.initialize(wrapped, manager, DataType.FLOAT32, SENTENCES);
                long halfBytes = 2 * 4_000;
                for (Map.Entry<String, Integer> tensor : FrequencyBlocks.kept(wrapped).entrySet()) {
                    int kept = tensor.getValue();
                    halfBytes -= tensor.getKey().contains("embedding") ? kept / 2 : kept;
                }
                assertEquals(0, halfBytes);
            }
        }
    }

    @Test
    void budgetOfNumbersIsMetWithATable() {
        Block block =
                FrequencyRegularization.builder()
                        .optBudget(5_000)
                        .build()
                        .apply(classifier(), SENTENCES);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, SENTENCES);
            assertEquals(5_000, CompressionReport.of(block).getKept());
        }
    }

    static Stream<RecurrentBlock> recurrentLayers() {
        return Stream.of(
                LSTM.builder().setStateSize(7).setNumLayers(2).build(),
                GRU.builder().setStateSize(7).setNumLayers(1).build(),
                RNN.builder()
                        .setStateSize(7)
                        .setNumLayers(1)
                        .setActivation(RNN.Activation.TANH)
                        .build(),
                // DJL 0.36 passes the biases of bidirectional layers to PyTorch in the wrong order.
                LSTM.builder()
                        .setStateSize(7)
                        .setNumLayers(2)
                        .optBidirectional(true)
                        .optHasBiases(false)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("recurrentLayers")
    void recurrentLayerIsWrappedByDefault(RecurrentBlock layer) {
        Shape input = new Shape(2, 5, 9);
        Set<String> weights =
                trained(layer).stream()
                        .filter(name -> name.endsWith("WEIGHT"))
                        .collect(Collectors.toSet());
        Block block =
                FrequencyRegularization.builder().optKeepRate(0.3).build().apply(layer, input);
        assertEquals(weights, chosen(block));
        try (Model model = TestModels.model(block, input);
                NDManager manager = NDManager.newBaseManager()) {
            NDList inputs = new NDList(TestModels.random(manager, input));
            float[] before = TestModels.floats(TestModels.predict(block, manager, inputs));
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                NDArray its = TestModels.random(trainer.getManager(), input);
                TestModels.step(trainer, new NDList(its));
            }
            float[] after = TestModels.floats(TestModels.predict(block, manager, inputs));
            assertNotEquals(before[0], after[0]);
        }
    }

    /**
     * The paper defines no floor for recurrent layers, so they share that of linear layers: 255.
     */
    @Test
    void recurrentLayersHaveTheFloorOfLinearOnes() {
        Block block =
                FrequencyRegularization.builder()
                        .optKeepRate(0.01)
                        .build()
                        .apply(LSTM.builder().setStateSize(12).setNumLayers(1).build());
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, new Shape(2, 5, 12));
            FrequencyBlock wrapped = assertInstanceOf(FrequencyBlock.class, block);
            assertEquals(List.of(256, 256), List.copyOf(FrequencyBlocks.kept(wrapped).values()));
        }
    }

    private static Block bert() {
        return BertBlock.builder()
                .setTokenDictionarySize(400)
                .optTypeDictionarySize(2)
                .optEmbeddingSize(16)
                .optTransformerBlockCount(2)
                .optAttentionHeadCount(2)
                .optHiddenSize(24)
                .optMaxSequenceLength(5)
                .optHiddenDropoutProbability(0)
                .build();
    }

    @Test
    void bertFitsAByteBudget() throws Exception {
        long bytes = 2_500;
        Shape ids = new Shape(2, 5);
        Shape[] inputs = {ids, ids, ids};
        Path file = folder.resolve("bert.frq");
        try (Model model = Model.newInstance("bert");
                NDManager manager = NDManager.newBaseManager()) {
            Block block = bert();
            for (TensorChoice choice :
                    FrequencyRegularization.builder()
                            .optBudgetBytes(bytes)
                            .build()
                            .plan(block, inputs)) {
                boolean statistic = choice.name().contains("running");
                assertEquals(!statistic, choice.regularized(), choice.toString());
                if (choice.name().contains("tokenEmbedding")) {
                    assertEquals(LayerType.EMBEDDING, choice.layer());
                }
            }
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optBudgetBytes(bytes)
                            .build()
                            .apply(block, inputs));
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, inputs);
            Quantization steps = Quantization.fit(model.getBlock(), bytes, false);
            steps.applyTo(model.getBlock());
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), steps);
            document.withoutNames().write(file);
            assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes");
            NDList tokens = bertInputs(manager);
            NDList expected = TestModels.predict(model.getBlock(), manager, tokens);
            try (Model fresh = TestModels.loaded(bert(), file)) {
                TestModels.assertClose(
                        expected,
                        TestModels.predict(fresh.getBlock(), manager, tokens),
                        TestModels.CLOSE);
            }
        }
    }

    private static NDList bertInputs(NDManager manager) {
        Shape shape = new Shape(2, 5);
        return new NDList(
                manager.create(LongStream.range(0, 10).map(i -> i * 37).toArray(), shape),
                manager.create(new long[] {0, 0, 1, 1, 1, 0, 1, 1, 1, 1}, shape),
                manager.create(new long[] {1, 1, 1, 1, 0, 1, 1, 1, 0, 0}, shape));
    }

    @Test
    void idEmbeddingIsAnEmbedding() {
        Block table = new IdEmbedding.Builder().setDictionarySize(90).setEmbeddingSize(8).build();
        assertEquals(LayerType.EMBEDDING, LayerType.of(table));
        TensorChoice choice =
                FrequencyRegularization.builder()
                        .optLayerTypes(LayerType.EMBEDDING)
                        .build()
                        .plan(table)
                        .get(0);
        assertTrue(choice.regularized(), choice.toString());
    }

    /** The default axes of tables, or the table's own axes if requested. */
    @Test
    void tableIsLoadedAlongTheAxesOfItsFile() throws Exception {
        FrequencyAxes table = FrequencyAxes.ofTable(new Shape(WORDS, 16));
        for (boolean own : new boolean[] {false, true}) {
            FrequencyRegularizationBuilder policy =
                    FrequencyRegularization.builder()
                            .optLayerTypes(LayerType.EMBEDDING)
                            .optKeepRate(0.1);
            if (own) {
                policy.addAxisWeights("embedding", 1, 1);
            }
            Path file = folder.resolve(own + ".frq");
            try (Model model = TestModels.model(classifier(), SENTENCES);
                    Model fresh = Model.newInstance("fresh");
                    NDManager manager = NDManager.newBaseManager()) {
                policy.build().apply(model);
                FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
                assertEquals(
                        own ? FrequencyAxes.OWN : table,
                        FrqDocument.read(file).entries().get(0).axes());
                fresh.setBlock(classifier());
                FrequencyFile.load(fresh, file);
                assertArrayEquals(
                        TestModels.floats(predict(model, manager)),
                        TestModels.floats(predict(fresh, manager)),
                        1e-6f);
            }
        }
    }
}
