package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import io.github.freqreg.UsesEngine;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Axes of length 1, 2, 34, 200 and of every prime to 997, against SciPy's {@code norm="ortho"}.
 *
 * <p>The tolerance. A coefficient is a sum of n products of a cosine, rounded with a relative error
 * of a few u (the unit roundoff: 2^-53 or 2^-24), and an element of x, which is exact in both
 * types. In whatever order the products are summed, the error is at most (n + c) u Σ |D[i, k] x[i]|
 * to first order, where c counts the roundings of D, and the sum is at most ‖x‖, as the columns of
 * D have a norm of 1. In float64, the angle π j / 2n of up to 2π has an error of some u · 2π, which
 * the cosine passes on absolutely: √(2/n) · 2π · 3 u · Σ |x[i]| ≤ √2 · 6π u ‖x‖ &lt; 27 u ‖x‖. With
 * c = 32 for all of that, the bound is (n + 32) u ‖x‖. SciPy's own FFT is closer than that.
 */
@UsesEngine
class DctLengthsTest {

    private static final int ROUNDINGS = 32;

    private static double[] input(int n) {
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = ((7L * i * i + 3L * i + 1) % 101 - 50) / 64.0;
        }
        return x;
    }

    private static double norm(double[] x) {
        double squares = 0;
        for (double each : x) {
            squares += each * each;
        }
        return Math.sqrt(squares);
    }

    /** Compares sampled elements with SciPy and all elements with the definition. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "FLOAT64"})
    void equalsSciPyAndTheDefinition(DataType type, NDManager manager) throws IOException {
        double unit = type == DataType.FLOAT64 ? 0x1p-53 : 0x1p-24;
        List<JsonObject> cases = RandomTensors.golden("dct-lengths.json");
        assertEquals(168 + 3, cases.size());
        for (JsonObject golden : cases) {
            int n = golden.get("n").getAsInt();
            double[] x = input(n);
            double tolerance = (n + ROUNDINGS) * unit * norm(x);
            NDArray vector = RandomTensors.tensor(manager, x, new Shape(n), type);
            double[] forward = RandomTensors.doubles(Dct.dct(vector));
            double[] inverse = RandomTensors.doubles(Dct.idct(vector));
            assertSamples(golden, "dct", forward, tolerance);
            assertSamples(golden, "idct", inverse, tolerance);
            assertArrayEquals(definition(x, false), forward, tolerance, "dct of " + n);
            assertArrayEquals(definition(x, true), inverse, tolerance, "idct of " + n);
        }
    }

    private static void assertSamples(
            JsonObject golden, String name, double[] values, double tolerance) {
        double[] at = RandomTensors.goldenNumbers(golden.getAsJsonArray("at"));
        double[] expected = RandomTensors.goldenNumbers(golden.getAsJsonArray(name));
        for (int i = 0; i < at.length; i++) {
            String where = name + " of " + values.length + " at " + at[i];
            assertEquals(expected[i], values[(int) at[i]], tolerance, where);
        }
    }

    private static double[] definition(double[] x, boolean inverse) {
        int n = x.length;
        double[] cosines = new double[4 * n];
        for (int j = 0; j < cosines.length; j++) {
            cosines[j] = Math.cos(Math.PI * j / (2.0 * n));
        }
        double[] sums = new double[n];
        for (int k = 0; k < n; k++) {
            double scale = Math.sqrt((k == 0 ? 1.0 : 2.0) / n);
            for (int i = 0; i < n; i++) {
                double basis = scale * cosines[(int) ((2L * i + 1) * k % (4L * n))];
                sums[inverse ? i : k] += basis * x[inverse ? k : i];
            }
        }
        return sums;
    }
}
