package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.UsesEngine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** npy arrays of every type, order of elements and order of bytes are read to the same values. */
@UsesEngine
class NpyValuesTest {

    private static final List<long[]> SHAPES =
            List.of(
                    new long[0],
                    new long[] {1},
                    new long[] {7},
                    new long[] {3, 5},
                    new long[] {1, 4},
                    new long[] {4, 1},
                    new long[] {2, 0, 3},
                    new long[] {3, 1, 5},
                    new long[] {2, 3, 1, 5});

    @TempDir private Path folder;

    private static final List<String> TYPES =
            List.of("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8");

    static Stream<Arguments> kinds() {
        return TYPES.stream()
                .flatMap(
                        type ->
                                type.endsWith("1")
                                        ? Stream.of("|" + type)
                                        : Stream.of("<" + type, ">" + type))
                .flatMap(descr -> Stream.of(1, 2, 3).map(version -> Arguments.of(descr, version)));
    }

    private static DataType read(String type) {
        return switch (type) {
            case "b1" -> DataType.BOOLEAN;
            case "u1" -> DataType.UINT8;
            case "i1" -> DataType.INT8;
            case "u2", "i2", "i4" -> DataType.INT32;
            case "u4", "u8", "i8" -> DataType.INT64;
            case "f2" -> DataType.FLOAT16;
            case "f4" -> DataType.FLOAT32;
            default -> DataType.FLOAT64;
        };
    }

    /** Returns the value of the element with a row-major number; exact in every type. */
    private static double value(String type, int number) {
        return switch (type.charAt(0)) {
            case 'b' -> number % 3 == 1 ? 1 : 0;
            case 'u' ->
                    type.equals("u1")
                            ? 255 - number
                            : type.equals("u2") ? 65_535 - number : 40 + number;
            case 'i' -> number % 2 == 0 ? -100 + number : number;
            default -> (number % 2 == 0 ? -1.25 : 2.5) * (1 + number);
        };
    }

    private static void put(ByteBuffer out, String type, double value) {
        switch (type) {
            case "f4" -> out.putFloat((float) value);
            case "f8" -> out.putDouble(value);
            case "f2" -> out.putShort(half(value));
            default -> {
                switch (type.charAt(1)) {
                    case '1' -> out.put((byte) (int) value);
                    case '2' -> out.putShort((short) (int) value);
                    case '4' -> out.putInt((int) (long) value);
                    default -> out.putLong((long) value);
                }
            }
        }
    }

    /** Encodes a float16 by its definition: value = (1 + fraction / 1024) · 2^(exponent − 15). */
    private static short half(double value) {
        int exponent = Math.getExponent(value);
        int fraction = (int) (Math.abs(value) / Math.pow(2, exponent) * 1024) - 1024;
        return (short) ((value < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | fraction);
    }

    /** Encodes the elements, visiting the places with the first or with the last axis fastest. */
    private static byte[] elements(String descr, long[] extents, boolean columns) {
        String type = descr.substring(1);
        int size = (int) new Shape(extents).size();
        ByteBuffer out =
                ByteBuffer.allocate(size * (type.charAt(1) - '0'))
                        .order(
                                descr.startsWith(">")
                                        ? ByteOrder.BIG_ENDIAN
                                        : ByteOrder.LITTLE_ENDIAN);
        long[] place = new long[extents.length];
        for (int i = 0; i < size; i++) {
            int number = 0;
            for (int axis = 0; axis < extents.length; axis++) {
                number = (int) (number * extents[axis] + place[axis]);
            }
            put(out, type, value(type, number));
            for (int step = 0; step < extents.length; step++) {
                int axis = columns ? step : extents.length - 1 - step;
                place[axis] = (place[axis] + 1) % extents[axis];
                if (place[axis] > 0) {
                    break;
                }
            }
        }
        return out.array();
    }

    private static byte[] npy(String descr, int version, long[] extents, boolean columns) {
        String tuple = new Shape(extents).toString();
        String dict =
                "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"
                        .formatted(
                                descr,
                                columns ? "True" : "False",
                                extents.length == 1 ? "(" + extents[0] + ",)" : tuple);
        return ArrayBytes.npy(version, 0, dict, elements(descr, extents, columns));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyOrderIsReadToTheSameValues(String descr, int version) throws Exception {
        String type = descr.substring(1);
        ArrayBytes zip = new ArrayBytes();
        for (int i = 0; i < SHAPES.size(); i++) {
            zip.stored("row" + i + ".npy", npy(descr, version, SHAPES.get(i), false));
            zip.stored("column" + i + ".npy", npy(descr, version, SHAPES.get(i), true));
            zip.deflated("deflated" + i + ".npy", npy(descr, version, SHAPES.get(i), true));
        }
        Path file = Files.write(folder.resolve("a.npz"), zip.zip());
        try (NDManager manager = NDManager.newBaseManager()) {
            for (NDArray array : ArrayFile.read(manager, file)) {
                int index = Integer.parseInt(array.getName().replaceAll("\\D", ""));
                assertEquals(read(type), array.getDataType());
                assertEquals(new Shape(SHAPES.get(index)), array.getShape());
                double[] expected = new double[(int) array.size()];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = value(type, i);
                }
                double[] found = array.toType(DataType.FLOAT64, true).toDoubleArray();
                assertArrayEquals(expected, found, array.getName());
            }
        }
    }

    @Test
    void theLargestIntegersAreExact() throws Exception {
        byte[] largest = new byte[16];
        ByteBuffer.wrap(largest).putLong(8, Long.MAX_VALUE);
        byte[] unsigned = {0, 0, 0, 0, -1, -1, -1, -1};
        ArrayBytes zip = new ArrayBytes();
        zip.stored("u8.npy", ArrayBytes.npy(ArrayBytes.DICT.replace("<f4", ">u8"), largest));
        zip.stored("u4.npy", ArrayBytes.npy(ArrayBytes.DICT.replace("<f4", ">u4"), unsigned));
        Path file = Files.write(folder.resolve("a.npz"), zip.zip());
        try (NDManager manager = NDManager.newBaseManager()) {
            var read = ArrayFile.read(manager, file);
            assertArrayEquals(new long[] {0, Long.MAX_VALUE}, read.get("u8").toLongArray());
            assertArrayEquals(new long[] {0, 4_294_967_295L}, read.get("u4").toLongArray());
        }
    }

    @Test
    void aSingleArrayHasTheNameOfItsFile() throws Exception {
        Path file = folder.resolve("fc.weight.npy");
        Files.write(file, npy(">f4", 1, new long[] {2, 3}, true));
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray array = ArrayFile.read(manager, file).singletonOrThrow();
            assertEquals("fc.weight", array.getName());
            assertArrayEquals(
                    new float[] {-1.25f, 5, -3.75f, 10, -6.25f, 15}, array.toFloatArray());
            Path nameless = Files.copy(file, folder.resolve(".npy"));
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class, () -> ArrayFile.read(manager, nameless));
            assertTrue(e.getMessage().startsWith(nameless + ": expected a name of 1 to"));
        }
    }
}
