package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The factors by which the coefficients of fresh tensors are scaled. */
class StartScaleTest {

    static Stream<ZigzagMask> masks() {
        return Stream.of(
                        new Shape(30, 40), new Shape(16, 3, 5, 5), new Shape(2, 9), new Shape(7, 1))
                .flatMap(
                        shape ->
                                Stream.of(1, 2, 7, 50, 150)
                                        .filter(kept -> kept <= shape.size())
                                        .map(kept -> ZigzagMask.of(shape, kept)));
    }

    /** The energy (sum of squared gains) of each row or column of the mask's box. */
    private static double[] energies(ZigzagMask mask, float[] gains, boolean ofRows) {
        Shape box = mask.getBox();
        int others = Math.toIntExact(box.size() / box.get(0));
        double[] energies = new double[ofRows ? Math.toIntExact(box.get(0)) : others];
        long[] positions = mask.positions();
        for (int i = 0; i < positions.length; i++) {
            int at = (int) (ofRows ? positions[i] / others : positions[i] % others);
            energies[at] += (double) gains[i] * gains[i];
        }
        return Arrays.stream(energies).filter(energy -> energy > 0).toArray();
    }

    private static double spread(double[] energies) {
        return Arrays.stream(energies).max().orElseThrow()
                / Arrays.stream(energies).min().orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("masks")
    void lowestFrequencyHasTheGainOfADenseLayer(ZigzagMask mask) {
        Shape shape = mask.getShape();
        float[] plain = StartScale.of(shape, mask, 0);
        assertEquals(1, plain.length);
        float[] all = new float[mask.getKept()];
        Arrays.fill(all, plain[0]);
        assertEquals(shape.get(0), energies(mask, all, false)[0], 1e-4 * shape.get(0));
    }

    @ParameterizedTest
    @MethodSource("masks")
    void balancedStartGivesEveryFrequencyThatGain(ZigzagMask mask) {
        Shape shape = mask.getShape();
        float[] gains = StartScale.of(shape, mask, 3);
        if (gains.length == 1) {
            // A mask that fills its box is balanced already.
            assertEquals(mask.getBox().size(), mask.getKept());
            return;
        }
        for (double energy : energies(mask, gains, false)) {
            assertEquals(shape.get(0), energy, 1e-4 * shape.get(0));
        }
        float[] alike = new float[gains.length];
        Arrays.fill(alike, 1);
        double balanced = spread(energies(mask, gains, true));
        assertTrue(balanced < spread(energies(mask, alike, true)), mask + ": " + balanced);
    }

    @Test
    void fullyKeptTensorsAndVectorsAreNotScaled() {
        ZigzagMask all = ZigzagMask.of(new Shape(6, 8), 48);
        assertArrayEquals(new float[] {1}, StartScale.of(new Shape(6, 8), all, 3));
        assertArrayEquals(
                new float[] {1}, StartScale.of(new Shape(50), ZigzagMask.of(new Shape(50), 7), 3));
    }

    @Test
    void onlyFreshTensorsAreBalanced() {
        assertArrayEquals(coefficients(true, false), coefficients(true, true));
        float[] plain = coefficients(false, false);
        float[] balanced = coefficients(false, true);
        ZigzagMask mask = ZigzagMask.of(new Shape(20, 30), 40);
        float[] gains = StartScale.of(mask.getShape(), mask, 3);
        float gain = StartScale.of(mask.getShape(), mask, 0)[0];
        for (int i = 0; i < plain.length; i++) {
            assertEquals(plain[i] / gain * gains[i], balanced[i], 1e-5);
        }
    }

    private static float[] coefficients(boolean trained, boolean balanced) {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKept(40)
                        .optBalancedStart(balanced ? 3 : 0)
                        .build();
        Shape input = new Shape(1, 30);
        Block block = new SequentialBlock().add(TestModels.linear(20));
        try (NDManager manager = NDManager.newBaseManager()) {
            if (trained) {
                TestModels.initialize(block, manager, DataType.FLOAT32, input);
            }
            Block wrapped = policy.apply(block, input);
            if (!trained) {
                TestModels.initialize(wrapped, manager, DataType.FLOAT32, input);
            }
            try (NDArray detached =
                    wrapped.getParameters().get("01Linear_weight").getArray().stopGradient()) {
                return detached.toFloatArray();
            }
        }
    }
}
