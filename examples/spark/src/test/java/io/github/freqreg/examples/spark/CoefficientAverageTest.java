package io.github.freqreg.examples.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.spark.LocalTraining.Update;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoefficientAverageTest {

    private static final NetworkSize SIZE = new NetworkSize(3, 2);

    @Test
    void denseWeightsOfTheAverageAreTheAverageOfDenseWeights() throws Exception {
        byte[] first = SIZE.draw(16, 20, 1);
        byte[] second = SIZE.draw(16, 20, 2);
        byte[] average =
                CoefficientAverage.of(List.of(new Update(first, 3, 0), new Update(second, 1, 0)));
        float[] a = dense(first);
        float[] b = dense(second);
        float[] found = dense(average);
        assertEquals(4_173, found.length);
        float[] expected = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            expected[i] = 0.75f * a[i] + 0.25f * b[i];
        }
        assertArrayEquals(expected, found, 1e-6f);
        assertTrue(Math.abs(a[0] - b[0]) > 1e-3);
    }

    private static float[] dense(byte[] frq) throws MalformedModelException {
        try (Model model = SIZE.load(frq)) {
            FrequencyBlocks.toDense(model);
            List<Float> weights = new ArrayList<>();
            for (Pair<String, Parameter> parameter : model.getBlock().getParameters()) {
                for (float weight : parameter.getValue().getArray().toFloatArray()) {
                    weights.add(weight);
                }
            }
            float[] all = new float[weights.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = weights.get(i);
            }
            return all;
        }
    }

    @Test
    void omittedCoefficientsAreZeros() throws Exception {
        FrqDocument whole = FrqDocument.decode(SIZE.draw(16, 20, 1));
        List<FrqEntry> tensors = new ArrayList<>(whole.entries());
        FrqEntry tensor = tensors.get(2);
        float[] values = tensor.values();
        tensors.set(2, with(tensor, Arrays.copyOf(values, 17)));
        byte[] shorter = new FrqDocument(whole.inputs(), tensors, whole.fingerprint()).encode();
        for (List<Update> updates :
                List.of(
                        List.of(new Update(whole.encode(), 1, 0), new Update(shorter, 1, 0)),
                        List.of(new Update(shorter, 1, 0), new Update(whole.encode(), 1, 0)))) {
            float[] found =
                    FrqDocument.decode(CoefficientAverage.of(updates)).entries().get(2).values();
            assertEquals(20, found.length);
            for (int i = 0; i < 20; i++) {
                assertEquals(i < 17 ? values[i] : values[i] / 2, found[i], 1e-7);
            }
        }
    }

    private static FrqEntry with(FrqEntry tensor, float[] values) {
        return tensor.withValues(Precision.FLOAT32, values);
    }

    @Test
    void otherNetworksAreRejected() {
        Update ours = new Update(SIZE.draw(16, 20, 1), 1, 0);
        Update other = new Update(new NetworkSize(4, 2).draw(16, 20, 1), 1, 0);
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> CoefficientAverage.of(List.of(ours, other)));
        assertTrue(e.getMessage().contains("one network"), e.getMessage());
    }
}
