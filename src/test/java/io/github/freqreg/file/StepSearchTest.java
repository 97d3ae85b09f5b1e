package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The search for steps with which a network fits into a number of bytes. */
@UsesEngine(seed = 7)
class StepSearchTest extends QuantizedNetwork {

    @ParameterizedTest
    @ValueSource(longs = {130, 160, 240})
    void fileUsesNearlyAllOfTheBytes(long bytes) throws Exception {
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
     * Where most coefficients round to zero, the next finer step of the largest tensor costs many
     * bytes, so a file may stay well below the limit; then no tensor's next step may fit.
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

    /** Steps that are too fine for the sensitivity of their tensor become coarser before others. */
    @Test
    void aFewStepsBecomeCoarserWhereTheyAreFinest() {
        Block block = wrapped();
        Map<String, Double> sensitivities = new HashMap<>();
        Map<String, Float> equal = new HashMap<>();
        Quantization.fit(block, 240, true)
                .getSteps()
                .forEach(
                        (name, step) -> {
                            equal.put(name, step);
                            sensitivities.put(name, 1.0 / (step * step));
                        });
        String first = equal.keySet().stream().sorted().toList().get(0);
        Map<String, Float> fine = new HashMap<>(equal);
        fine.computeIfPresent(first, (name, step) -> step / 4);
        Quantization given = Quantization.of(fine);
        long size = given.bytes(block, true);
        Quantization found = given.coarsened(block, size - 1, true, sensitivities).orElseThrow();
        assertTrue(found.bytes(block, true) < size);
        fine.forEach(
                (name, step) -> assertEquals(name.equals(first), found.getStep(name) > step, name));

        Map<String, Float> coarsest = new HashMap<>();
        equal.forEach(
                (name, step) ->
                        coarsest.put(name, Precision.ofStep(step).coarser().coarser().step()));
        long least = Quantization.of(coarsest).bytes(block, true);
        assertEquals(
                coarsest,
                Quantization.of(equal)
                        .coarsened(block, least, true, sensitivities)
                        .orElseThrow()
                        .getSteps());
        assertEquals(
                Optional.empty(),
                Quantization.of(equal).coarsened(block, least - 1, true, sensitivities));
    }

    /** The steps of an allocation have other relations than those of a fit. */
    @Test
    void withoutSensitivitiesAllStepsBecomeCoarserInTurn() {
        Block block = wrapped();
        Allocation allocation = Allocation.fit(block, 200, true, Map.of());
        allocation.applyTo(block);
        Quantization given = allocation.getQuantization();
        Map<String, Float> coarser = new HashMap<>();
        given.getSteps()
                .forEach(
                        (name, step) -> coarser.put(name, Precision.ofStep(step).coarser().step()));
        long least = Quantization.of(coarser).bytes(block, true);
        Quantization found = given.coarsened(block, least, true, Map.of()).orElseThrow();
        assertTrue(found.bytes(block, true) <= least);
        found.getSteps()
                .forEach(
                        (name, step) ->
                                assertTrue(
                                        step >= given.getStep(name)
                                                && step
                                                        <= Precision.ofStep(coarser.get(name))
                                                                .coarser()
                                                                .step(),
                                        name));
    }

    /** Finer steps than those of float16 would only take bytes from the other tensors. */
    @Test
    void noSensitivityMakesStepsFinerThanFloat16() {
        Block block = wrapped();
        Map<String, Double> sensitivities = new HashMap<>();
        NetworkTensors.of(block).forEach(each -> sensitivities.put(each.name(), 1.0));
        String first =
                NetworkTensors.of(block).stream()
                        .filter(each -> each.spectral().isPresent())
                        .findFirst()
                        .orElseThrow()
                        .name();
        sensitivities.put(first, 1e12);
        float step = Quantization.fit(block, 200, true, sensitivities).getStep(first);
        float[] values = FrequencyBlocks.tensors(block).get(first).coefficients();
        assertTrue(
                step >= 0.9 * 0x1p-12 * Quantization.rootMeanSquare(values), "the step is " + step);
    }

    /** The precision of dense parameters is fixed, so they cannot use the remaining bytes. */
    @Test
    void bytesThatNoTensorCanUseAreExplained() {
        Block block = wrapped();
        Block alone =
                TestModels.policy(4)
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
    void coarserAndFinerStepsAreInverse() {
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
    void networkThatFitsIsNotRounded() {
        Block block = wrapped();
        Quantization steps = Quantization.fit(block, 1_000, true);
        assertEquals(3, steps.getSteps().size());
        steps.getSteps().forEach((name, step) -> assertEquals(0, step, name));
    }

    @Test
    void errorNamesTheThreeLargestTensors() {
        Block network = new SequentialBlock();
        for (int units : new int[] {400, 200, 100, 10}) {
            ((SequentialBlock) network).add(TestModels.linear(units));
        }
        Shape input = new Shape(1, 8);
        try (Model model = TestModels.model(network, input)) {
            TestModels.policy(9).apply(model);
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
    void tooSmallALimitIsRejected() {
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
