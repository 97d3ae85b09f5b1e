package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.UsesEngine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Types that the engine lacks are read to the values of their definitions. */
@UsesEngine
class ElementTypeTest {

    @TempDir private Path folder;

    private NDArray read(NDManager manager, String type, int width, byte[] bytes) throws Exception {
        String header =
                "{\"a\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                        .formatted(type, bytes.length / width, bytes.length);
        Path file = folder.resolve(type + ".safetensors");
        Files.write(file, ArrayBytes.safetensors(header, bytes));
        return ArrayFile.read(manager, file, true).singletonOrThrow();
    }

    /**
     * Computes (-1)^s · 2^(e - bias) · 1.f, or (-1)^s · 2^(1 - bias) · 0.f where e is 0, as in "FP8
     * Formats for Deep Learning" (arXiv 2209.05433), table 1.
     */
    private static float float8(int code, int fractionBits, boolean hasInfinity) {
        int exponentBits = 7 - fractionBits;
        int bias = (1 << exponentBits - 1) - 1;
        int most = (1 << exponentBits) - 1;
        int exponent = code >> fractionBits & most;
        int fraction = code & (1 << fractionBits) - 1;
        double sign = code < 128 ? 1 : -1;
        if (hasInfinity && exponent == most) {
            return fraction == 0 ? (float) (sign * Double.POSITIVE_INFINITY) : Float.NaN;
        }
        if (exponent == most && fraction == (1 << fractionBits) - 1) {
            return Float.NaN;
        }
        double part = fraction / Math.pow(2, fractionBits);
        return (float)
                (exponent == 0
                        ? sign * Math.pow(2, 1 - bias) * part
                        : sign * Math.pow(2, exponent - bias) * (1 + part));
    }

    @Test
    void allCodesOfFloat8AreExact() throws Exception {
        byte[] codes = new byte[256];
        float[] e4m3 = new float[256];
        float[] e5m2 = new float[256];
        for (int i = 0; i < 256; i++) {
            codes[i] = (byte) i;
            e4m3[i] = float8(i, 3, false);
            e5m2[i] = float8(i, 2, true);
        }
        // The extremes of table 1.
        assertEquals(448, e4m3[0x7e]);
        assertEquals(0x1p-9f, e4m3[1]);
        assertEquals(57_344, e5m2[0x7b]);
        assertEquals(0x1p-16f, e5m2[1]);
        try (NDManager manager = NDManager.newBaseManager()) {
            assertArrayEquals(e4m3, read(manager, "F8_E4M3", 1, codes).toFloatArray());
            assertArrayEquals(e5m2, read(manager, "F8_E5M2", 1, codes).toFloatArray());
        }
    }

    @Test
    void otherTypesAreWidened() throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort((short) -2).putShort((short) 3).putInt(-1);
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray shorts = read(manager, "I16", 2, bytes.array());
            assertArrayEquals(new int[] {-2, 3, -1, -1}, shorts.toIntArray());
            NDArray unsigned = read(manager, "U16", 2, bytes.array());
            assertArrayEquals(new int[] {65_534, 3, 65_535, 65_535}, unsigned.toIntArray());
            NDArray wide = read(manager, "U32", 4, bytes.array());
            assertArrayEquals(new long[] {0x3fffeL, 0xffffffffL}, wide.toLongArray());
            NDArray widest = read(manager, "U64", 8, new byte[] {1, 0, 0, 0, 0, 0, 0, 0x7f});
            assertArrayEquals(new long[] {0x7f00000000000001L}, widest.toLongArray());
            NDArray flags = read(manager, "BOOL", 1, new byte[] {0, 1, 1});
            assertEquals(DataType.BOOLEAN, flags.getDataType());
            assertArrayEquals(new boolean[] {false, true, true}, flags.toBooleanArray());
        }
    }
}
