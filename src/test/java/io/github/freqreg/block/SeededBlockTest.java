package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.execution.Factorization;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.file.Allocation;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.TensorStart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks of every kind whose weights have a seeded start. */
class SeededBlockTest {

    private static final int SEED = 5;
    private static final float RATE = 0.1f;

    private static FrequencyRegularizationBuilder seeded() {
        return FrequencyRegularization.builder()
                .optLayerTypes(LayerType.values())
                .optSeededStart(SEED);
    }

    private static FrequencyRegularization few() {
        return seeded().optKept(5).build();
    }

    private static FrequencyRegularization all() {
        return seeded().optKeepRate(1)
                .optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.BIAS)
                .build();
    }

    private static Model fresh(BlockCases.Case block, FrequencyRegularization policy) {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block wrapped = policy.apply(block.block().get());
            return TestModels.model(wrapped, block.inputs().apply(manager).getShapes());
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void trainedWeightsHaveNoSeed(BlockCases.Case block) {
        try (Model plain = block.plain();
                Model wrapped = block.plain()) {
            all().apply(wrapped);
            for (NetworkTensor tensor : NetworkTensors.of(wrapped.getBlock())) {
                tensor.spectral().ifPresent(each -> assertFalse(each.hasStart()));
            }
            FrequencyBlocks.toDense(wrapped);
            TestModels.assertSameParameters(plain.getBlock(), wrapped.getBlock(), TestModels.CLOSE);
        }
    }

    /** The directions are orthonormal, so gradient descent on them is that on the weights. */
    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void oneStepOfGradientDescentGivesTheWeightsOfThePlainBlock(BlockCases.Case block) {
        try (Model wrapped = fresh(block, all());
                Model plain = fresh(block, all())) {
            assertSeeded(wrapped.getBlock());
            FrequencyBlocks.toDense(plain);
            for (Model model : List.of(plain, wrapped)) {
                train(model, block);
            }
            FrequencyBlocks.toDense(wrapped);
            TestModels.assertSameParameters(plain.getBlock(), wrapped.getBlock(), TestModels.CLOSE);
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void aTrainedFileIsReadAgainAndBecomesPlain(BlockCases.Case block, @TempDir Path folder)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("seeded.frq");
        try (NDManager manager = NDManager.newBaseManager();
                Model model = fresh(block, few())) {
            train(model, block);
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            float[] answer = answer(model.getBlock(), manager, block);
            try (Model loaded = TestModels.loaded(block.block().get(), file)) {
                assertSeeded(loaded.getBlock());
                assertArrayEquals(answer, answer(loaded.getBlock(), manager, block));
                FrequencyBlocks.toDense(loaded);
                assertTrue(FrequencyBlocks.in(loaded.getBlock()).isEmpty());
                assertArrayEquals(answer, answer(loaded.getBlock(), manager, block));
            }
        }
    }

    private static void train(Model model, BlockCases.Case block) {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(RATE))) {
            NDList inputs = block.inputs().apply(trainer.getManager());
            trainer.initialize(inputs.getShapes());
            TestModels.step(trainer, inputs);
        }
    }

    private static float[] answer(Block block, NDManager manager, BlockCases.Case inputs) {
        return TestModels.floats(
                TestModels.predict(block, manager, inputs.inputs().apply(manager)));
    }

    private static void assertSeeded(Block block) {
        assertFalse(FrequencyBlocks.in(block).isEmpty());
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            tensor.spectral()
                    .ifPresent(
                            each ->
                                    assertEquals(
                                            each.getShape().dimension() > 1
                                                    && each.getDense().getType()
                                                            == Parameter.Type.WEIGHT,
                                            each.hasStart(),
                                            tensor.name()));
        }
    }

    @Test
    void aFreshBlockStartsAtTheStartOfItsSeed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block first = fresh(SEED, manager);
            FrequencyBlocks.tensors(first)
                    .values()
                    .forEach(each -> assertArrayEquals(new float[5], each.coefficients()));
            float[] answer = TestModels.answer(first, TestModels.SMALL_INPUT);
            assertArrayEquals(
                    answer, TestModels.answer(fresh(SEED, manager), TestModels.SMALL_INPUT));
            assertNotEquals(
                    answer[0],
                    TestModels.answer(fresh(SEED + 1, manager), TestModels.SMALL_INPUT)[0]);
        }
    }

    /** Two layers of one shape have seeds of their own. */
    @Test
    void eachTensorHasItsOwnSeed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            List<Integer> seeds =
                    NetworkTensors.of(fresh(SEED, manager)).stream()
                            .flatMap(each -> each.spectral().stream())
                            .map(each -> seed(each.getAxes()))
                            .toList();
            assertEquals(List.of(SEED, SEED + 1, SEED + 2), seeds);
        }
    }

    private static int seed(FrequencyAxes axes) {
        return assertInstanceOf(TensorStart.Seeded.class, axes.start()).seed();
    }

    private static Block fresh(int seed, NDManager manager) {
        Block block =
                FrequencyRegularization.builder()
                        .optKept(5)
                        .optSeededStart(seed)
                        .build()
                        .apply(TestModels.smallNetwork());
        return TestModels.initialized(block, manager, TestModels.SMALL_INPUT);
    }

    /** The seeds follow each other, though vectors lie between the weights: a file stores none. */
    @Test
    void vectorsUseUpNoSeed() {
        FrequencyRegularization policy =
                FrequencyRegularization.builder().optBudgetBytes(120).optSeededStart(1).build();
        Block block = policy.apply(TestModels.normalizedNetwork(), TestModels.SMALL_INPUT);
        try (Model model = TestModels.model(block, TestModels.SMALL_INPUT)) {
            List<FrqEntry> entries =
                    FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16).entries();
            assertEquals(
                    List.of(1, 2),
                    entries.stream()
                            .filter(each -> each.spectral() && each.axes().hasStart())
                            .map(each -> seed(each.axes()))
                            .toList());
            assertTrue(entries.stream().anyMatch(each -> each.shape().dimension() == 1));
        }
    }

    /** The start has all frequencies of the channels, so running statistics are stored whole. */
    @Test
    void aBudgetHoldsWithRunningStatistics() {
        FrequencyRegularization policy =
                FrequencyRegularization.builder().optBudget(120).optSeededStart(1).build();
        Block block = policy.apply(TestModels.normalizedNetwork(), TestModels.SMALL_INPUT);
        try (Model model = TestModels.model(block, TestModels.SMALL_INPUT);
                Trainer trainer = TestModels.trainer(model, TestModels.descent(RATE))) {
            trainer.initialize(TestModels.SMALL_INPUT);
            TestModels.step(
                    trainer,
                    new NDList(TestModels.random(trainer.getManager(), TestModels.SMALL_INPUT)));
            long numbers = FrequencyFile.countNumbers(model.getBlock());
            assertTrue(numbers <= 120 && numbers > 100, numbers + " numbers");
        }
    }

    /** Steps that are found before the first batch leave all coefficients to be trained. */
    @Test
    void stepsOfAFreshNetworkKeepAllCoefficients() {
        try (Model model =
                TestModels.model(few().apply(TestModels.smallNetwork()), TestModels.SMALL_INPUT)) {
            Block block = model.getBlock();
            Allocation.fit(block, 300, false, Map.of()).applyTo(block);
            FrequencyBlocks.tensors(block)
                    .values()
                    .forEach(each -> assertEquals(5, each.coefficients().length));
        }
    }

    @Test
    void theReportNamesTheSeed() {
        try (Model model =
                TestModels.model(few().apply(TestModels.smallNetwork()), TestModels.SMALL_INPUT)) {
            CompressionReport report = CompressionReport.of(model.getBlock());
            assertTrue(
                    report.toString().contains("4x3x3x3 weighted 1:1:4:4 seed " + SEED),
                    report::toString);
            assertTrue(report.toJson().contains("\"seed\""), report::toJson);
        }
    }

    /** Rounding applies to the coefficients alone. */
    @Test
    void aStepRoundsTheCoefficients() {
        try (Model model =
                TestModels.model(few().apply(TestModels.smallNetwork()), TestModels.SMALL_INPUT)) {
            for (NetworkTensor tensor : NetworkTensors.of(model.getBlock())) {
                tensor.spectral().ifPresent(each -> assertStart(each, model.getNDManager()));
            }
        }
    }

    private static void assertStart(SpectralParameter tensor, NDManager manager) {
        tensor.setValues(new float[] {0.4f, -1.1f, 2.6f, 0, 7});
        tensor.setStep(0.5f);
        float[] rounded = {0.5f, -1, 2.5f, 0, 7};
        assertWeights(tensor, rounded, manager);
        tensor.setStep(1e6f);
        assertWeights(tensor, new float[5], manager);
    }

    private static void assertWeights(
            SpectralParameter tensor, float[] coefficients, NDManager manager) {
        FrequencyTensor expected =
                new FrequencyTensor(tensor.getAxes(), tensor.getShape(), coefficients);
        try (NDArray weights = tensor.copyWeights(manager);
                NDArray alone = expected.rebuild(manager);
                NDArray found = tensor.copyCoefficients(manager)) {
            assertArrayEquals(coefficients, found.toFloatArray());
            assertArrayEquals(alone.toFloatArray(), weights.toFloatArray(), 1e-6f);
            assertNotEquals(0, alone.abs().max().getFloat());
        }
    }

    /** No frequencies of the channels give the output, whatever the strategy. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void aSeededWeightIsAlwaysRebuilt(Strategy strategy) {
        Shape input = new Shape(2, 32, 16, 16);
        FrequencyRegularization policy =
                seeded().optKept(30).optFloors(false).optStrategy(strategy).build();
        try (Model model = TestModels.model(policy.apply(TestModels.convolution(64)), input);
                Model dense = TestModels.model(policy.apply(TestModels.convolution(64)), input)) {
            float[] answer = TestModels.answer(model.getBlock(), input);
            for (LayerPick pick : FrequencyBlocks.picks(model.getBlock())) {
                assertEquals(Factorization.REBUILD, pick.pick().factorization());
            }
            FrequencyBlocks.toDense(dense);
            assertArrayEquals(TestModels.answer(dense.getBlock(), input), answer, 1e-5f);
        }
    }

    @Test
    void truncationKeepsTheStart() {
        try (Model model =
                TestModels.model(few().apply(TestModels.smallNetwork()), TestModels.SMALL_INPUT)) {
            float[] values = {1, 2, 3, 4, 5};
            for (NetworkTensor tensor : NetworkTensors.of(model.getBlock())) {
                tensor.spectral().ifPresent(each -> each.setValues(values));
            }
            for (SpectralParameter each : spectral(model.getBlock())) {
                each.truncateTo(2);
            }
            float[] cut = TestModels.answer(model.getBlock(), TestModels.SMALL_INPUT);
            for (SpectralParameter each : spectral(model.getBlock())) {
                assertWeights(each, new float[] {1, 2}, model.getNDManager());
            }
            FrequencyBlocks.compact(model.getBlock());
            assertArrayEquals(cut, TestModels.answer(model.getBlock(), TestModels.SMALL_INPUT));
        }
    }

    private static List<SpectralParameter> spectral(Block block) {
        return NetworkTensors.of(block).stream().flatMap(each -> each.spectral().stream()).toList();
    }
}
