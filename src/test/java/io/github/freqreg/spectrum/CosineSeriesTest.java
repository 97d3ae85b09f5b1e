package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.freqreg.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the series with its definition, computing one cosine per entry of the basis. */
class CosineSeriesTest {

    /** For float64 sums of about a hundred numbers of magnitude 1. */
    private static final double TOLERANCE = 1e-11;

    private static double entry(int n, int i, int k) {
        return Math.sqrt((k == 0 ? 1.0 : 2.0) / n)
                * Math.cos(Math.PI * (2 * i + 1) * k / (2.0 * n));
    }

    private static float[] numbers(int n) {
        float[] numbers = new float[n];
        Random random = new Random(Seeds.of(n));
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 97})
    void theBasisIsTheDefinition(int n) {
        CosineSeries series = CosineSeries.of(n);
        for (int frequencies : new int[] {1, (n + 1) / 2, n}) {
            double[] basis = series.basis(frequencies);
            assertEquals(n * frequencies, basis.length);
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < frequencies; k++) {
                    assertEquals(entry(n, i, k), basis[i * frequencies + k], TOLERANCE);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 97})
    void coefficientsAreTheDefinition(int n) {
        float[] numbers = numbers(n);
        CosineSeries series = CosineSeries.of(n);
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += entry(n, i, k) * numbers[i];
            }
            assertEquals(sum, series.coefficient(numbers, k), TOLERANCE);
        }
    }

    /** Missing coefficients are zero. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 97})
    void rebuildsTheDefinition(int n) {
        for (int frequencies : new int[] {0, 1, (n + 1) / 2, n}) {
            float[] coefficients = Arrays.copyOf(numbers(n), frequencies);
            float[] expected = new float[n];
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int k = 0; k < frequencies; k++) {
                    sum += entry(n, i, k) * coefficients[k];
                }
                expected[i] = (float) sum;
            }
            assertArrayEquals(expected, CosineSeries.of(n).rebuild(coefficients), 1e-6f);
        }
    }

    @Test
    void needsAnElement() {
        assertEquals(
                "A cosine series needs 1 element or more but has 0",
                assertThrows(IllegalArgumentException.class, () -> CosineSeries.of(0))
                        .getMessage());
    }
}
