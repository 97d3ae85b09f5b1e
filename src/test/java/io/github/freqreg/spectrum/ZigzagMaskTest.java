package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.LayoutType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ZigzagMaskTest {

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void theBoxIsExactlyTheReachOfTheKeptCoordinates(long seed) {
        Random random = new Random(Seeds.of(seed));
        for (int i = 0; i < 25; i++) {
            Shape shape = RandomTensors.shape(random);
            ZigzagMask mask = ZigzagMask.of(shape, RandomTensors.kept(random, shape));
            int[][] kept = Arrays.copyOf(RandomTensors.sortedCoordinates(shape), mask.getKept());
            assertEquals(RandomTensors.reach(kept), mask.getBox(), mask.toString());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void positionsAreThoseOfTheKeptCoordinatesInTheBox(long seed) {
        Random random = new Random(Seeds.of(seed));
        for (int i = 0; i < 25; i++) {
            Shape shape = RandomTensors.shape(random);
            ZigzagMask mask = ZigzagMask.of(shape, RandomTensors.kept(random, shape));
            int[][] expected =
                    Arrays.copyOf(RandomTensors.sortedCoordinates(shape), mask.getKept());
            assertArrayEquals(expected, keptCoordinates(mask), mask.toString());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void aShorterMaskKeepsAPrefixOfALongerOne(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        int longer = RandomTensors.kept(random, shape);
        int shorter = 1 + random.nextInt(longer);
        int[][] kept = keptCoordinates(ZigzagMask.of(shape, longer));
        assertArrayEquals(
                Arrays.copyOf(kept, shorter), keptCoordinates(ZigzagMask.of(shape, shorter)));
    }

    private static int[][] keptCoordinates(ZigzagMask mask) {
        return Arrays.stream(mask.positions())
                .mapToObj(position -> RandomTensors.coordinate(mask.getBox(), position))
                .toArray(int[][]::new);
    }

    @Test
    void findsTheBoxOfATensorThatNoMemoryHolds() {
        // Shells 0 to 999 have 500,500 coordinates; the next has (0, 1000) first.
        Shape huge = new Shape(1L << 30, 1L << 30);
        assertEquals(new Shape(1000, 1000), ZigzagMask.of(huge, 500_500).getBox());
        assertEquals(new Shape(1000, 1001), ZigzagMask.of(huge, 500_501).getBox());
        assertEquals(new Shape(1001, 1001), ZigzagMask.of(huge, 501_501).getBox());
    }

    @Test
    void masksAreEqualIfTheyKeepTheSame() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 5);
        LayoutType[] layout = {LayoutType.HEIGHT, LayoutType.WIDTH};
        ZigzagMask same = ZigzagMask.of(new Shape(new long[] {3, 4}, layout), 5);
        assertEquals(mask, same);
        assertEquals(mask.hashCode(), same.hashCode());
        assertNotEquals(mask, ZigzagMask.of(new Shape(3, 4), 6));
        assertNotEquals(mask, ZigzagMask.of(new Shape(4, 3), 5));
        assertNotEquals(mask, ZigzagMask.of(new Shape(12), 5));
        assertNotEquals(mask, new Object());
    }

    @Test
    void tellsWhatItKeeps() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 5);
        assertEquals(new Shape(3, 4), mask.getShape());
        assertEquals(5, mask.getKept());
        assertEquals("5 of 12 coefficients of (3, 4), box (2, 3)", mask.toString());
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "13", "4294967297"})
    void refusesKeptNumbersOutOfRange(long kept) {
        Exception e =
                assertThrows(
                        IllegalArgumentException.class, () -> ZigzagMask.of(new Shape(3, 4), kept));
        assertEquals(
                "The kept number of a tensor of shape (3, 4) must be 1 to 12 but is " + kept,
                e.getMessage());
    }

    @Test
    void refusesMoreCoefficientsThanAnArrayHolds() {
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ZigzagMask.of(new Shape(1L << 20, 1L << 20), 1L << 31));
        assertEquals(
                "The kept number of a tensor of shape (1048576, 1048576) must be 1 to 2147483647"
                        + " but is 2147483648",
                e.getMessage());
    }

    @Test
    void refusesShapesWithoutAZigzagOrder() {
        assertThrows(IllegalArgumentException.class, () -> ZigzagMask.of(new Shape(), 1));
        assertThrows(IllegalArgumentException.class, () -> ZigzagMask.of(new Shape(3, 0), 1));
    }
}
