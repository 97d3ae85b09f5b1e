package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@UsesEngine
class SeededStartTest {

    private static final BigInteger WORD = BigInteger.ONE.shiftLeft(64);
    private static final Shape SHAPE = new Shape(4, 3, 5, 5);

    private final NDManager manager;

    SeededStartTest(NDManager manager) {
        this.manager = manager;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, -1, Integer.MIN_VALUE, 123_456_789})
    void startAndSignsFollowTheirFormula(int seed) {
        StartValues start =
                StartValues.of(
                        new TensorStart.Seeded(seed),
                        SHAPE,
                        new Shape(300),
                        manager,
                        DataType.FLOAT32);
        float[] zero = start.add(manager.zeros(new Shape(300))).toFloatArray();
        float[] one = start.add(manager.ones(new Shape(300))).toFloatArray();
        for (int i = 0; i < zero.length; i++) {
            BigInteger random = random(seed, i);
            long fraction = random.shiftRight(40).longValue() % (1 << 23);
            double expected = ((2 * fraction + 1) / 0x1p23 - 1) * Math.sqrt(6.0 / 75) / 2;
            assertEquals((float) expected, zero[i]);
            assertEquals(random.testBit(63) ? -1 : 1, one[i] - zero[i], 1e-6);
        }
    }

    /** The random number by the formula, in unbounded integers. */
    private static BigInteger random(int seed, int index) {
        BigInteger golden = new BigInteger("9e3779b97f4a7c15", 16);
        BigInteger first = mix(BigInteger.valueOf(Integer.toUnsignedLong(seed)));
        return mix(first.add(golden.multiply(BigInteger.valueOf(index + 1L))).mod(WORD));
    }

    private static BigInteger mix(BigInteger number) {
        BigInteger x = number.xor(number.shiftRight(30));
        x = x.multiply(new BigInteger("bf58476d1ce4e5b9", 16)).mod(WORD);
        x = x.xor(x.shiftRight(27)).multiply(new BigInteger("94d049bb133111eb", 16)).mod(WORD);
        return x.xor(x.shiftRight(31));
    }

    /** The first numbers of Java's own SplitMix64, whose state starts at mix(seed). */
    @Test
    void theGeneratorIsSplitMix64() {
        SplittableRandom reference = new SplittableRandom(mix(BigInteger.valueOf(7)).longValue());
        for (int i = 0; i < 5; i++) {
            assertEquals(reference.nextLong(), random(7, i).longValue());
        }
    }

    @Test
    void startHasHalfTheDeviationOfHe() {
        Shape shape = new Shape(64, 32, 3, 3);
        float[] start = start(shape, 5);
        double square =
                IntStream.range(0, start.length).mapToDouble(i -> start[i] * start[i]).sum();
        assertEquals(2.0 / 288 / 4, square / start.length, 2e-5);
        double sum = IntStream.range(0, start.length).mapToDouble(i -> start[i]).sum();
        assertEquals(0, sum / start.length, 1e-3);
    }

    @Test
    void anotherSeedGivesOtherNumbers() {
        float[] first = start(SHAPE, 1);
        float[] second = start(SHAPE, 2);
        long equal = IntStream.range(0, first.length).filter(i -> first[i] == second[i]).count();
        assertEquals(0, equal);
        assertArrayEquals(first, start(SHAPE, 1));
    }

    private float[] start(Shape shape, int seed) {
        return StartValues.of(new TensorStart.Seeded(seed), shape, shape, manager, DataType.FLOAT32)
                .add(manager.zeros(shape))
                .toFloatArray();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void projectionUndoesRebuild(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        long kept = RandomTensors.kept(random, shape);
        double[] coefficients = RandomTensors.gaussians(random, kept);
        NDArray vector =
                RandomTensors.tensor(manager, coefficients, new Shape(kept), DataType.FLOAT64);
        FrequencyAxes axes = seeded(FrequencyAxes.OWN, random.nextInt());
        try (SpectralTransform transform = transform(axes, shape, kept, DataType.FLOAT64)) {
            assertTrue(transform.getStart().isPresent());
            NDArray rebuilt = transform.rebuild(vector, manager);
            assertEquals(shape, rebuilt.getShape());
            RandomTensors.assertClose(coefficients, transform.project(rebuilt, manager), 1e-9);
        }
    }

    @Test
    void splitAxesDoNotChangeTheStart() {
        FrequencyAxes split = seeded(new FrequencyAxes(new Shape(2, 2, 3, 5, 5), List.of()), 9);
        try (SpectralTransform whole =
                        transform(seeded(FrequencyAxes.OWN, 9), SHAPE, 1, DataType.FLOAT32);
                SpectralTransform parts = transform(split, SHAPE, 1, DataType.FLOAT32)) {
            NDArray zero = manager.zeros(new Shape(1));
            assertArrayEquals(
                    whole.rebuild(zero, manager).toFloatArray(),
                    parts.rebuild(zero, manager).toFloatArray());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void keepsTheDataType(DataType type) {
        FrequencyAxes axes = seeded(FrequencyAxes.OWN, 9);
        try (SpectralTransform transform = transform(axes, SHAPE, 7, type)) {
            NDArray rebuilt =
                    transform.rebuild(manager.ones(new Shape(7)).toType(type, false), manager);
            assertEquals(type, rebuilt.getDataType());
        }
    }

    @Test
    void axesWithoutASeedHaveNoStart() {
        try (SpectralTransform transform =
                transform(FrequencyAxes.OWN, SHAPE, 7, DataType.FLOAT32)) {
            assertFalse(transform.getStart().isPresent());
        }
    }

    private static FrequencyAxes seeded(FrequencyAxes axes, int seed) {
        return axes.startingAt(new TensorStart.Seeded(seed));
    }

    private SpectralTransform transform(FrequencyAxes axes, Shape shape, long kept, DataType type) {
        return new SpectralTransform(axes, shape, kept, manager, manager.getDevice(), type);
    }

    @Test
    void aTensorBeyondArraysOfJavaIsRefused() {
        Shape shape = new Shape(1 << 16, 1 << 16);
        FrequencyAxes axes = seeded(FrequencyAxes.OWN, 1);
        Exception e = assertThrows(IllegalArgumentException.class, () -> axes.mask(shape, 3));
        assertEquals(
                "Expected a tensor with the start seed 1 to have at most 2147483639 elements, but"
                        + " its shape is (65536, 65536)",
                e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> axes.check(shape));
        assertEquals(3, FrequencyAxes.OWN.mask(shape, 3).getKept());
    }
}
