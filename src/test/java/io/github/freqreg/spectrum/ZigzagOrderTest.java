package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.Seeds;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ZigzagOrderTest {

    @Test
    void equalsThePublishedOrder() throws IOException {
        List<JsonObject> cases = RandomTensors.golden("zigzag.json");
        assertFalse(cases.isEmpty());
        for (JsonObject golden : cases) {
            int[][] first = JsonUtils.GSON.fromJson(golden.get("first"), int[][].class);
            Shape shape = RandomTensors.goldenShape(golden);
            assertArrayEquals(first, ZigzagOrder.of(shape).first(first.length), shape.toString());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void equalsTheSortedCoordinates(long seed) {
        Random random = new Random(Seeds.of(seed));
        for (int i = 0; i < 25; i++) {
            Shape shape = RandomTensors.shape(random);
            ZigzagOrder order = ZigzagOrder.of(shape);
            assertEquals(shape.size(), order.size());
            assertArrayEquals(
                    RandomTensors.sortedCoordinates(shape),
                    order.first((int) shape.size()),
                    shape.toString());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void aWeightedOrderEqualsTheCoordinatesSortedByWeightedSum(long seed) {
        Random random = new Random(Seeds.of(seed));
        for (int i = 0; i < 25; i++) {
            Shape shape = RandomTensors.shape(random);
            int[] weights = random.ints(shape.dimension(), 1, 6).toArray();
            ZigzagOrder order = ZigzagOrder.of(shape, weights);
            int[][] expected = RandomTensors.sortedCoordinates(shape);
            // The sort is stable, and lexicographic inside a plain sum is not so inside this one.
            Arrays.sort(
                    expected,
                    Comparator.comparingInt((int[] c) -> weightedSum(c, weights))
                            .thenComparing(Arrays::compare));
            assertArrayEquals(expected, order.first((int) shape.size()), shape + " " + seed);
            int kept = RandomTensors.kept(random, shape);
            Shape reach = RandomTensors.reach(Arrays.copyOf(expected, kept));
            FrequencyAxes axes = new FrequencyAxes(null, Arrays.stream(weights).boxed().toList());
            assertEquals(reach, axes.mask(shape, kept).getBox(), shape + " " + seed);
        }
    }

    private static int weightedSum(int[] coordinate, int[] weights) {
        int sum = 0;
        for (int axis = 0; axis < weights.length; axis++) {
            sum += coordinate[axis] * weights[axis];
        }
        return sum;
    }

    @Test
    void refusesWeightsThatDoNotFit() {
        Shape shape = new Shape(3, 4);
        for (int[] weights : new int[][] {{1}, {1, 0}, {1, 65}, {1, 1, 1}}) {
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class, () -> ZigzagOrder.of(shape, weights));
            assertEquals(
                    "Expected a weight from 1 to 64 for each axis of (3, 4) but found "
                            + Arrays.toString(weights),
                    e.getMessage());
        }
    }

    @Test
    void boundsTheTablesOfAWeightedOrder() {
        Shape shape = new Shape(1L << 40, 2);
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> new FrequencyAxes(null, List.of(64, 1)).mask(shape, 1 << 20));
        assertTrue(e.getMessage().endsWith("exceeds 65536"), e.getMessage());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void aShorterListIsAPrefixOfALongerOne(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        ZigzagOrder order = ZigzagOrder.of(shape);
        int count = random.nextInt((int) shape.size() + 1);
        int[][] all = order.first((int) shape.size());
        assertArrayEquals(Arrays.copyOf(all, count), order.first(count), shape.toString());
    }

    @Test
    void eachCallGivesCoordinatesOfItsOwn() {
        ZigzagOrder order = ZigzagOrder.of(new Shape(3, 3));
        order.first(4)[3][0] = 99;
        assertArrayEquals(new int[] {0, 2}, order.first(4)[3]);
    }

    @Test
    void walksTheLargestLayerOfAlexNet() {
        int count = 300_000;
        int[][] first = ZigzagOrder.of(new Shape(4096, 9216)).first(count);
        assertEquals(count, first.length);
        // Far from the borders shell s holds (0, s), (1, s - 1), … (s, 0).
        int at = 0;
        for (int shell = 0; at < count; shell++) {
            for (int i = 0; i <= shell && at < count; i++, at++) {
                assertEquals(i, first[at][0]);
                assertEquals(shell - i, first[at][1]);
            }
        }
        assertArrayEquals(new int[] {74, 700}, first[count - 1]);
    }

    @Test
    void walksATensorThatNoMemoryHolds() {
        ZigzagOrder order = ZigzagOrder.of(new Shape(1L << 30, 1, 1L << 30, 3));
        assertEquals(3L << 60, order.size());
        int[][] expected = {
            {0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 2}, {0, 0, 1, 1}
        };
        assertArrayEquals(expected, order.first(6));
    }

    @Test
    void refusesATensorWithoutAxes() {
        Exception e =
                assertThrows(IllegalArgumentException.class, () -> ZigzagOrder.of(new Shape()));
        assertEquals(
                "A zigzag order needs a tensor of rank 1 or more, but the shape is ()",
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"0", "-1"})
    void refusesExtentsBelowOne(long extent) {
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ZigzagOrder.of(new Shape(3, extent, 2)));
        assertEquals(
                "A zigzag order needs extents of 1 or more, but the shape is (3, "
                        + extent
                        + ", 2)",
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"-1", "13"})
    void refusesCountsOutOfRange(int count) {
        ZigzagOrder order = ZigzagOrder.of(new Shape(3, 4));
        Exception e = assertThrows(IllegalArgumentException.class, () -> order.first(count));
        assertEquals("The count must be 0 to 12 but is " + count, e.getMessage());
    }

    @Test
    void givesNothingIfNothingIsAskedFor() {
        assertEquals(0, ZigzagOrder.of(new Shape(5)).first(0).length);
    }
}
