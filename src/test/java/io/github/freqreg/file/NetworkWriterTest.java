package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is stored of a network, at which precision, and what cannot be stored. */
@UsesEngine
class NetworkWriterTest extends NetworkFiles {

    @Test
    void truncatedNetworkIsSavedWithoutItsTail() throws IOException, MalformedModelException {
        Block saved =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .optStartRate(1)
                        .build()
                        .apply(initialized(TestModels.normalizedNetwork(), INPUT));
        FrequencyBlocks.truncate(saved, 0);
        assertEquals(108, saved.getParameters().get("01Conv2d_weight").getArray().size());
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        for (FrqEntry tensor : FrqDocument.read(file).entries()) {
            assertEquals(
                    tensor.name().endsWith("weight") ? KEPT : tensor.shape().size(),
                    tensor.values().length,
                    tensor.name());
        }
        Block loaded = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(loaded, INPUT));
    }

    @Test
    void runningStatisticsAndLargeNumbersStayFloat32() throws IOException, MalformedModelException {
        Block saved = wrapped();
        set(saved, "05Linear_bias", 65_505f);
        // One outlying channel excites all frequencies, so the statistic is stored whole.
        set(saved, "02BatchNorm_runningMean", 9);
        set(saved, "02BatchNorm_runningVar", 9);
        FrequencyFile.save(saved, file);
        Map<String, Boolean> half = new LinkedHashMap<>();
        FrqDocument.read(file)
                .entries()
                .forEach(t -> half.put(t.name(), t.precision().equals(Precision.FLOAT16)));
        Map<String, Boolean> expected = new LinkedHashMap<>();
        expected.put("01Conv2d_weight", true);
        expected.put("01Conv2d_bias", true);
        expected.put("02BatchNorm_gamma", true);
        expected.put("02BatchNorm_beta", true);
        expected.put("02BatchNorm_runningMean", false);
        expected.put("02BatchNorm_runningVar", false);
        expected.put("05Linear_weight", true);
        expected.put("05Linear_bias", false);
        assertEquals(expected, half);

        set(saved, "05Linear_bias", -65_504f);
        FrequencyFile.save(saved, file);
        FrqEntry bias = FrqDocument.read(file).entries().get(7);
        assertEquals(Precision.FLOAT16, bias.precision());
        assertEquals(-65_504f, bias.values()[0]);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32"})
    void valuesThatAreNotFiniteAreRejected(DataType type) throws IOException {
        Files.write(file, new byte[] {1, 2, 3});
        for (String name : List.of("01Conv2d_weight", "02BatchNorm_runningVar")) {
            for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                Block broken = wrapped();
                set(broken, name, value);
                Exception e =
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> FrequencyFile.save(broken, file, type));
                assertTrue(
                        e.getMessage().startsWith("Value 0 of tensor " + name + " is " + value),
                        e.getMessage());
            }
        }
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    }

    private static void set(Block block, String name, float value) {
        NDArray array = block.getParameters().get(name).getArray();
        boolean trainable = array.hasGradient();
        array.setRequiresGradient(false);
        array.set(new NDIndex(0), value);
        array.setRequiresGradient(trainable);
    }

    @Test
    void uninitialisedNetworkIsRejected() {
        assertThrows(
                IllegalStateException.class,
                () -> FrequencyFile.save(TestModels.normalizedNetwork(), file));
        assertFalse(Files.exists(file));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "BFLOAT16", "INT32"})
    void otherTypesAreRejected(DataType type) {
        Block block = wrapped();
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> FrequencyFile.save(block, file, type));
        assertEquals(
                "A .frq file stores float16 or float32 but the type asked for is " + type,
                e.getMessage());
        assertFalse(Files.exists(file));
    }
}
