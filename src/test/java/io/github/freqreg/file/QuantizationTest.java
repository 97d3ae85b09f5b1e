package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.github.freqreg.Seeds;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks in a number of bytes. */
class QuantizationTest {

    private static final Shape INPUT = new Shape(2, 3, 8, 8);

    @TempDir private Path folder;
    private NDManager manager;

    @BeforeEach
    void open() {
        Seeds.engine(7);
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private Block wrapped() {
        Block block = FrequencyRegularization.builder().optKept(40).build().apply(plain(), INPUT);
        TestModels.initialize(block, manager, DataType.FLOAT32, INPUT);
        return block;
    }

    private static Block plain() {
        return TestModels.smoothNetwork();
    }

    private static float[] predict(Block block, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray input = scratch.arange((float) INPUT.size()).sin().reshape(INPUT);
            return block.forward(new ParameterStore(scratch, false), new NDList(input), false)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {130, 160, 240})
    void aFileHasAtMostTheBytesAllowedAndNearlyAll(long bytes) throws Exception {
        Block block = wrapped();
        Quantization steps = Quantization.fit(block, bytes, true);
        Path file = folder.resolve("q.frq");
        FrequencyFile.save(block, file, steps);
        assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes");
        assertTrue(Files.size(file) > 0.95 * bytes, Files.size(file) + " bytes");
        for (FrqEntry tensor : FrqDocument.read(file).entries()) {
            if (tensor.spectral()) {
                assertEquals(steps.getStep(tensor.name()), tensor.precision().step());
            }
        }
    }

    /**
     * Where most coefficients round to zero, one step of the largest tensor takes many bytes: how
     * many depends on the coefficients. What holds for all is that no tensor's next step fits.
     */
    @ParameterizedTest
    @ValueSource(longs = {500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000, 12_000, 20_000})
    void bytesThatOneTensorCannotUseGoToTheOthers(long bytes) {
        Shape input = new Shape(1, 40);
        Block block =
                FrequencyRegularization.builder()
                        .optKeepRate(1)
                        .build()
                        .apply(
                                new SequentialBlock()
                                        .add(Linear.builder().setUnits(400).build())
                                        .add(Activation::relu)
                                        .add(Linear.builder().setUnits(10).build()),
                                input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        Quantization steps = Quantization.fit(block, bytes, true);
        long size = steps.bytes(block, true);
        assertTrue(size <= bytes && size >= 0.85 * bytes, size + " bytes");
        if (size < 0.99 * bytes) {
            steps.getSteps()
                    .forEach(
                            (name, step) -> {
                                Map<String, Float> finer = new HashMap<>(steps.getSteps());
                                finer.put(name, Precision.ofStep(step).finer().step());
                                long its = Quantization.of(finer).bytes(block, true);
                                assertTrue(its > bytes, name + " has room: " + its);
                            });
        }
    }

    /** The steps of what is left alone are as they are. */
    @Test
    void bytesThatNoTensorCanUseAreTold() {
        Block block = wrapped();
        Block alone =
                FrequencyRegularization.builder()
                        .optKept(4)
                        .build()
                        .apply(
                                new SequentialBlock()
                                        .add(Linear.builder().setUnits(1).optBias(false).build())
                                        .add(Linear.builder().setUnits(3_000).build()),
                                new Shape(1, 4));
        TestModels.initialize(alone, manager, DataType.FLOAT32, new Shape(1, 4));
        for (Pair<String, Parameter> each : alone.getParameters()) {
            if (each.getKey().endsWith("bias")) {
                float[] values = manager.randomNormal(new Shape(3_000)).toFloatArray();
                each.getValue().getArray().set(values);
            }
        }
        StepSearch search = new StepSearch(alone, 4_000, true, Map.of());
        Quantization found = search.find();
        long size = found.bytes(alone, true);
        assertTrue(size < 3_500, size + " bytes");
        String told = search.whyNotAll(found).orElseThrow();
        assertTrue(
                told.startsWith("A file with the steps found has " + size + " of 4000 bytes: "),
                told);
        assertTrue(told.contains("with float16 numbers it would have "), told);
        StepSearch all = new StepSearch(block, 160, true, Map.of());
        assertEquals(Optional.empty(), all.whyNotAll(all.find()));
        assertTrue(all.whyNotAll(Quantization.fit(block, 140, true)).isPresent());
    }

    @Test
    void stepsGoUpAndDown() {
        for (float step : new float[] {Float.MIN_NORMAL, 0x1p-20f, 0.013f, 1f, 1.9f, 1e38f}) {
            Precision precision = Precision.ofStep(step);
            Precision coarser = precision.coarser();
            assertTrue(coarser.step() > 1.06f * precision.step());
            assertTrue(coarser.step() < 1.13f * precision.step());
            assertEquals(precision, coarser.finer());
        }
        Precision largest = Precision.ofStep(Float.MAX_VALUE);
        assertEquals(largest, largest.coarser());
        assertEquals(Precision.FLOAT16, Precision.FLOAT16.coarser());
    }

    @Test
    void moreBytesAreCloserToTheNetwork() throws Exception {
        Block block = wrapped();
        float[] right = predict(block, manager);
        double last = Double.POSITIVE_INFINITY;
        for (long bytes : new long[] {130, 160, 200, 240}) {
            double error = 0;
            Block loaded = reloaded(block, Quantization.fit(block, bytes, true));
            // At 240 bytes the rounding of biases to float16 would be the larger part.
            copyLeftAlone(block, loaded);
            float[] told = predict(loaded, manager);
            for (int i = 0; i < right.length; i++) {
                error += Math.pow(told[i] - right[i], 2);
            }
            assertTrue(error < last, bytes + " bytes: " + error + " after " + last);
            last = error;
        }
    }

    private Block reloaded(Block block, Quantization steps)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("again.frq");
        FrequencyFile.save(block, file, steps);
        return FrequencyFile.load(plain(), manager, file);
    }

    /** What is computed with steps is what the file will compute. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void aNetworkThatIsRoundedComputesAsItsFile(Strategy strategy) throws Exception {
        Block block = wrapped();
        FrequencyBlocks.setStrategy(block, strategy);
        Quantization steps = Quantization.fit(block, 160, true);
        float[] before = predict(block, manager);
        steps.applyTo(block);
        float[] rounded = predict(block, manager);
        assertFalse(Arrays.equals(before, rounded));
        Block loaded = reloaded(block, steps);
        FrequencyBlocks.setStrategy(loaded, strategy);
        // Parameters left alone are rounded by the file only.
        copyLeftAlone(block, loaded);
        assertArrayEquals(rounded, predict(loaded, manager), 1e-5f);
    }

    private static void copyLeftAlone(Block from, Block to) {
        Map<String, Parameter> parameters = new HashMap<>();
        from.getParameters().forEach(each -> parameters.put(each.getKey(), each.getValue()));
        for (Pair<String, Parameter> each : to.getParameters()) {
            NDArray source = parameters.get(each.getKey()).getArray();
            NDArray target = each.getValue().getArray();
            if (!each.getKey().endsWith("weight")) {
                boolean trained = target.hasGradient();
                target.setRequiresGradient(false);
                source.stopGradient().copyTo(target);
                target.setRequiresGradient(trained);
            }
        }
    }

    /** Straight through: the gradient at rounded coefficients goes to those that are not. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void gradientsPassTheRounding(Strategy strategy) throws Exception {
        Block block = wrapped();
        FrequencyBlocks.setStrategy(block, strategy);
        Quantization steps = Quantization.fit(block, 160, true);
        Block loaded = reloaded(block, steps);
        FrequencyBlocks.setStrategy(loaded, strategy);
        copyLeftAlone(block, loaded);
        steps.applyTo(block);
        Map<String, float[]> expected = gradients(loaded);
        Map<String, float[]> found = gradients(block);
        expected.forEach(
                (name, gradient) -> {
                    // The file leaves zeros at the end out.
                    float[] first = Arrays.copyOf(found.get(name), gradient.length);
                    assertArrayEquals(gradient, first, 2e-3f, name);
                });
    }

    private Map<String, float[]> gradients(Block block) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray input = scratch.arange((float) INPUT.size()).sin().reshape(INPUT);
            for (Pair<String, Parameter> each : block.getParameters()) {
                each.getValue().getArray().setRequiresGradient(each.getValue().requiresGradient());
            }
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray output =
                        block.forward(new ParameterStore(scratch, false), new NDList(input), true)
                                .singletonOrThrow();
                collector.backward(output.square().sum());
            }
            Map<String, float[]> gradients = new HashMap<>();
            for (Pair<String, Parameter> each : block.getParameters()) {
                if (each.getValue().requiresGradient()) {
                    gradients.put(
                            each.getKey(), each.getValue().getArray().getGradient().toFloatArray());
                }
            }
            return gradients;
        }
    }

    @Test
    void sensitiveTensorsHaveFinerSteps() {
        Block block = wrapped();
        Map<String, Double> sensitivities = new HashMap<>();
        block.getParameters().forEach(each -> sensitivities.put(each.getKey(), 1.0));
        String name =
                block.getParameters().keys().stream()
                        .filter(n -> n.contains("Conv"))
                        .findFirst()
                        .get();
        sensitivities.put(name, 64.0);
        Quantization steps = Quantization.fit(block, 160, true, sensitivities);
        String other =
                block.getParameters().keys().stream()
                        .filter(n -> n.contains("Linear_w"))
                        .findFirst()
                        .get();
        assertEquals(8, steps.getStep(other) / steps.getStep(name), 1);
    }

    @Test
    void runningStatisticsAreFloat16() throws Exception {
        Block block =
                FrequencyRegularization.builder()
                        .optKept(40)
                        .build()
                        .apply(
                                new SequentialBlock().add(TestModels.convolution(4)).add(norm()),
                                INPUT);
        block.initialize(manager, DataType.FLOAT32, INPUT);
        Path file = folder.resolve("q.frq");
        FrequencyFile.save(block, file, Quantization.fit(block, 75, false));
        FrqDocument document =
                FrqDocument.read(file)
                        .withNames(NetworkReader.shapes(NetworkTensors.byName(block)));
        Map<Boolean, List<FrqEntry>> byKind =
                document.entries().stream()
                        .collect(Collectors.partitioningBy(t -> t.name().contains("unning")));
        assertEquals(2, byKind.get(true).size());
        byKind.get(true).forEach(t -> assertEquals(Precision.FLOAT16, t.precision(), t.name()));
        for (FrqEntry tensor : byKind.get(false)) {
            // Of zeros alone nothing is rounded.
            boolean zeros = tensor.values().length == 4 && tensor.values()[0] == 0;
            assertEquals(
                    zeros ? Precision.Kind.FLOAT16 : Precision.Kind.STEPS,
                    tensor.precision().kind(),
                    tensor.name());
        }
    }

    private static Block norm() {
        return BatchNorm.builder().build();
    }

    @Test
    void whatFitsIsNotRoundedToSteps() {
        Block block = wrapped();
        Quantization steps = Quantization.fit(block, 1_000, true);
        assertEquals(3, steps.getSteps().size());
        steps.getSteps().forEach((name, step) -> assertEquals(0, step, name));
    }

    @Test
    void stepsAreTakenAndGivenBack() {
        Block block = wrapped();
        Quantization found = Quantization.fit(block, 160, true);
        Quantization.of(found.getSteps()).applyTo(block);
        assertEquals(found.getSteps(), Quantization.appliedTo(block).getSteps());
        assertThrows(
                IllegalArgumentException.class,
                () -> Quantization.of(Map.of("w", 1f)).applyTo(block));
        assertThrows(
                IllegalArgumentException.class,
                () -> Quantization.fit(block, 160, true, Map.of("w", 1.0)));
        for (float step : new float[] {-1, Float.NaN, Float.POSITIVE_INFINITY, 1e-40f}) {
            assertThrows(IllegalArgumentException.class, () -> Quantization.of(Map.of("w", step)));
        }
    }

    @Test
    void theMessageNamesTheThreeTensorsThatTakeMost() {
        Block network = new SequentialBlock();
        for (int units : new int[] {400, 200, 100, 10}) {
            ((SequentialBlock) network).add(TestModels.linear(units));
        }
        Shape input = new Shape(1, 8);
        try (Model model = TestModels.model(network, input)) {
            FrequencyRegularization.builder().optKept(9).build().apply(model);
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> Quantization.fit(model.getBlock(), 60, false))
                            .getMessage();
            assertTrue(
                    message.endsWith(
                            "by a policy with optBudgetBytes. The largest of its tensors:"
                                    + " 01Linear_bias with 400 numbers left alone; 02Linear_bias"
                                    + " with 200 numbers left alone; 03Linear_bias with 100 numbers"
                                    + " left alone"),
                    message);
        }
    }

    @Test
    void tellsThatNoStepsAreCoarseEnough() {
        Block block = wrapped();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> Quantization.fit(block, 50, true));
        assertTrue(
                e.getMessage()
                        .matches("A file of this network has at least \\d+ bytes, but only 50.*"),
                e.getMessage());
        Quantization steps = Quantization.fit(block, 160, false);
        assertEquals(
                "Expected the name of a tensor with coefficients but found w",
                assertThrows(IllegalArgumentException.class, () -> steps.getStep("w"))
                        .getMessage());
    }
}
