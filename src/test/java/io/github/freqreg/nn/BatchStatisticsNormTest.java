package io.github.freqreg.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.freqreg.UsesEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@UsesEngine
class BatchStatisticsNormTest {

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isTheDefinitionInTrainingAndInference(boolean training, NDManager manager) {
        Shape shape = new Shape(3, 2, 4, 5);
        NDArray input = manager.randomNormal(7f, 3f, shape, DataType.FLOAT32);
        BatchStatisticsNorm norm = new BatchStatisticsNorm(0.5f);
        norm.initialize(manager, DataType.FLOAT32, shape);
        assertEquals(0, norm.getParameters().size());
        NDList answer =
                norm.forward(new ParameterStore(manager, false), new NDList(input), training);
        assertEquals(norm.getOutputShapes(new Shape[] {shape})[0], answer.head().getShape());
        assertArrayEquals(
                naive(input.toFloatArray(), 3, 2, 20, 0.5), answer.head().toFloatArray(), 1e-5f);
    }

    private static float[] naive(float[] x, int batch, int channels, int plane, double epsilon) {
        float[] y = new float[x.length];
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < x.length; i++) {
                if (i / plane % channels == c) {
                    sum += x[i];
                    squares += (double) x[i] * x[i];
                }
            }
            double mean = sum / (batch * plane);
            double variance = squares / (batch * plane) - mean * mean;
            for (int i = 0; i < x.length; i++) {
                if (i / plane % channels == c) {
                    y[i] = (float) ((x[i] - mean) / Math.sqrt(variance + epsilon));
                }
            }
        }
        return y;
    }

    @Test
    void epsilonIsAboveZero() {
        assertEquals(
                "Epsilon must be above 0 but is 0.0",
                assertThrows(IllegalArgumentException.class, () -> new BatchStatisticsNorm(0))
                        .getMessage());
    }
}
