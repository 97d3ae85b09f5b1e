package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks whose coefficients are rounded to multiples of a step. */
@UsesEngine(seed = 7)
class QuantizationTest extends QuantizedNetwork {

    private static float[] predict(Block block, NDManager manager) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray input = scratch.arange((float) INPUT.size()).sin().reshape(INPUT);
            return block.forward(new ParameterStore(scratch, false), new NDList(input), false)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    @Test
    void moreBytesApproximateTheNetworkBetter() throws Exception {
        Block block = wrapped();
        float[] right = predict(block, manager);
        double last = Double.POSITIVE_INFINITY;
        for (long bytes : new long[] {130, 160, 200, 240}) {
            double error = 0;
            Block loaded = reloaded(block, Quantization.fit(block, bytes, true));
            // At 240 bytes most of the error would come from rounding biases to float16.
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
        return FrequencyFile.load(TestModels.smoothNetwork(), manager, file);
    }

    /** With steps applied, a network computes what its file will compute. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void roundedNetworkComputesLikeItsFile(Strategy strategy) throws Exception {
        Block block = wrapped();
        FrequencyBlocks.setStrategy(block, strategy);
        Quantization steps = Quantization.fit(block, 160, true);
        float[] before = predict(block, manager);
        steps.applyTo(block);
        float[] rounded = predict(block, manager);
        assertFalse(Arrays.equals(before, rounded));
        Block loaded = reloaded(block, steps);
        FrequencyBlocks.setStrategy(loaded, strategy);
        // Only the file rounds dense parameters.
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

    /** Straight-through estimator: gradients of rounded coefficients reach the unrounded ones. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void gradientsPassThroughTheRounding(Strategy strategy) throws Exception {
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
                    // The file omits trailing zeros.
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
    void runningStatisticsAreFloat16() throws Exception {
        Block block =
                TestModels.policy(40)
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
            // Tensors of zeros are not quantised.
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
    void appliedStepsAreReturned() {
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
}
