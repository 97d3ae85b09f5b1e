package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.freqreg.Seeds;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.format.Precision;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which running statistics are stored as a few frequencies, and which number by number. */
class RunningStatisticTest {

    private static final float[] ONES = new float[64];

    static {
        Arrays.fill(ONES, 1);
    }

    /** 1 + {@code offset} plus cosines of the given frequencies. */
    private static float[] smooth(double offset, int... frequencies) {
        float[] values = new float[64];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 + offset);
            for (int k : frequencies) {
                values[i] += (float) Math.cos(Math.PI * (2 * i + 1) * k / 128);
            }
        }
        return values;
    }

    @Test
    void varianceNearZeroIsStoredExactly() {
        assertEquals(1, RunningStatistic.ofVariances(ONES).orElseThrow().coefficients().length);
        float[] values = ONES.clone();
        values[20] = 1e-9f;
        assertEquals(Optional.empty(), RunningStatistic.ofVariances(values));
        // A smooth variance is approximated within 1/256 even where it nearly reaches zero.
        values = smooth(1e-4, 2);
        RunningStatistic few = RunningStatistic.ofVariances(values).orElseThrow();
        assertEquals(Precision.FLOAT32, few.precision());
        float[] rebuilt = RunningStatistic.rebuild(few.coefficients(), values.length);
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], rebuilt[i], values[i] / 256);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9})
    void storedLengthFollowsFromTheFrequencies(int n) {
        for (int frequencies = 1; frequencies <= n; frequencies++) {
            float[] coefficients = new float[frequencies];
            Arrays.fill(coefficients, 0.25f);
            coefficients[0] = 4;
            float[] variances = RunningStatistic.rebuild(coefficients, n);
            long numbers =
                    RunningStatistic.ofVariances(variances)
                            .map(few -> few.coefficients().length)
                            .orElse(n);
            assertEquals(NetworkTensor.storedStatistic(n, frequencies), numbers);
        }
    }

    @Test
    void errorOfMeansIsMeasuredInStandardDeviations() {
        float[] means = smooth(0, 1, 2, 3);
        assertEquals(
                Precision.FLOAT16, RunningStatistic.ofMeans(means, ONES).orElseThrow().precision());
        float[] small = new float[64];
        Arrays.fill(small, 1e-4f);
        RunningStatistic exact = RunningStatistic.ofMeans(means, small).orElseThrow();
        assertEquals(Precision.FLOAT32, exact.precision());
        assertEquals(4, exact.coefficients().length);
        // One outlying channel makes the means rough.
        means[5] += 0.01f;
        assertEquals(Optional.empty(), RunningStatistic.ofMeans(means, ONES));
    }

    @Test
    void noiseAndNonFiniteValuesAreStoredWhole() {
        Random random = new Random(Seeds.of(7));
        float[] values = new float[64];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1 + random.nextFloat();
        }
        assertEquals(Optional.empty(), RunningStatistic.ofVariances(values));
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] bad = ONES.clone();
            bad[3] = odd;
            assertEquals(Optional.empty(), RunningStatistic.ofVariances(bad));
            assertEquals(Optional.empty(), RunningStatistic.ofMeans(bad, ONES));
        }
        assertEquals(Optional.empty(), RunningStatistic.ofVariances(values(-1)));
        assertEquals(Optional.empty(), RunningStatistic.ofVariances(new float[0]));
        assertEquals(Optional.empty(), RunningStatistic.ofVariances(new float[1]));
        assertEquals(Optional.empty(), RunningStatistic.ofMeans(ONES, values(Float.NaN)));
    }

    private static float[] values(float value) {
        float[] values = new float[64];
        Arrays.fill(values, value);
        return values;
    }
}
