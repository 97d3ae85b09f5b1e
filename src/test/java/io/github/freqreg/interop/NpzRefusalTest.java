package io.github.freqreg.interop;

import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.interop.ArrayBytes.DICT;
import static io.github.freqreg.interop.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDList.Encoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed npz archive for each rule, and the error that it gets. */
class NpzRefusalTest {

    private static final byte[] TWO = new byte[8];
    private static final byte[] ARRAY = ArrayBytes.npy(DICT, TWO);

    @TempDir private Path folder;

    /** An archive of a stored and a deflated entry, with the offsets of its records. */
    private static final byte[] ZIP =
            new ArrayBytes().stored("a.npy", ARRAY).deflated("b.npy", ARRAY).zip();

    private static final int SECOND = 30 + 5 + ARRAY.length;
    private static final int END = ZIP.length - 22;
    private static final int CENTRAL = END - 2 * 51;
    private static final int CENTRAL_2 = END - 51;
    private static final int DESCRIPTOR = CENTRAL - 16;

    private static Arguments zip(String message, int at, int... bytes) {
        return arguments(message, patched(ZIP, at, bytes));
    }

    private static Arguments entry(String message, byte[] name, int flags, int method) {
        return arguments(message, new ArrayBytes().entry(name, flags, method, ARRAY, ARRAY).zip());
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Inserts a byte without correcting offsets, or only that of the directory. */
    private static byte[] inserted(int at, boolean moved) {
        byte[] file = new byte[ZIP.length + 1];
        System.arraycopy(ZIP, 0, file, 0, at);
        System.arraycopy(ZIP, at, file, at + 1, ZIP.length - at);
        int directory = file.length - 6;
        if (moved) {
            file[directory]++;
        }
        return file;
    }

    /** Four bytes before an empty archive. */
    private static byte[] junk() {
        byte[] empty = new ArrayBytes().zip();
        byte[] file = new byte[4 + empty.length];
        System.arraycopy(empty, 0, file, 4, empty.length);
        return file;
    }

    static Stream<Arguments> zips() {
        byte[] wide = new byte[4_000_000];
        byte[] bomb = new ArrayBytes().deflated("a.npy", wide).zip();
        int its = bomb.length - 22 - 51;
        return Stream.of(
                arguments("ends with the end of its directory", new byte[21]),
                arguments("ends with the end of its directory", Arrays.copyOf(ZIP, ZIP.length + 1)),
                zip("ends with the end of its directory", END, 0),
                zip("the directory of the zip archive to end at byte", END + 4, 1),
                zip("the directory of the zip archive to end at byte", END + 8, 1),
                zip("the directory of the zip archive to end at byte", END + 12, 1),
                zip("it starts at byte 4294967295", END + 16, ones(4)),
                zip("the directory of the zip archive to end at byte", END + 20, 1),
                zip("expected entry 2 of 3", END + 8, 3, 0, 3),
                zip("expected 1 entries in the zip archive's directory but 51", END + 8, 1, 0, 1),
                zip("expected entry 1 of 2", CENTRAL_2, 0),
                zip("entry 1 does not fit", CENTRAL_2 + 28, 6),
                zip("entry 1 does not fit", CENTRAL_2 + 30, 1),
                zip("entry 1 does not fit", CENTRAL_2 + 32, 1),
                zip("entry 0 does not fit", CENTRAL + 34, 1),
                // Gaps and overlaps.
                zip("array a in the zip archive to start at byte 0", CENTRAL + 42, 1),
                zip("expected a zip entry of array a at byte 0", CENTRAL_2 + 42, 0, 0),
                zip("to 4294967295", CENTRAL_2 + 42, ones(4)),
                arguments("sizes of array b", inserted(CENTRAL, true)),
                arguments("expected a zip entry of array b", inserted(SECOND, true)),
                arguments(
                        "the directory of the zip archive to end at byte",
                        inserted(CENTRAL, false)),
                arguments("4 bytes that belong to none", patched(junk(), junk().length - 6, 4)),
                // Names.
                entry("ends with .npy but found a", ascii("a"), 0, 0),
                entry("ends with .npy but found a/", ascii("a/"), 0, 0),
                entry("a name of 1 to 1024 bytes but found one of 0", ascii(".npy"), 0, 0),
                entry("found one of 1025", ascii("a".repeat(1025) + ".npy"), 0, 0),
                entry("the name of tensor 0 is not UTF-8", ascii("\u00e9.npy"), 1 << 11, 0),
                entry("is not marked as UTF-8", "é.npy".getBytes(StandardCharsets.UTF_8), 0, 0),
                arguments(
                        "the name a appears twice",
                        new ArrayBytes().stored("a.npy", ARRAY).stored("a.npy", ARRAY).zip()),
                // Entries that differ from the directory.
                zip("expected a zip entry of array a at byte 0", 0, 0),
                zip("entry of array a differs from the archive's directory", 6, 2),
                zip("entry of array a differs from the archive's directory", 8, 8),
                zip("entry of array a differs from the archive's directory", 26, 4),
                zip("entry of array a differs from the archive's directory", 29, 0xff),
                zip("entry of array a differs from the archive's directory", 30, 'b'),
                zip("the sizes of array a", 14, 0),
                zip("the sizes of array a", 18, 0),
                zip("the sizes of array a", 22, 0),
                zip("the sizes of array a", 18, ones(8)),
                zip("the sizes of array b", DESCRIPTOR, 0),
                zip("the sizes of array b", DESCRIPTOR + 4, 0, 0, 0, 0),
                zip("the sizes of array b", DESCRIPTOR + 8, 0),
                zip("the sizes of array b", DESCRIPTOR + 12, 0),
                // Unsupported or impossible compression.
                entry("method 0 with the flags 0001", ascii("a.npy"), 1, 0),
                entry("method 0 with the flags 0040", ascii("a.npy"), 64, 0),
                entry("method 12 with the flags 0000", ascii("a.npy"), 0, 12),
                zip("which is stored without compression", CENTRAL + 24, 1),
                zip("expected at most", CENTRAL_2 + 24, 0xff, 0xff, 0xff),
                zip("expected at most", CENTRAL_2 + 24, ones(4)),
                arguments(
                        "expected at most 1073741824 bytes of array a",
                        patched(
                                patched(bomb, its + 20, 0xff, 0xff, 0xff, 0x7f),
                                its + 24,
                                ones(4))),
                entry("deflated to", ascii("a.npy"), 0, 8),
                // An invalid type of deflate block.
                zip("array b is corrupt", SECOND + 35, 7),
                zip("the sizes of array b", CENTRAL_2 + 24, ARRAY.length - 1),
                arguments("deflated to", both(ARRAY.length - 1)),
                arguments("deflated to", both(ARRAY.length + 1)),
                zip("the checksum", 35 + 20, 'x'),
                arguments("start with the magic of an .npy file", bomb));
    }

    /**
     * The archive with another size of the deflated entry, in both its descriptor and directory.
     */
    private static byte[] both(int size) {
        return patched(patched(ZIP, DESCRIPTOR + 12, size), CENTRAL_2 + 24, size);
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 0xff);
        return ones;
    }

    @ParameterizedTest
    @MethodSource("zips")
    void badNpzsAreRefused(String message, byte[] file) throws IOException {
        assertRefused(message, file, Encoding.NPZ, folder);
    }

    /** The same files without the faults are read, so the faults alone are what is refused. */
    @Test
    void aSoundFileOfTheSameMakeIsRead() throws Exception {
        byte[] data = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};
        byte[] aligned = ArrayBytes.npy(2, 0, DICT + " ".repeat(50) + "\n", data);
        byte[] scalar = ArrayBytes.npy(DICT.replace("(2,)", "()"), new byte[4]);
        byte[] matrix = ArrayBytes.npy(DICT.replace("(2,)", "(1, 2)"), data);
        byte[] npz =
                new ArrayBytes()
                        .deflated("../e.npy", aligned)
                        .stored("scalar.npy", scalar)
                        .deflated("m.npy", matrix)
                        .zip();
        List<RawArray> unpacked = ArrayFile.decode(npz, Encoding.NPZ, false);
        assertEquals(
                List.of("../e", "scalar", "m"), unpacked.stream().map(RawArray::name).toList());
        byte[] bytes = new byte[8];
        unpacked.get(2).bytes().get(bytes);
        assertArrayEquals(data, bytes);
        assertEquals(2, ArrayFile.decode(ZIP, Encoding.NPZ, false).size());
    }

    @Test
    void limitsAreReached() throws Exception {
        String name = "é".repeat(512);
        String dict = DICT.replace("(2,)", "(" + "1, ".repeat(31) + "2)");
        String header = dict + " ".repeat(NpyReader.MAX_HEADER - 1 - dict.length()) + "\n";
        byte[] npy = ArrayBytes.npy(3, 0, header, TWO);
        byte[] utf8 = (name + ".npy").getBytes(StandardCharsets.UTF_8);
        byte[] npz = new ArrayBytes().entry(utf8, 1 << 11, 0, npy, npy).zip();
        RawArray same = ArrayFile.decode(npz, Encoding.NPZ, false).get(0);
        assertEquals(name, same.name());
        long[] extents = new long[32];
        Arrays.fill(extents, 0, 31, 1);
        extents[31] = 2;
        assertArrayEquals(extents, same.shape().getShape());
    }

    /** Python's zipfile writes 64-bit sizes in descriptors if it cannot seek. */
    @Test
    void descriptorsMayBeWide() throws Exception {
        byte[] plain = new ArrayBytes().deflated("a.npy", ARRAY).zip();
        int sizes = plain.length - 22 - 51 - 8;
        ByteBuffer file = ByteBuffer.allocate(plain.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        file.put(plain, 0, sizes).put(plain, sizes, 4).putInt(0);
        file.putLong(ARRAY.length).put(plain, sizes + 8, plain.length - sizes - 8);
        int directory = file.limit() - 6;
        file.putInt(directory, file.getInt(directory) + 8);
        assertEquals(1, ArrayFile.decode(file.array(), Encoding.NPZ, false).size());
        assertRefused("sizes of array a", patched(file.array(), sizes, 0), Encoding.NPZ, folder);
        assertRefused(
                "sizes of array a", patched(file.array(), sizes + 4, 1), Encoding.NPZ, folder);
        assertRefused(
                "sizes of array a", patched(file.array(), sizes + 8, 1), Encoding.NPZ, folder);
        assertRefused(
                "sizes of array a", patched(file.array(), sizes + 15, 1), Encoding.NPZ, folder);
    }

    /** numpy.savez writes the sizes into the zip64 extra field of each local header. */
    @Test
    void sizesMayStandInTheExtraField() throws Exception {
        byte[] plain = new ArrayBytes().stored("a.npy", ARRAY).zip();
        ByteBuffer file = ByteBuffer.allocate(plain.length + 20).order(ByteOrder.LITTLE_ENDIAN);
        file.put(plain, 0, 35).putInt(18, -1).putInt(22, -1).putShort(28, (short) 20);
        file.putShort((short) 1).putShort((short) 16);
        file.putLong(ARRAY.length).putLong(ARRAY.length).put(plain, 35, plain.length - 35);
        int directory = file.limit() - 6;
        file.putInt(directory, file.getInt(directory) + 20);
        assertEquals(1, ArrayFile.decode(file.array(), Encoding.NPZ, false).size());
        assertRefused("sizes of array a", patched(file.array(), 39, 1), Encoding.NPZ, folder);
        assertRefused("sizes of array a", patched(file.array(), 47, 1), Encoding.NPZ, folder);
        assertRefused("sizes of array a", patched(file.array(), 37, 15), Encoding.NPZ, folder);
        assertRefused(
                "sizes of array a", patched(file.array(), 37, 0xff, 0xff), Encoding.NPZ, folder);
        assertRefused("sizes of array a", patched(file.array(), 35, 2), Encoding.NPZ, folder);
    }
}
