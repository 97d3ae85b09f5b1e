package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.TestModels;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SizeEstimateTest {

    private static final int UNITS = 700;

    /** Returns a wrapped network whose magnitudes fall with the frequency, and noise. */
    private static Block network(Model model) {
        TestModels.seed();
        Block block = TestModels.linear(UNITS);
        block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, UNITS));
        NDArray weight = block.getDirectParameters().get("weight").getArray();
        try (NDManager scratch = model.getNDManager().newSubManager()) {
            Shape shape = weight.getShape();
            NDArray smooth = scratch.randomNormal(shape).cumSum(0).cumSum(1);
            NDArray noise = scratch.randomNormal(shape).mul(UNITS / 4);
            weight.setRequiresGradient(false);
            smooth.add(noise).copyTo(weight);
        }
        return FrequencyRegularization.builder()
                .optKeepRate(1)
                .build()
                .apply(block, new Shape(1, UNITS));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 1, 3, 30})
    void bitsAreThoseOfTheCoder(double relative) {
        try (Model model = Model.newInstance("large")) {
            Block block = network(model);
            NetworkContent content = NetworkContent.of(block);
            FileSize sizes = new FileSize(content, false);
            Map<String, float[]> values = content.coefficients();
            String name = values.keySet().iterator().next();
            double rms = Quantization.rootMeanSquare(values.get(name));
            Quantization steps = Quantization.of(Map.of(name, (float) (relative * rms)));
            double coded = sizes.coded(steps) - sizes.coded(Quantization.of(Map.of(name, 0x1p60f)));
            assertEquals(coded, sizes.bits(steps) / Byte.SIZE, 0.04 * coded + 10);
        }
    }

    @Test
    void stretchesStandForAllCoefficients() {
        for (int count : new int[] {1, 1000, 131_072, 131_073, 131_080, 200_000, 100_000_000}) {
            List<Stretch> stretches = Stretch.of(count);
            double sum = 0;
            int last = 0;
            int read = 0;
            for (Stretch stretch : stretches) {
                assertTrue(stretch.from() >= last && stretch.to() <= count, stretch::toString);
                last = stretch.to();
                read += last - stretch.from();
                sum += (last - stretch.from()) * stretch.weight();
            }
            assertEquals(count, sum, 1e-6 * count);
            assertTrue(read <= 1 << 20, () -> "all of " + count);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {20_000, 100_000, 400_000})
    void fittedFilesUseTheBytes(long bytes) {
        try (Model model = Model.newInstance("large")) {
            Block block = network(model);
            Quantization steps = Quantization.fit(block, bytes, false);
            assertTrue(steps.bytes(block, false) <= bytes);
            Map<String, Float> finer = new HashMap<>();
            steps.getSteps()
                    .forEach(
                            (name, step) -> finer.put(name, Precision.ofStep(step).finer().step()));
            assertTrue(Quantization.of(finer).bytes(block, false) > bytes);
            Allocation found = Allocation.fit(block, bytes, false, Map.of());
            found.roundIn(block);
            long its = FrequencyFile.toDocument(block).withoutNames().encode().length;
            assertTrue(its <= bytes && its > 0.98 * bytes, () -> its + " of " + bytes);
        }
    }

    /** A coder that needs a tenth more than was estimated is run twice. */
    @Test
    void codedFilesCalibrateTheEstimate() {
        SizeEstimate estimate = new SizeEstimate(100);
        AtomicInteger runs = new AtomicInteger();
        double found =
                estimate.search(
                        1000,
                        0.0,
                        () -> (1000 - 100) / (estimate.bytes(8e6) - 100.0) * 1e6,
                        bytes -> 8 * bytes,
                        bytes -> {
                            runs.incrementAndGet();
                            return Math.round(100 + 1.1 * bytes);
                        });
        assertEquals(900 / 1.1, found, 1);
        assertEquals(2, runs.get());
    }

    @Test
    void searchWithoutAResultEndsWithTheSmallest() {
        SizeEstimate estimate = new SizeEstimate(100);
        assertEquals(7, estimate.search(1000, 7, () -> 1, bits -> bits, bits -> 1001));
    }
}
