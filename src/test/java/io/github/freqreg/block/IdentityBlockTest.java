package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import io.github.freqreg.ResidualBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.execution.Factorization;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import io.github.freqreg.spectrum.TensorStart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions that start at the identity. */
@UsesEngine
class IdentityBlockTest {

    private static final float RATE = 0.1f;
    private static final Shape IMAGES = new Shape(2, 32, 9, 9);

    private final NDManager manager;

    IdentityBlockTest(NDManager manager) {
        this.manager = manager;
    }

    private static FrequencyRegularizationBuilder few() {
        return FrequencyRegularization.builder().optKept(12).optFloors(false);
    }

    /** A convolution, and an input of it that it returns while its coefficients are 0. */
    private static Stream<Arguments> convolutions() {
        return Stream.of(
                Arguments.of(
                        Conv1d.builder()
                                .setKernelShape(new Shape(5))
                                .optPadding(new Shape(2))
                                .setFilters(4)
                                .optBias(false)
                                .build(),
                        new Shape(3, 4, 7)),
                Arguments.of(
                        Conv2d.builder()
                                .setKernelShape(new Shape(3, 1))
                                .optPadding(new Shape(2, 0))
                                .optDilation(new Shape(2, 1))
                                .setFilters(6)
                                .optBias(false)
                                .build(),
                        new Shape(2, 6, 5, 4)),
                Arguments.of(
                        Conv3d.builder()
                                .setKernelShape(new Shape(3, 3, 3))
                                .optPadding(new Shape(1, 1, 1))
                                .setFilters(2)
                                .optBias(false)
                                .build(),
                        new Shape(2, 2, 3, 4, 5)));
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void aFreshConvolutionPassesItsInputThrough(Block layer, Shape input) {
        Block block = few().optIdentityStart(true).build().apply(layer);
        try (Model model = TestModels.model(block, input)) {
            NDArray given = TestModels.random(manager, input);
            NDList output = TestModels.predict(block, manager, new NDList(given));
            assertArrayEquals(given.toFloatArray(), TestModels.floats(output), 1e-6f);
            assertEquals(1, identities(model.getBlock()));
        }
    }

    @ParameterizedTest
    @EnumSource(Strategy.class)
    void twiceAsManyOutputsRepeatTheInput(Strategy strategy) {
        try (Model model = TestModels.model(layer(64, 1, strategy), IMAGES)) {
            NDArray given = TestModels.random(manager, IMAGES);
            NDList output = TestModels.predict(model.getBlock(), manager, new NDList(given));
            NDArray twice = NDArrays.concat(new NDList(given, given), 1);
            assertArrayEquals(twice.toFloatArray(), TestModels.floats(output), 1e-6f);
        }
    }

    /** All strategies compute the same outputs and gradients. */
    @ParameterizedTest
    @EnumSource(
            value = Strategy.class,
            names = {"AUTO", "FACTORED", "FUSED"})
    void strategiesAgree(Strategy strategy) {
        for (int filters : new int[] {32, 64}) {
            for (int stride : new int[] {1, 2}) {
                float[] expected = answerOfTrained(layer(filters, stride, Strategy.REBUILD));
                assertArrayEquals(
                        expected, answerOfTrained(layer(filters, stride, strategy)), 1e-4f);
            }
        }
    }

    private static Block layer(int filters, int stride, Strategy strategy) {
        Block layer =
                Conv2d.builder()
                        .setKernelShape(new Shape(3, 3))
                        .optPadding(new Shape(1, 1))
                        .optStride(new Shape(stride, stride))
                        .setFilters(filters)
                        .optBias(false)
                        .build();
        return few().optIdentityStart(true).optStrategy(strategy).build().apply(layer);
    }

    private float[] answerOfTrained(Block block) {
        try (Model model = TestModels.model(block, IMAGES)) {
            train(model, IMAGES);
            return TestModels.answer(model.getBlock(), IMAGES);
        }
    }

    private static void train(Model model, Shape input) {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(RATE))) {
            trainer.initialize(input);
            for (int step = 0; step < 3; step++) {
                TestModels.step(
                        trainer, new NDList(TestModels.random(trainer.getManager(), input)));
            }
        }
    }

    /** Only where the input itself is the identity's output can it be added. */
    @Test
    void aStrideIsComputedWithTheWholeWeight() {
        assertNotEquals(Factorization.REBUILD, factorization(layer(32, 1, Strategy.FACTORED)));
        assertEquals(Factorization.REBUILD, factorization(layer(32, 2, Strategy.FACTORED)));
    }

    private static Factorization factorization(Block block) {
        try (Model model = TestModels.model(block, IMAGES)) {
            TestModels.answer(model.getBlock(), IMAGES);
            List<LayerPick> picks = FrequencyBlocks.picks(model.getBlock());
            return picks.get(0).pick().factorization();
        }
    }

    /** Normalisation after the layer must see the identity's part of its output, too. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void aNormalisedSequenceIsReadAgainAndBecomesPlain(Strategy strategy, @TempDir Path folder)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("identity.frq");
        Block block = few().optStrategy(strategy).build().apply(sequence());
        try (Model model = TestModels.model(block, IMAGES)) {
            train(model, IMAGES);
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            float[] answer = TestModels.answer(model.getBlock(), IMAGES);
            try (Model loaded = TestModels.loaded(sequence(), file)) {
                assertArrayEquals(answer, TestModels.answer(loaded.getBlock(), IMAGES), 1e-4f);
                FrequencyBlocks.toDense(loaded);
                assertArrayEquals(answer, TestModels.answer(loaded.getBlock(), IMAGES), 1e-4f);
            }
        }
    }

    private static SequentialBlock sequence() {
        return new SequentialBlock().add(padded()).add(BatchNorm.builder().build()).add(padded());
    }

    private static Conv2d padded() {
        return TestModels.padded(32);
    }

    @Test
    void byDefaultOnlyConvolutionsInSequenceStartThere() {
        assertTrue(startsThere(few(), new SequentialBlock().add(sequence())));
        assertFalse(startsThere(few(), new ResidualBlock(padded(), padded())));
        assertFalse(
                startsThere(
                        few(),
                        new SequentialBlock()
                                .add(new ParallelBlock(l -> l.get(0)).add(sequence()))));
        assertFalse(startsThere(few().paper(), sequence()));
        assertFalse(startsThere(few().optSeededStart(1), sequence()));
        assertFalse(startsThere(few().optIdentityStart(false), sequence()));
        assertTrue(
                startsThere(few().optIdentityStart(true), new ResidualBlock(padded(), padded())));
        assertTrue(startsThere(few().paper().optIdentityStart(true), sequence()));
    }

    private static boolean startsThere(FrequencyRegularizationBuilder policy, Block network) {
        try (Model model = TestModels.model(policy.build().apply(network, IMAGES), IMAGES)) {
            long count = identities(model.getBlock());
            assertTrue(count == 0 || count == 2, count + " tensors");
            return count == 2;
        }
    }

    private static long identities(Block block) {
        return NetworkTensors.of(block).stream()
                .flatMap(each -> each.spectral().stream())
                .filter(each -> TensorStart.IDENTITY.equals(each.getAxes().start()))
                .count();
    }

    /** A group has fewer inputs, a subclass may compute anything. */
    @Test
    void groupsAndSubclassesDoNot() {
        Conv2d grouped =
                Conv2d.builder()
                        .setKernelShape(new Shape(3, 3))
                        .optPadding(new Shape(1, 1))
                        .setFilters(32)
                        .optGroups(2)
                        .build();
        for (Block layer : List.of(grouped, new OwnConvolution())) {
            Block block = few().optIdentityStart(true).build().apply(layer);
            try (Model model = TestModels.model(block, IMAGES)) {
                assertEquals(0, identities(model.getBlock()));
            }
        }
    }

    /** The second place may be one that a skip connection bypasses. */
    @Test
    void aLayerInTwoPlacesDoesNot() {
        Conv2d layer = padded();
        Block twice = few().build().apply(new SequentialBlock().add(layer).add(layer));
        try (Model model = TestModels.model(twice, IMAGES)) {
            assertEquals(0, identities(model.getBlock()));
        }
    }

    /** Running statistics behind the identity have all frequencies, and only bytes fold them. */
    @Test
    void aBudgetThatPaysForStatisticsHasNone() {
        SequentialBlock plain = new SequentialBlock().add(padded()).add(padded());
        assertTrue(startsThere(bytes(), sequence()));
        assertTrue(startsThere(FrequencyRegularization.builder().optBudget(300), plain));
        assertFalse(startsThere(FrequencyRegularization.builder().optBudget(300), sequence()));
        assertFalse(startsThere(bytes().optFoldedNormalization(false), sequence()));
        assertFalse(startsThere(bytes().optParameterTypes(Parameter.Type.WEIGHT), sequence()));
    }

    private static FrequencyRegularizationBuilder bytes() {
        return FrequencyRegularization.builder().optBudgetBytes(700);
    }

    /** A subclass of a sequence may hand values on in another way. */
    @Test
    void aSequenceOfAnotherClassHasNone() {
        SequentialBlock other = new SequentialBlock() {};
        other.addAll(padded(), padded());
        assertFalse(startsThere(few(), other));
        SequentialBlock intermediate = sequence();
        intermediate.setReturnIntermediate(true);
        assertFalse(startsThere(few(), new SequentialBlock().add(intermediate)));
    }

    /** The layers before hand over outputs that are not computed yet. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void followsAFusedLayer(Strategy strategy) {
        float[] expected = answerOfTrained(afterOthers(Strategy.REBUILD));
        assertArrayEquals(expected, answerOfTrained(afterOthers(strategy)), 1e-3f);
    }

    private static Block afterOthers(Strategy strategy) {
        TestModels.seed();
        SequentialBlock network =
                new SequentialBlock()
                        .add(TestModels.convolution(48))
                        .add(BatchNorm.builder().build())
                        .add(Activation.reluBlock())
                        .add(TestModels.convolution(20))
                        .add(TestModels.padded(20))
                        .add(BatchNorm.builder().build())
                        .add(Activation.reluBlock())
                        .add(TestModels.padded(20));
        return few().optStrategy(strategy).build().apply(network);
    }

    @Test
    void theStartOfTheFileWins(@TempDir Path folder) throws IOException, MalformedModelException {
        for (boolean saved : new boolean[] {true, false}) {
            Path file = folder.resolve(saved + ".frq");
            Block block = few().optIdentityStart(saved).build().apply(sequence());
            try (Model model = TestModels.model(block, IMAGES)) {
                train(model, IMAGES);
                FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
                Block other = few().optIdentityStart(!saved).build().apply(sequence());
                try (Model loaded = TestModels.loaded(other, file)) {
                    assertEquals(saved ? 2 : 0, identities(loaded.getBlock()));
                    assertArrayEquals(
                            TestModels.answer(model.getBlock(), IMAGES),
                            TestModels.answer(loaded.getBlock(), IMAGES),
                            1e-4f);
                }
            }
        }
    }

    @Test
    void thePlanNamesTheStart() {
        List<TensorChoice> choices = few().build().plan(sequence(), IMAGES);
        assertTrue(choices.get(0).reason().endsWith("; starts at the identity"), choices::toString);
    }

    @Test
    void trainedWeightsDoNot() {
        try (Model model = TestModels.model(sequence(), IMAGES)) {
            few().optIdentityStart(true).build().apply(model);
            assertEquals(0, identities(model.getBlock()));
        }
    }

    @Test
    void theReportNamesTheStart() {
        try (Model model = TestModels.model(few().build().apply(sequence()), IMAGES)) {
            CompressionReport report = CompressionReport.of(model.getBlock());
            assertTrue(report.toString().contains("32x32x3x3 weighted 1:1:4:4 identity"));
            assertTrue(report.toJson().contains("\"start\": \"identity\""), report::toJson);
        }
    }

    /** A convolution that may compute something else. */
    private static final class OwnConvolution extends Conv2d {

        private OwnConvolution() {
            super(
                    Conv2d.builder()
                            .setKernelShape(new Shape(3, 3))
                            .optPadding(new Shape(1, 1))
                            .setFilters(32));
        }
    }
}
