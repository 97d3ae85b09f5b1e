package io.github.freqreg.policy;

import ai.djl.Model;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.SymbolBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;

/** Which tensors a policy takes, and how many coefficients of each it keeps. */
class FrequencyRegularizationTest {

    /** Numbers of the small network: (3·4 + 4·6)·9 + 5·96 weights and 15 biases. */
    private static final long SMALL_WEIGHTS = 36 * 9 + 480;

    private static final long SMALL_BIASES = 15;

    private static FrequencyRegularizationBuilder policy() {
        return FrequencyRegularization.builder();
    }

    private static Model small() {
        return TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
    }

    /** The names of the chosen tensors. */
    private static List<String> chosen(FrequencyRegularizationBuilder policy, Block block) {
        return policy.build().plan(block).stream()
                .filter(TensorChoice::regularized)
                .map(TensorChoice::name)
                .toList();
    }

    /** The kept numbers of all regularised tensors, in order. */
    private static List<Integer> kept(Block block) {
        return List.copyOf(FrequencyBlocks.kept(block).values());
    }

    /** The kept numbers that a policy gives the small network. */
    private static List<Integer> keptOfSmall(FrequencyRegularizationBuilder policy) {
        try (Model model = small()) {
            policy.build().apply(model);
            return kept(model.getBlock());
        }
    }

    private static long numbers(Block block) {
        return block.getParameters().values().stream().mapToLong(p -> p.getShape().size()).sum();
    }

    /** Caffe's LeNet-5, of the sizes that the paper counts. */
    private static Block leNet() {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(20).setKernelShape(new Shape(5, 5)).build())
                .add(Conv2d.builder().setFilters(50).setKernelShape(new Shape(5, 5)).build())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(500))
                .add(TestModels.linear(10));
    }

    @Test
    void byDefaultTheWeightsOfConvolutionsAndLinearLayersAreChosen() {
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
    void namesAreIncludedAndExcludedAndExclusionWins() {
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
    void aPredicateChoosesShapes() {
        try (Model model = small()) {
            FrequencyRegularizationBuilder policy = policy().optShapes(s -> s.dimension() == 2);
            assertEquals(List.of("06Linear_weight"), chosen(policy, model.getBlock()));
        }
    }

    @Test
    void aPredicateOfShapesNeedsShapes() {
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
    void aRateKeepsOneMoreThanThePublishedIndex() {
        try (Model model = TestModels.model(leNet(), new Shape(1, 1, 14, 14))) {
            policy().optKeepRate(0.01).build().apply(model);
            List<Integer> kept = kept(model.getBlock());
            assertEquals(128, kept.get(0));
            assertEquals(251, kept.get(1));
            assertEquals(500 * 50 * 36 / 100 + 1, kept.get(2));
            assertEquals(256, kept.get(3));
        }
    }

    @Test
    void aTransposedConvolutionKeepsAtLeastThirtyTwo() {
        Block block =
                Conv2dTranspose.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build();
        try (Model model = TestModels.model(block, new Shape(1, 4, 6, 6))) {
            policy().optKeepRate(0.01).build().apply(model);
            assertEquals(List.of(32), kept(model.getBlock()));
        }
    }

    @Test
    void withoutFloorsARateIsRoundedAndAtLeastOneIsKept() {
        // 108, 216 and 480 weights.
        assertEquals(List.of(11, 22, 48), keptOfSmall(policy().optFloors(false).optKeepRate(0.1)));
        assertEquals(List.of(1, 1, 1), keptOfSmall(policy().optFloors(false).optKeepRate(0.0001)));
    }

    @Test
    void noMoreIsKeptThanThereIs() {
        assertEquals(List.of(108, 128, 256), keptOfSmall(policy().optKeepRate(0.01)));
        assertEquals(List.of(108, 200, 200), keptOfSmall(policy().optKept(200)));
        assertEquals(List.of(108, 216, 480), keptOfSmall(policy().optKept(Long.MAX_VALUE)));
        assertEquals(List.of(108, 216, 480), keptOfSmall(policy()));
    }

    @Test
    void theFirstOverrideThatMatchesCounts() {
        FrequencyRegularizationBuilder policy =
                policy().optFloors(false)
                        .optKeepRate(0.1)
                        .addOverrideKept("^01", 7)
                        .addOverrideRate("Conv2d", 0.5)
                        .addOverrideKept("Conv2d", 3);
        assertEquals(List.of(7, 108, 48), keptOfSmall(policy));
    }

    @Test
    void theStartIsNeverBelowTheTarget() {
        try (Model model = small()) {
            policy().optKept(150).optStartRate(0.5).build().apply(model);
            // Half of 108 and 216 is less than their target, half of 480 is more.
            assertEquals(List.of(108, 150, 240), kept(model.getBlock()));
            assertEquals(108 + 150 + 150, FrequencyBlocks.truncate(model.getBlock(), 0));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {18, 19, 20, 100, 338, 339, 340, 700, 818, 819})
    void aBudgetCountsEverythingAndIsMetExactly(long budget) {
        try (Model model = small()) {
            policy().optBudget(budget).build().apply(model);
            assertEquals(budget, numbers(model.getBlock()));
            assertEquals(budget, CompressionReport.of(model.getBlock()).getKept());
        }
    }

    @Test
    void aBudgetAboveTheNetworkKeepsAll() {
        try (Model model = small()) {
            policy().optBudget(1_000_000).build().apply(model);
            assertEquals(SMALL_WEIGHTS + SMALL_BIASES, numbers(model.getBlock()));
        }
    }

    @Test
    void aBudgetOfAFreshNetworkIsSharedEqually() {
        assertEquals(List.of(50, 51, 51), keptOfFresh(policy().optBudget(SMALL_BIASES + 152)));
        // The first can use 108 only; what it leaves goes to the others.
        assertEquals(List.of(108, 150, 150), keptOfFresh(policy().optBudget(SMALL_BIASES + 408)));
    }

    /** Biases of 4, 6 and 5 numbers get 2, 3 and 3 as long as the weights can use more. */
    @Test
    void aVectorOfAFreshNetworkGetsTheRootOfItsSize() {
        FrequencyRegularizationBuilder policy =
                policy().optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.BIAS);
        assertEquals(List.of(50, 2, 50, 3, 50, 3), keptOfFresh(policy.optBudget(158)));
        long all = SMALL_WEIGHTS + SMALL_BIASES;
        assertEquals(
                List.of(108, 4, 216, 6, (int) SMALL_WEIGHTS - 324, 5),
                keptOfFresh(policy.optBudget(all)));
    }

    private static List<Integer> keptOfFresh(FrequencyRegularizationBuilder policy) {
        Block block = policy.build().apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, TestModels.SMALL_INPUT);
            return kept(block);
        }
    }

    @Test
    void aBudgetOfBytesGivesTwoNumbersForEachThatParametersLeftAloneLeave() {
        // Of 100 bytes 15 biases take 30.
        assertEquals(List.of(46, 47, 47), keptOfFresh(weights().optBudgetBytes(100)));
        FrequencyRegularization policy = weights().optBudgetBytes(31).build();
        IllegalArgumentException failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT));
        assertContains(failure, "31 bytes", "3 tensors");
    }

    private static FrequencyRegularizationBuilder weights() {
        return policy().optParameterTypes(Parameter.Type.WEIGHT);
    }

    /** Whole, the 15 biases are an eighth of 120 numbers, and of 240 bytes. */
    @Test
    void aBudgetTakesBiasesInWhereTheyWouldTakeMoreThanAnEighth() {
        List<String> few = List.of("01Conv2d_weight", "03Conv2d_weight", "06Linear_weight");
        List<String> all = TestModels.smallNetwork().getParameters().keys();
        assertEquals(few, chosenOfSmall(policy().optBudget(120)));
        assertEquals(all, chosenOfSmall(policy().optBudget(119)));
        assertEquals(few, chosenOfSmall(policy().optBudgetBytes(240)));
        assertEquals(all, chosenOfSmall(policy().optBudgetBytes(239)));
        // What is asked for counts.
        assertEquals(few, chosenOfSmall(weights().optBudget(119)));
        assertEquals(
                List.of("06Linear_weight", "06Linear_bias"),
                chosenOfSmall(policy().optBudget(20).optLayerTypes(LayerType.LINEAR)));
    }

    /** In each order of the calls, and never a running statistic. */
    @Test
    void aBudgetNeverChoosesRunningStatistics() {
        Block block =
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(BatchNorm.builder().build());
        List<String> chosen =
                policy().optBudget(9).build().plan(block, TestModels.SMALL_INPUT).stream()
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

    private static List<String> chosenOfSmall(FrequencyRegularizationBuilder policy) {
        return policy.build().plan(TestModels.smallNetwork(), TestModels.SMALL_INPUT).stream()
                .filter(TensorChoice::regularized)
                .map(TensorChoice::name)
                .toList();
    }

    @Test
    void aRefusedBudgetNamesTheLargestInTheWayAndWhatToCall() {
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
        // 480 + 216 + 15 are left alone: 1,422 bytes, and one more for a coefficient.
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

    /** No way to move coefficients from one tensor to another raises the sum of their parts. */
    @ParameterizedTest
    @ValueSource(longs = {40, 100, 300, 600})
    void aBudgetOfATrainedNetworkGoesWhereTheEnergyIs(long coefficients) {
        double[][] parts = new double[3][];
        try (Model model = small()) {
            int tensor = 0;
            for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
                if (each.getKey().endsWith("weight")) {
                    NDArray weights = each.getValue().getArray();
                    parts[tensor++] = parts(FrequencyTensor.of(weights, weights.size()));
                }
            }
            weights().optBudget(SMALL_BIASES + coefficients).build().apply(model);
            List<Integer> kept = kept(model.getBlock());
            double found = 0;
            for (int i = 0; i < parts.length; i++) {
                found += parts[i][kept.get(i)];
            }
            double best = 0;
            for (int first = 1; first <= 108; first++) {
                for (int second = 1; second <= 216; second++) {
                    long third = coefficients - first - second;
                    if (third >= 1 && third <= 480) {
                        best =
                                Math.max(
                                        best,
                                        parts[0][first] + parts[1][second] + parts[2][(int) third]);
                    }
                }
            }
            // Steps of hulls, the steepest first, are the best of hulls; the last is taken in part.
            double hulls = 0;
            int below = 0;
            for (int i = 0; i < parts.length; i++) {
                // No tensor can have more than all.
                int most = (int) Math.min(parts[i].length, coefficients + 1);
                double hull = hull(Arrays.copyOf(parts[i], most))[kept.get(i)];
                hulls += hull;
                below += hull > parts[i][kept.get(i)] + 1e-6 ? 1 : 0;
            }
            assertTrue(hulls >= best - 1e-6, hulls + " of " + best);
            assertTrue(below <= 1, below + " tensors within a step");
            assertTrue(found <= best + 1e-6, found + " of " + best);
        }
    }

    /** The concave hull of a curve from its second point on. */
    private static double[] hull(double[] curve) {
        double[] hull = curve.clone();
        int from = 1;
        while (from < curve.length - 1) {
            int to = from + 1;
            for (int i = to; i < curve.length; i++) {
                if (slope(curve, from, i) >= slope(curve, from, to)) {
                    to = i;
                }
            }
            for (int i = from; i < to; i++) {
                hull[i] = curve[from] + (i - from) * slope(curve, from, to);
            }
            from = to;
        }
        return hull;
    }

    private static double slope(double[] curve, int from, int to) {
        return (curve[to] - curve[from]) / (to - from);
    }

    /** The parts of the energy that the first coefficients have. */
    private static double[] parts(FrequencyTensor tensor) {
        double[] sums = new double[tensor.coefficients().length + 1];
        for (int i = 1; i < sums.length; i++) {
            sums[i] = sums[i - 1] + Math.pow(tensor.coefficients()[i - 1], 2);
        }
        double all = sums[sums.length - 1];
        return Arrays.stream(sums).map(sum -> sum / all).toArray();
    }

    @Test
    void aBudgetHasNoOverrides() {
        FrequencyRegularizationBuilder builder =
                policy().addOverrideKept("Conv2d", 1).optBudget(200);
        assertContains(
                assertThrows(IllegalArgumentException.class, builder::build), "200", "1 overrides");
    }

    @Test
    void aBudgetThatIsTooSmallIsRefusedWithItsNumbers() {
        try (Model model = small()) {
            FrequencyRegularization policy = weights().optBudget(17).build();
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> policy.apply(model));
            assertContains(failure, "17", String.valueOf(SMALL_BIASES), "3 tensors");
            assertEquals(0, FrequencyBlocks.in(model.getBlock()).size());
        }
    }

    @Test
    void aBudgetNeedsShapes() {
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
    void aRateAfterABudgetTakesItsPlace() {
        assertEquals(
                List.of(11, 22, 48),
                keptOfSmall(policy().optBudget(20).optFloors(false).optKeepRate(0.1)));
    }

    @Test
    void aPlanTellsTheReasonForEachParameter() {
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
    void aTensorOfIntegersIsLeftAlone() {
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
    void aSymbolBlockIsLeftAlone() {
        TensorChoice choice =
                policy().optLayerTypes(LayerType.OTHER).build().plan(new Symbol()).get(0);
        assertFalse(choice.regularized());
        assertContains(choice.reason(), "SymbolBlock");
    }

    @Test
    void aPolicyIsAppliedOnce() {
        try (Model model = small()) {
            FrequencyRegularization policy = policy().optKept(9).build();
            policy.apply(model);
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> policy.apply(model));
            assertContains(failure, "already", "Conv2d");
            for (TensorChoice choice : policy.plan(model.getBlock())) {
                assertFalse(choice.regularized());
                assertContains(choice.reason(), "already");
            }
        }
    }

    @Test
    void aModelWithoutABlockIsRefused() {
        try (Model model = Model.newInstance("bare")) {
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> policy().build().apply(model));
            assertContains(failure, "bare", "setBlock");
        }
    }

    @Test
    void aPatternThatMatchesNothingIsRefusedWithTheNamesThatThereAre() {
        Shape shape = new Shape(5, 4, 4, 4);
        for (FrequencyRegularizationBuilder builder :
                List.of(
                        policy().addOverrideKept("03Lineer", 5),
                        policy().addOverrideRate("03Lineer", 0.5),
                        policy().addSplit("03Lineer", shape),
                        policy().addAxisWeights("03Lineer", 1, 2),
                        policy().optExclude("03Lineer"))) {
            Block block = TestModels.smallNetwork();
            IllegalArgumentException failure =
                    assertThrows(
                            IllegalArgumentException.class, () -> builder.build().apply(block));
            assertContains(failure, "03Lineer", "01Conv2d_weight", "06Linear_weight");
            assertFalse(FrequencyBlocks.isWrapped(block));
        }
        // It may match what is wrapped already.
        SequentialBlock block = TestModels.smallNetwork();
        policy().optKept(9).optInclude("Conv2d").build().apply(block);
        policy().optKept(9).addOverrideKept("Conv2d", 5).build().apply(block);
    }

    @Test
    void oneLineInTheLogSaysHowMuchWasWrapped() throws ReflectiveOperationException {
        FrequencyRegularization policy = policy().optKept(9).optStartRate(1).build();
        assertContains(
                logged(() -> policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT)),
                "Wrapped 3 of 6 tensors of the SequentialBlock: 804 numbers become 804"
                        + " coefficients, and 27 by truncation");
        assertContains(
                logged(() -> policy.apply(TestModels.smallNetwork())),
                "Wrapped 3 of 6 tensors of the SequentialBlock, whose shapes are not known yet");
    }

    /** What applying a policy logs at level INFO: one line. */
    private static String logged(Runnable apply) throws ReflectiveOperationException {
        Logger logger = LoggerFactory.getLogger(FrequencyRegularization.class);
        Field level = logger.getClass().getDeclaredField("currentLogLevel");
        level.setAccessible(true);
        Object before = level.get(logger);
        PrintStream error = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            level.set(logger, LocationAwareLogger.INFO_INT);
            System.setErr(captured);
            apply.run();
        } finally {
            System.setErr(error);
            level.set(logger, before);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertEquals(1, text.lines().count(), text);
        return text;
    }

    @Test
    void afterToDenseAPolicyCanBeAppliedAgain() {
        try (Model model = small()) {
            policy().optKept(9).build().apply(model);
            FrequencyBlocks.toDense(model);
            policy().optKept(5).build().apply(model);
            assertEquals(List.of(5, 5, 5), kept(model.getBlock()));
        }
    }

    @Test
    void aPolicyThatChoosesNothingIsAnError() {
        FrequencyRegularization policy = policy().optInclude("no such name").build();
        IllegalArgumentException failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(TestModels.smallNetwork()));
        assertContains(failure, "no tensor", "01Conv2d_weight", "does not match no such name");
    }

    static Stream<Arguments> invalidArguments() {
        return Stream.of(
                invalid(b -> b.optKeepRate(0), "0.0", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(-0.5), "-0.5", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(2), "2.0", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(Double.NaN), "NaN", "above 0 and at most 1"),
                invalid(b -> b.optStartRate(0), "0.0", "above 0 and at most 1"),
                invalid(b -> b.optStartRate(Double.NaN), "NaN", "above 0 and at most 1"),
                invalid(b -> b.addOverrideRate("a", 1.5), "1.5", "above 0 and at most 1"),
                invalid(b -> b.optKept(0), "0", "1 or more"),
                invalid(b -> b.optKept(-3), "-3", "1 or more"),
                invalid(b -> b.addOverrideKept("a", 0), "0", "1 or more"),
                invalid(b -> b.optBudget(0), "0", "1 or more"),
                invalid(b -> b.optBalancedStart(-1), "-1", "0 to 1000"),
                invalid(b -> b.optBalancedStart(1001), "1001", "0 to 1000"),
                invalid(b -> b.optLayerTypes().build(), "layer type"),
                invalid(b -> b.optParameterTypes().build(), "parameter type"));
    }

    private static Arguments invalid(
            Consumer<FrequencyRegularizationBuilder> call, String... words) {
        return Arguments.of(call, words);
    }

    @ParameterizedTest
    @MethodSource("invalidArguments")
    void anInvalidArgumentIsNamedWithItsRange(
            Consumer<FrequencyRegularizationBuilder> call, String... words) {
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> call.accept(policy()));
        assertContains(failure, words);
    }

    private static void assertContains(Exception failure, String... words) {
        assertContains(failure.getMessage(), words);
    }

    private static void assertContains(String text, String... words) {
        for (String word : words) {
            assertTrue(text.contains(word), text + " should name " + word);
        }
    }

    /** A block whose parameters belong to a graph of the engine's. */
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
