package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts of coefficients that a file repeats. */
@UsesEngine(seed = 3)
class RepeatedCountsTest extends QuantizedNetwork {

    @Test
    void findsNeighboursOfOneCount() {
        Map<String, float[]> coefficients = new LinkedHashMap<>();
        coefficients.put("a", new float[5]);
        coefficients.put("b", new float[7]);
        coefficients.put("c", new float[7]);
        coefficients.put("d", new float[7]);
        coefficients.put("e", new float[5]);
        assertEquals(Set.of("b", "c", "d"), RepeatedCounts.in(coefficients));
        assertEquals(Set.of(), RepeatedCounts.in(Map.of("a", new float[5])));
        assertEquals(Set.of(), RepeatedCounts.in(Map.of()));
    }

    /** Three layers keep 40 coefficients each; the last one of another file keeps 39. */
    @ParameterizedTest
    @CsvSource({"40, 15, 40", "40, 16, 24", "39, 15, 24", "39, 0, 39"})
    void fewZerosAreStoredWhereTheCountIsRepeated(int kept, int zeros, int stored) {
        Block block = layers(kept);
        NDArray last = block.getParameters().get("03Linear_weight").getArray();
        float[] values = new float[kept];
        for (int i = 0; i < kept - zeros; i++) {
            values[i] = 1 + i % 3;
        }
        last.set(values);
        Map<String, Float> steps = new HashMap<>();
        FrequencyBlocks.kept(block).keySet().forEach(name -> steps.put(name, 0.5f));
        List<FrqEntry> entries = FrequencyFile.toDocument(block, Quantization.of(steps)).entries();
        assertEquals(stored, entries.get(2).values().length);
    }

    private Block layers(int last) {
        SequentialBlock block = new SequentialBlock();
        for (int i = 0; i < 3; i++) {
            block.add(Linear.builder().setUnits(10).optBias(false).build());
        }
        Shape input = new Shape(2, 10);
        Block wrapped =
                FrequencyRegularization.builder()
                        .optKept(40)
                        .addOverrideKept("03", last)
                        .build()
                        .apply(block, input);
        TestModels.initialize(wrapped, manager, DataType.FLOAT32, input);
        return wrapped;
    }
}
