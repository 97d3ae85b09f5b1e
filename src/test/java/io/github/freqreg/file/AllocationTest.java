package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Coefficients and steps of a trained network, allocated together. */
@UsesEngine(seed = 19)
class AllocationTest {

    private static final Shape INPUT = new Shape(4, 3, 8, 8);
    private static final FrequencyRegularization EVERYTHING =
            FrequencyRegularization.builder()
                    .optKeepRate(1)
                    .optFloors(false)
                    .optLayerTypes(LayerType.values())
                    .optParameterTypes(
                            Parameter.Type.WEIGHT,
                            Parameter.Type.BIAS,
                            Parameter.Type.GAMMA,
                            Parameter.Type.BETA)
                    .build();

    @TempDir private Path folder;
    private NDManager manager;

    @BeforeEach
    void open(NDManager engine) {
        manager = engine;
    }

    private static Block plain() {
        return new SequentialBlock()
                .add(TestModels.convolution(16))
                .add(BatchNorm.builder().build())
                .add(Activation.tanhBlock())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(40))
                .add(Activation.tanhBlock())
                .add(TestModels.linear(10));
    }

    /** A network of 24,000 numbers whose running statistics have seen inputs. */
    private Block initialized() {
        Block block = plain();
        TestModels.initialize(block, manager, DataType.FLOAT32, INPUT);
        NDList inputs = new NDList(manager.randomNormal(0, 2, INPUT, DataType.FLOAT32));
        for (int i = 0; i < 20; i++) {
            block.forward(new ParameterStore(manager, false), inputs, true);
        }
        return block;
    }

    private Block wrapped() {
        return EVERYTHING.apply(initialized(), INPUT);
    }

    private static long numbers(Block block) {
        return NetworkTensors.of(block).stream().mapToLong(NetworkTensor::numbers).sum();
    }

    private static Map<String, float[]> coefficients(Block block) {
        Map<String, float[]> found = new LinkedHashMap<>();
        FrequencyBlocks.tensors(block)
                .forEach((name, tensor) -> found.put(name, tensor.coefficients()));
        return found;
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6, 8, 10, 12, 16})
    void fileFitsAndIsTheSameToTheBitAfterLoading(int ratio) throws Exception {
        Block block = wrapped();
        long bytes = 4 * numbers(block) / ratio;
        Allocation.fit(block, bytes, true, Map.of()).roundIn(block);
        Path file = folder.resolve("a.frq");
        FrequencyFile.save(block, file);
        assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes of " + bytes);
        assertTrue(Files.size(file) > 0.985 * bytes, Files.size(file) + " bytes of " + bytes);

        Block loaded = FrequencyFile.load(plain(), manager, file);
        Map<String, float[]> expected = coefficients(block);
        Map<String, float[]> found = coefficients(loaded);
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6, 8, 10, 12, 16})
    void neverBehindPlainRounding(int ratio) throws Exception {
        Block block = wrapped();
        long bytes = 4 * numbers(block) / ratio;
        Map<String, float[]> before = coefficients(block);
        Allocation.fit(block, bytes, true, Map.of()).roundIn(block);
        double error = relativeError(before, coefficients(block));
        Map<String, float[]> weights = new LinkedHashMap<>();
        for (NetworkTensor tensor : NetworkTensors.of(initialized())) {
            if (!tensor.isRunningStatistic()) {
                weights.put(tensor.name(), tensor.parameter().getArray().toFloatArray());
            }
        }
        double zipped = plainError(weights, bytes, AllocationTest::zipped);
        double coded = plainError(weights, bytes, AllocationTest::entropy);
        assertTrue(error <= coded, error + " but plain rounding at its entropy " + coded);
        assertTrue(error <= zipped * 2 / 3, error + " but plain rounding and gzip " + zipped);
    }

    /** The error of all tensors, each relative to its own energy. */
    private static double relativeError(
            Map<String, float[]> tensors, Map<String, float[]> rounded) {
        double sum = 0;
        for (Map.Entry<String, float[]> each : tensors.entrySet()) {
            float[] values = each.getValue();
            float[] others = rounded.get(each.getKey());
            double error = 0;
            double energy = 0;
            for (int i = 0; i < values.length; i++) {
                double difference = values[i] - (i < others.length ? others[i] : 0);
                error += difference * difference;
                energy += (double) values[i] * values[i];
            }
            sum += energy > 0 ? error / energy : 0;
        }
        return sum;
    }

    /** Rounds the weights with one step relative to the root mean square, the best that fits. */
    private static double plainError(Map<String, float[]> weights, long bytes, Size size) {
        double fine = 0x1p-10;
        double coarse = 16;
        for (int i = 0; i < 20; i++) {
            double middle = Math.sqrt(fine * coarse);
            if (size.of(multiples(weights, middle)) > bytes) {
                fine = middle;
            } else {
                coarse = middle;
            }
        }
        Map<String, float[]> rounded = new HashMap<>();
        for (Map.Entry<String, float[]> each : multiples(weights, coarse).entrySet()) {
            float step = (float) (coarse * Quantization.rootMeanSquare(weights.get(each.getKey())));
            float[] values = each.getValue().clone();
            for (int i = 0; i < values.length; i++) {
                values[i] *= step;
            }
            rounded.put(each.getKey(), values);
        }
        return relativeError(weights, rounded);
    }

    private static Map<String, float[]> multiples(Map<String, float[]> weights, double relative) {
        Map<String, float[]> all = new LinkedHashMap<>();
        weights.forEach(
                (name, values) -> {
                    double step = relative * Quantization.rootMeanSquare(values);
                    float[] multiples = new float[values.length];
                    for (int i = 0; i < values.length; i++) {
                        multiples[i] = step > 0 ? (float) Math.rint(values[i] / step) : 0;
                    }
                    all.put(name, multiples);
                });
        return all;
    }

    /** Counts the bytes of the multiples of all tensors. */
    @FunctionalInterface
    private interface Size {

        double of(Map<String, float[]> multiples);
    }

    private static double zipped(Map<String, float[]> all) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            for (float[] multiples : all.values()) {
                boolean wide = Float16Range.largest(multiples) > Byte.MAX_VALUE;
                for (float multiple : multiples) {
                    if (wide) {
                        out.write((int) multiple >> Byte.SIZE);
                    }
                    out.write((int) multiple);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.size();
    }

    /** The order-0 entropy of each tensor. */
    private static double entropy(Map<String, float[]> all) {
        double bits = 0;
        for (float[] multiples : all.values()) {
            Map<Float, Integer> counts = new HashMap<>();
            for (float multiple : multiples) {
                counts.merge(multiple, 1, Integer::sum);
            }
            for (int count : counts.values()) {
                bits -= count * Math.log((double) count / multiples.length) / Math.log(2);
            }
        }
        return bits / Byte.SIZE;
    }

    @Test
    void applyingKeepsThePrefixAndTheSteps() {
        Block block = wrapped();
        Allocation found = Allocation.fit(block, numbers(block) / 4, false, Map.of());
        Map<String, float[]> before = coefficients(block);
        found.applyTo(block);
        assertEquals(found.getKept(), FrequencyBlocks.kept(block));
        assertTrue(
                found.getKept().entrySet().stream()
                        .anyMatch(each -> each.getValue() < before.get(each.getKey()).length));
        assertEquals(found.getQuantization().getSteps(), Quantization.appliedTo(block).getSteps());
    }

    @Test
    void sensitiveTensorIsRoundedMoreFinely() {
        Block block = wrapped();
        String first = "01Conv2d_weight";
        Map<String, Double> sensitivities = new HashMap<>();
        FrequencyBlocks.kept(block).keySet().forEach(name -> sensitivities.put(name, 1.0));
        float alike =
                Allocation.fit(block, 9_000, false, sensitivities).getQuantization().getStep(first);
        sensitivities.put(first, 16.0);
        float sensitive =
                Allocation.fit(block, 9_000, false, sensitivities).getQuantization().getStep(first);
        assertEquals(4, alike / sensitive, 0.7);
        sensitivities.remove(first);
        assertThrows(
                IllegalArgumentException.class,
                () -> Allocation.fit(block, 9_000, false, sensitivities));
    }

    @Test
    void networkThatFitsIsNotRounded() throws Exception {
        Block block = wrapped();
        Allocation all = Allocation.fit(block, 4 * numbers(block), false, Map.of());
        Map<String, float[]> before = coefficients(block);
        all.roundIn(block);
        before.forEach((name, values) -> assertArrayEquals(values, coefficients(block).get(name)));
        assertTrue(all.getQuantization().getSteps().values().stream().allMatch(s -> s == 0));
    }

    @Test
    void tooFewBytesAreAnError() {
        Block block = wrapped();
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Allocation.fit(block, 40, false, Map.of()))
                        .getMessage();
        assertTrue(
                message.matches("A file of this network has at least \\d+ bytes, but only 40 .*"),
                message);
    }

    @Test
    void runningStatisticsStayWithinTheirBounds() throws Exception {
        Block block = wrapped();
        Map<String, float[]> before = statistics(block);
        Allocation.fit(block, numbers(block) / 2, true, Map.of()).roundIn(block);
        Path file = folder.resolve("s.frq");
        FrequencyFile.save(block, file);
        Map<String, float[]> after = statistics(FrequencyFile.load(plain(), manager, file));
        float[] variances = before.get("02BatchNorm_runningVar");
        float[] rounded = after.get("02BatchNorm_runningVar");
        float[] means = before.get("02BatchNorm_runningMean");
        float[] roundedMeans = after.get("02BatchNorm_runningMean");
        double least = Double.MAX_VALUE;
        for (float variance : variances) {
            least = Math.min(least, variance + 1e-5);
        }
        for (int i = 0; i < variances.length; i++) {
            assertEquals(variances[i], rounded[i], least / 128);
            assertEquals(means[i], roundedMeans[i], Math.sqrt(least) / 64);
        }
        List<FrqEntry> entries = FrqDocument.read(file).entries();
        assertEquals(
                2,
                entries.stream()
                        .filter(e -> e.name().contains("running"))
                        .filter(e -> e.precision().kind() == Precision.Kind.STEPS)
                        .count());
    }

    private static Map<String, float[]> statistics(Block block) {
        Map<String, float[]> found = new HashMap<>();
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            if (tensor.isRunningStatistic()) {
                found.put(tensor.name(), tensor.parameter().getArray().toFloatArray());
            }
        }
        return found;
    }

    @Test
    void saveStoresWhatTheNetworkComputesWith() throws Exception {
        Block block = wrapped();
        Path file = folder.resolve("w.frq");
        FrequencyFile.save(block, file);
        FrqDocument.read(file).entries().stream()
                .filter(FrqEntry::spectral)
                .forEach(e -> assertEquals(Precision.FLOAT16, e.precision()));
        Quantization steps = Quantization.fit(block, numbers(block) / 2, false);
        steps.applyTo(block);
        FrequencyFile.save(block, file);
        for (FrqEntry entry : FrqDocument.read(file).entries()) {
            if (steps.getSteps().containsKey(entry.name())) {
                assertEquals(steps.getStep(entry.name()), entry.precision().step(), entry.name());
            }
        }
    }
}
