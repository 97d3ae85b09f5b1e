package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.training.Trainer;
import io.github.freqreg.ResidualBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.policy.TensorChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Shared weights are stored once, counted once and trained as one. */
class SharedWeightsTest {

    private static final Shape INPUT = new Shape(3, 6);

    private static final int KEPT = 7;

    @TempDir private Path folder;

    /** Networks that use one 6×6 weight several times. */
    enum Sharing {
        /** Two layers with one weight parameter and a bias each. */
        ONE_PARAMETER(1 + 2, manager -> TiedLayer.pairWithBiases()),
        /** Two layers with two weight parameters that hold one array, and a bias each. */
        ONE_ARRAY(1 + 2, TiedLayer::pairOfOneArray),
        /** One layer in four places of a sequence. */
        FOUR_PLACES(2, manager -> fourPlaces()),
        /** One layer in two branches of a parallel block. */
        TWO_PATHS(2, manager -> twoPaths());

        private final int parameters;
        private final Function<NDManager, Block> network;

        Sharing(int parameters, Function<NDManager, Block> network) {
            this.parameters = parameters;
            this.network = network;
        }

        /** How many numbers a file stores: the kept coefficients and 6 for each bias. */
        private int numbers() {
            return KEPT + 6 * (parameters - 1);
        }
    }

    private static Block fourPlaces() {
        Block layer = TestModels.linear(6);
        SequentialBlock network = new SequentialBlock().add(layer);
        for (int i = 0; i < 3; i++) {
            network.add(Activation.tanhBlock()).add(layer);
        }
        return network;
    }

    private static Block twoPaths() {
        Block layer = TestModels.linear(6);
        Block through = new SequentialBlock().add(layer).add(Activation.tanhBlock());
        return new ParallelBlock(
                outputs ->
                        new NDList(
                                outputs.get(0)
                                        .singletonOrThrow()
                                        .add(outputs.get(1).singletonOrThrow())),
                List.of(layer, through));
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder()
                .optKept(KEPT)
                .optLayerTypes(LayerType.values())
                .build();
    }

    private static Model wrapped(Sharing sharing) {
        Model model = plain(sharing);
        policy().apply(model);
        return model;
    }

    private static Model plain(Sharing sharing) {
        Model model = fresh(sharing);
        TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
        return model;
    }

    /** A model that is initialised only as far as it must be for its weights to be shared. */
    private static Model fresh(Sharing sharing) {
        Model model = Model.newInstance("shared");
        model.setBlock(sharing.network.apply(model.getNDManager()));
        return model;
    }

    private static void step(Model model) {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.5f))) {
            trainer.initialize(INPUT);
            TestModels.step(trainer, new NDList(TestModels.random(trainer.getManager(), INPUT)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void sharedWeightIsStoredAndCountedOnce(Sharing sharing) throws Exception {
        try (Model model = wrapped(sharing)) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16);
            assertEquals(sharing.parameters, document.entries().size());
            assertEquals(sharing.numbers(), document.numbers());
            assertEquals(sharing.numbers(), FrequencyFile.countNumbers(model.getBlock()));
            CompressionReport report = CompressionReport.of(model.getBlock());
            assertEquals(sharing.numbers(), report.getKept());
            assertEquals(36 + 6 * (sharing.parameters - 1), report.getOriginal());
        }
    }

    /** If the weight were counted twice, the network would use only part of its budget. */
    @ParameterizedTest
    @EnumSource
    void sharedWeightTakesItsShareOfABudgetOnce(Sharing sharing) {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optBudget(sharing.numbers())
                        .optLayerTypes(LayerType.values())
                        .build();
        try (Model model = plain(sharing)) {
            policy.apply(model);
            assertEquals(sharing.numbers(), FrequencyFile.countNumbers(model.getBlock()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void weightsStaySharedAfterLoading(Sharing sharing)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("shared.frq");
        try (Model saved = wrapped(sharing);
                Model loaded = fresh(sharing)) {
            step(saved);
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            FrequencyFile.load(loaded, file);
            assertArrayEquals(
                    TestModels.answer(saved.getBlock(), INPUT),
                    TestModels.answer(loaded.getBlock(), INPUT));
            assertEquals(1, NetworkTensors.spectral(loaded.getBlock()).size());
            assertEquals(sharing.numbers(), FrequencyFile.countNumbers(loaded.getBlock()));
            // A step after loading changes every use: the weights are still shared.
            float[] before = TestModels.answer(loaded.getBlock(), INPUT);
            step(saved);
            step(loaded);
            assertArrayEquals(
                    TestModels.answer(saved.getBlock(), INPUT),
                    TestModels.answer(loaded.getBlock(), INPUT),
                    1e-6f);
            assertFalse(
                    Arrays.equals(before, TestModels.answer(loaded.getBlock(), INPUT)),
                    "the step moved the answer");
        }
    }

    /**
     * With all coefficients kept, a step equals that of the dense weights. DJL moves an array twice
     * that two parameters hold, so there the dense layers have one parameter.
     */
    @ParameterizedTest
    @EnumSource
    void trainingStepEqualsThatOfTheDenseNetwork(Sharing sharing) throws Exception {
        boolean oneArray = sharing == Sharing.ONE_ARRAY;
        try (Model dense = plain(oneArray ? Sharing.ONE_PARAMETER : sharing);
                Model wrapped = plain(sharing)) {
            FrequencyFile.load(
                    dense, FrequencyFile.toDocument(wrapped.getBlock(), DataType.FLOAT32));
            TestModels.everything().apply(wrapped);
            float[] before = TestModels.answer(dense.getBlock(), INPUT);
            assertArrayEquals(before, TestModels.answer(wrapped.getBlock(), INPUT), 1e-5f);
            step(dense);
            step(wrapped);
            assertArrayEquals(
                    TestModels.answer(dense.getBlock(), INPUT),
                    TestModels.answer(wrapped.getBlock(), INPUT),
                    1e-5f);
            double moved = 0;
            for (int i = 0; i < before.length; i++) {
                moved =
                        Math.max(
                                moved,
                                Math.abs(
                                        before[i] - TestModels.answer(dense.getBlock(), INPUT)[i]));
            }
            assertTrue(moved > 1e-2, "the step moved the answer by " + moved);
        }
    }

    @ParameterizedTest
    @EnumSource
    void toDenseKeepsValuesAndSharing(Sharing sharing) {
        try (Model model = wrapped(sharing)) {
            step(model);
            float[] before = TestModels.answer(model.getBlock(), INPUT);
            FrequencyBlocks.toDense(model);
            assertFalse(FrequencyBlocks.isWrapped(model.getBlock()));
            assertArrayEquals(before, TestModels.answer(model.getBlock(), INPUT), 1e-6f);
            assertEquals(sharing.parameters, FrequencyBlocks.parameters(model.getBlock()).size());
            // The dense network still shares the array of its weight.
            step(model);
            List<NDArray> weights = weights(model.getBlock());
            assertTrue(weights.size() > 1);
            weights.forEach(weight -> assertSame(weights.get(0), weight));
        }
    }

    /** Policies and files use the first name of a shared parameter; all its uses are wrapped. */
    @Test
    void patternForTheFirstNameWrapsEveryUse() {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .optLayerTypes(LayerType.values())
                        .optInclude("^01TiedLayer_weight$")
                        .build();
        try (Model model = TestModels.model(TiedLayer.pairWithBiases(), INPUT)) {
            policy.apply(model);
            assertEquals(KEPT + 12, FrequencyFile.countNumbers(model.getBlock()));
        }
    }

    private static List<NDArray> weights(Block block) {
        return block.getParameters().stream()
                .filter(entry -> entry.getKey().endsWith("weight"))
                .map(entry -> entry.getValue().getArray())
                .toList();
    }

    /** What is left alone is DJL's to train, but it is still stored and counted once. */
    @Test
    void oneArrayLeftAloneIsStoredOnce() throws Exception {
        Path file = folder.resolve("alone.frq");
        FrequencyRegularization others =
                FrequencyRegularization.builder().optKept(3).optExclude("Tied").build();
        try (Model model = fresh(Sharing.ONE_ARRAY);
                Model loaded = fresh(Sharing.ONE_ARRAY)) {
            for (Model each : List.of(model, loaded)) {
                each.setBlock(new SequentialBlock().add(each.getBlock()).add(TestModels.linear(2)));
            }
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            others.apply(model);
            assertEquals(
                    List.of(
                            "01SequentialBlock_01TiedLayer_weight",
                            "01SequentialBlock_01TiedLayer_bias",
                            "01SequentialBlock_03TiedLayer_bias",
                            "02Linear_weight",
                            "02Linear_bias"),
                    others.plan(model.getBlock()).stream().map(TensorChoice::name).toList());
            assertEquals(36 + 12 + 3 + 2, FrequencyFile.countNumbers(model.getBlock()));
            weights(model.getBlock()).get(0).set(new NDIndex(2, 3), 5f);
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            FrequencyFile.load(loaded, file);
            assertArrayEquals(
                    TestModels.answer(model.getBlock(), INPUT),
                    TestModels.answer(loaded.getBlock(), INPUT));
            List<NDArray> weights = weights(loaded.getBlock());
            assertSame(weights.get(0), weights.get(1));
            assertEquals(5f, weights.get(1).getFloat(2, 3));
        }
    }

    /** Inside a block that is wrapped as a whole, too. */
    @Test
    void oneArrayLeftAloneStaysOneInsideAWrappedBlock() {
        FrequencyRegularization biases =
                FrequencyRegularization.builder()
                        .optKept(3)
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(Parameter.Type.BIAS)
                        .build();
        try (Model model = fresh(Sharing.ONE_ARRAY)) {
            List<Block> layers = model.getBlock().getChildren().values();
            model.setBlock(new ResidualBlock(layers.get(0), layers.get(2)));
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            biases.apply(model);
            assertInstanceOf(FrequencyBlock.class, model.getBlock());
            assertEquals(36 + 2 * 3, FrequencyFile.countNumbers(model.getBlock()));
            assertEquals(4, model.getBlock().getParameters().size());
            FrequencyBlocks.toDense(model);
            assertSame(weights(model.getBlock()).get(0), weights(model.getBlock()).get(1));
        }
    }

    @Test
    void oneArrayIsOneTensorOfADjlParameterFile() throws Exception {
        try (Model saved = wrapped(Sharing.ONE_ARRAY);
                Model loaded = wrapped(Sharing.ONE_ARRAY)) {
            step(saved);
            saved.save(folder, "shared");
            loaded.load(folder, "shared");
            assertArrayEquals(
                    TestModels.answer(saved.getBlock(), INPUT),
                    TestModels.answer(loaded.getBlock(), INPUT));
            FrequencyBlocks.toDense(loaded);
            assertArrayEquals(
                    TestModels.answer(saved.getBlock(), INPUT),
                    TestModels.answer(loaded.getBlock(), INPUT),
                    1e-6f);
            assertSame(weights(loaded.getBlock()).get(0), weights(loaded.getBlock()).get(1));
        }
    }

    /** The wrapper remembers ties that DJL's layers lose when their arrays are freed. */
    @Test
    void clearedNetworkIsInitialisedWithOneArray() {
        try (Model model = wrapped(Sharing.ONE_ARRAY)) {
            Block block = model.getBlock();
            block.clear();
            assertFalse(block.isInitialized());
            TestModels.initialize(block, model.getNDManager(), DataType.FLOAT32, INPUT);
            assertEquals(Sharing.ONE_ARRAY.numbers(), FrequencyFile.countNumbers(block));
            float[] before = TestModels.answer(block, INPUT);
            FrequencyBlocks.toDense(model);
            assertArrayEquals(before, TestModels.answer(model.getBlock(), INPUT), 1e-6f);
            assertSame(weights(model.getBlock()).get(0), weights(model.getBlock()).get(1));
        }
    }

    /** A loader initialises the network with placeholders, and puts the initialisers back. */
    @Test
    void clearedNetworkIsLoadedWithOneArray() throws Exception {
        try (Model model = wrapped(Sharing.ONE_ARRAY);
                Model other = TestModels.model(TestModels.linear(6), INPUT)) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32);
            FrqDocument wrong = FrequencyFile.toDocument(other.getBlock(), DataType.FLOAT32);
            model.getBlock().clear();
            assertThrows(MalformedModelException.class, () -> FrequencyFile.load(model, wrong));
            assertFalse(model.getBlock().isInitialized());
            FrequencyFile.load(model, document);
            FrequencyBlocks.toDense(model);
            assertSame(weights(model.getBlock()).get(0), weights(model.getBlock()).get(1));
            model.getBlock().clear();
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            for (NDArray weight : weights(model.getBlock())) {
                assertTrue(weight.max().getFloat() > 0, "drawn by its initialiser");
            }
        }
    }

    /** Without arrays nothing tells that two parameters are one tensor. */
    @Test
    void fileOfOneArrayDoesNotFitAFreshNetwork() throws Exception {
        try (Model saved = wrapped(Sharing.ONE_ARRAY);
                Model fresh = Model.newInstance("fresh")) {
            FrqDocument document = FrequencyFile.toDocument(saved.getBlock(), DataType.FLOAT32);
            fresh.setBlock(
                    new SequentialBlock()
                            .add(TestModels.linear(6))
                            .add(Activation.tanhBlock())
                            .add(TestModels.linear(6)));
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class,
                            () -> FrequencyFile.load(fresh, document));
            assertTrue(e.getMessage().contains("the 4 tensors"), e.getMessage());
        }
    }

    /** DJL's transposed convolutions are replaced by copies of another layout. */
    @Test
    void arrayOfATransposedConvolutionCannotBeShared() {
        try (Model model = Model.newInstance("transposed")) {
            NDArray weight = TestModels.random(model.getNDManager(), new Shape(4, 4, 3, 3));
            Block transposed =
                    Conv2dTranspose.builder()
                            .setFilters(4)
                            .setKernelShape(new Shape(3, 3))
                            .optBias(false)
                            .build();
            Block convolution =
                    Conv2d.builder()
                            .setFilters(4)
                            .setKernelShape(new Shape(3, 3))
                            .optBias(false)
                            .build();
            for (Block each : List.of(transposed, convolution)) {
                each.getParameters().get("weight").setArray(weight);
            }
            model.setBlock(new SequentialBlock().add(convolution).add(transposed));
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> policy().apply(model));
            assertTrue(e.getMessage().contains("02Conv2dTranspose_weight"), e.getMessage());
            assertSame(transposed, model.getBlock().getChildren().values().get(1));
        }
    }

    @Test
    void frozenWeightOfOneArrayStaysFrozen() {
        try (Model model = wrapped(Sharing.ONE_ARRAY)) {
            model.getBlock().freezeParameters(true);
            FrequencyBlocks.toDense(model);
            model.getBlock()
                    .getParameters()
                    .values()
                    .forEach(each -> assertFalse(each.requiresGradient(), each.getName()));
        }
    }
}
