package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/** Seeded random shapes and tensors, golden values, and comparisons. */
final class RandomTensors {

    private RandomTensors() {}

    /** The seeds of the property tests. */
    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    /** A shape of rank 1 to 5 with few elements; a third of its axes has one element. */
    static Shape shape(Random random) {
        long[] extents = new long[1 + random.nextInt(5)];
        long size = 1;
        for (int axis = 0; axis < extents.length; axis++) {
            long room = Math.min(17, 240 / size);
            extents[axis] = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt((int) room);
            size *= extents[axis];
        }
        return new Shape(extents);
    }

    /** A random kept number, often the smallest or the largest possible. */
    static int kept(Random random, Shape shape) {
        int size = (int) shape.size();
        return switch (random.nextInt(8)) {
            case 0 -> 1;
            case 1 -> size;
            default -> 1 + random.nextInt(size);
        };
    }

    static double[] gaussians(Random random, long count) {
        return random.doubles(count).map(u -> random.nextGaussian()).toArray();
    }

    static NDArray tensor(NDManager manager, Random random, Shape shape, DataType type) {
        return tensor(manager, gaussians(random, shape.size()), shape, type);
    }

    static NDArray tensor(NDManager manager, double[] values, Shape shape, DataType type) {
        NDArray wide = manager.create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64);
        if (type == DataType.FLOAT64) {
            return wide;
        }
        NDArray narrow = wide.toType(type, true);
        wide.close();
        return narrow;
    }

    static double[] doubles(NDArray array) {
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    /** Compares relative to the largest expected value, or to 1. */
    static void assertClose(double[] expected, NDArray actual, double tolerance) {
        double[] values = doubles(actual);
        assertEquals(expected.length, values.length);
        double scale = Arrays.stream(expected).map(Math::abs).reduce(1, Math::max);
        for (int i = 0; i < values.length; i++) {
            assertEquals(expected[i], values[i], tolerance * scale, "element " + i);
        }
    }

    /** All coordinates of a tensor, row-major. */
    static List<int[]> coordinates(Shape shape) {
        List<int[]> all = new ArrayList<>();
        for (int i = 0; i < shape.size(); i++) {
            all.add(coordinate(shape, i));
        }
        return all;
    }

    /** The coordinate at a row-major position. */
    static int[] coordinate(Shape shape, long position) {
        int[] coordinate = new int[shape.dimension()];
        long rest = position;
        for (int axis = coordinate.length - 1; axis >= 0; axis--) {
            coordinate[axis] = (int) (rest % shape.get(axis));
            rest /= shape.get(axis);
        }
        return coordinate;
    }

    /** The zigzag order by definition: all coordinates, sorted by sum, then lexicographically. */
    static int[][] sortedCoordinates(Shape shape) {
        return coordinates(shape).stream()
                .sorted(
                        (a, b) -> {
                            int bySum = Arrays.stream(a).sum() - Arrays.stream(b).sum();
                            return bySum != 0 ? bySum : Arrays.compare(a, b);
                        })
                .toArray(int[][]::new);
    }

    /** Reads the cases of a file of golden values. */
    static List<JsonObject> golden(String name) throws IOException {
        try (InputStream in = RandomTensors.class.getResourceAsStream("/golden/" + name);
                Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
            List<JsonObject> cases = new ArrayList<>();
            JsonObject file = JsonUtils.GSON.fromJson(reader, JsonObject.class);
            for (JsonElement each : file.getAsJsonArray("cases")) {
                cases.add(each.getAsJsonObject());
            }
            return cases;
        }
    }

    static Shape goldenShape(JsonObject golden) {
        return new Shape(JsonUtils.GSON.fromJson(golden.get("shape"), long[].class));
    }

    /** The numbers of a golden array, which may be nested. */
    static double[] goldenNumbers(JsonArray array) {
        List<Double> numbers = new ArrayList<>();
        for (JsonElement each : array) {
            if (each.isJsonArray()) {
                Arrays.stream(goldenNumbers(each.getAsJsonArray())).forEach(numbers::add);
            } else {
                numbers.add(each.getAsDouble());
            }
        }
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** The smallest box at the origin that contains the given coordinates, one or more. */
    static Shape reach(int[][] coordinates) {
        long[] reach = new long[coordinates[0].length];
        for (int[] coordinate : coordinates) {
            for (int axis = 0; axis < reach.length; axis++) {
                reach[axis] = Math.max(reach[axis], coordinate[axis] + 1L);
            }
        }
        return new Shape(reach);
    }
}
