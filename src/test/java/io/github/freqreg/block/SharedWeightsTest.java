package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
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
        ONE_PARAMETER(1 + 2, TiedLayer::pairWithBiases),
        /** One layer in four places of a sequence. */
        FOUR_PLACES(2, SharedWeightsTest::fourPlaces),
        /** One layer in two branches of a parallel block. */
        TWO_PATHS(2, SharedWeightsTest::twoPaths);

        private final int parameters;
        private final Supplier<Block> network;

        Sharing(int parameters, Supplier<Block> network) {
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
        Model model = TestModels.model(sharing.network.get(), INPUT);
        policy().apply(model);
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
        try (Model model = TestModels.model(sharing.network.get(), INPUT)) {
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
                Model loaded = Model.newInstance("loaded")) {
            step(saved);
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            loaded.setBlock(sharing.network.get());
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

    /** With all coefficients kept, a step equals that of the dense weights. */
    @ParameterizedTest
    @EnumSource
    void trainingStepEqualsThatOfTheDenseNetwork(Sharing sharing) {
        try (Model dense = TestModels.model(sharing.network.get(), INPUT);
                Model wrapped = TestModels.model(sharing.network.get(), INPUT)) {
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
            List<NDArray> weights =
                    model.getBlock().getParameters().stream()
                            .filter(entry -> entry.getKey().endsWith("weight"))
                            .map(entry -> entry.getValue().getArray())
                            .toList();
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

    /** Two parameters that hold the same array, as after {@code Parameter.setArray}. */
    private static Model oneArray() {
        Model model = Model.newInstance("one array");
        NDManager manager = model.getNDManager();
        NDArray weight = TestModels.random(manager, new Shape(6, 6));
        SequentialBlock network = new SequentialBlock();
        for (int i = 0; i < 2; i++) {
            Linear layer = Linear.builder().setUnits(6).optBias(false).build();
            layer.getParameters().get("weight").setArray(weight);
            network.add(layer).add(Activation.tanhBlock());
        }
        network.initialize(manager, DataType.FLOAT32, INPUT);
        model.setBlock(network);
        return model;
    }

    /** DJL updates such an array once for each parameter, so this is not a tied weight. */
    @Test
    void parametersSharingAnArrayAreRejectedUnchanged() {
        try (Model model = oneArray()) {
            float[] before = TestModels.answer(model.getBlock(), INPUT);
            FrequencyRegularization policy = policy();
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class, () -> policy.apply(model.getBlock()));
            assertTrue(
                    e.getMessage()
                            .startsWith(
                                    "The parameters 01Linear_weight and 03Linear_weight hold one"
                                            + " array"),
                    e.getMessage());
            assertArrayEquals(before, TestModels.answer(model.getBlock(), INPUT));
            FrequencyRegularization others =
                    FrequencyRegularization.builder().optExclude("0[13]Linear").build();
            model.setBlock(new SequentialBlock().add(model.getBlock()).add(TestModels.linear(2)));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
            others.apply(model);
            assertEquals(1, NetworkTensors.spectral(model.getBlock()).size());
        }
    }
}
