package io.github.freqreg.interop;

import static io.github.freqreg.interop.ArrayBytes.DICT;
import static io.github.freqreg.interop.ArrayBytes.HEADER;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed file for each rule of safetensors, npy and npz, and the error that it gets. */
class ArrayRefusalTest {

    private static final byte[] TWO = new byte[8];
    private static final byte[] ARRAY = ArrayBytes.npy(DICT, TWO);

    @TempDir private Path folder;

    private static Arguments header(String message, String header) {
        return arguments(message, ArrayBytes.safetensors(header, TWO));
    }

    /** A header with another text in place of one of its own. */
    private static Arguments changed(String message, String part, String other) {
        assertTrue(HEADER.contains(part), part);
        return header(message, HEADER.replace(part, other));
    }

    private static byte[] patched(byte[] file, int at, int... bytes) {
        byte[] other = file.clone();
        for (int i = 0; i < bytes.length; i++) {
            other[at + i] = (byte) bytes[i];
        }
        return other;
    }

    /** An array's entry of a header. */
    private static String entry(String name, String shape, int from, int to) {
        return "\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                .formatted(name, shape, from, to);
    }

    private static String object(String... entries) {
        return "{" + String.join(",", entries) + "}";
    }

    static Stream<Arguments> safetensors() {
        byte[] whole = ArrayBytes.safetensors(HEADER, TWO);
        String axes = IntStream.range(0, 33).mapToObj(i -> "1").collect(Collectors.joining(","));
        return Stream.of(
                arguments("a header in 8 bytes but the file has 7", new byte[7]),
                arguments("a header of 2 to 1 bytes but its length is 0", new byte[9]),
                arguments("its length is 18446744073709551615", patched(whole, 0, ones(8))),
                arguments("its length is 4294967350", patched(whole, 4, 1)),
                arguments("a header of 2 to 16777216 bytes", longHeader()),
                arguments("begins with { but it begins with 20", patched(whole, 8, ' ')),
                arguments("in UTF-8", patched(whole, 10, 0xff)),
                arguments("in UTF-8", patched(whole, 10, 0xc0)),
                header("in JSON", "{\"a\""),
                header("in JSON", HEADER + "x"),
                header("malformed at line 1 column 56 path $", HEADER + "{}"),
                changed("in JSON", "[2]", "[2,]"),
                changed("in JSON", "[2]", "[02]"),
                changed("in JSON", "\"a\"", "a"),
                changed("in JSON", "\"a\"", "'a'"),
                changed("in JSON", "\"a\"", "\"\t\""),
                changed("in JSON", "[2]", "[2] /* two */"),
                changed("in JSON", "[2]", "[NaN]"),
                header("in JSON", HEADER.replace(":", "=")),
                header("BEGIN_OBJECT in a of the header but found NULL", "{\"a\":null}"),
                header("BEGIN_OBJECT in a of the header", "{\"a\":[[[[[[[]]]]]]]}"),
                changed("NUMBER in a of the header but found BEGIN_ARRAY", "[2]", "[[2]]"),
                changed("NUMBER in a of the header but found STRING", "[2]", "[\"2\"]"),
                changed("BEGIN_ARRAY in a of the header but found NUMBER", "[2]", "2"),
                changed("STRING in a of the header but found NUMBER", "\"F32\"", "32"),
                changed("U8, I8, I32 or I64 but found F8_E4M3", "F32", "F8_E4M3"),
                changed("but found f32", "F32", "f32"),
                changed("but found BOOL", "F32", "BOOL"),
                changed("each once, but found strides", "shape", "strides"),
                changed("each once, but found dtype", "\"shape\":[2]", "\"dtype\":\"F32\""),
                changed("not all are there", "\"shape\":[2],", ""),
                changed("two data_offsets", "[0,8]", "[0,8,8]"),
                changed("two data_offsets", "[0,8]", "[0]"),
                changed("counts of 0 or more in array a but found -2", "[2]", "[-2]"),
                changed("counts of 0 or more in array a but found 2.0", "[2]", "[2.0]"),
                changed("counts of 0 or more in array a but found 2e0", "[2]", "[2e0]"),
                changed("but found 9999999999999999999", "[2]", "[9999999999999999999]"),
                changed("at most 32 axes", "[2]", "[" + axes + "]"),
                changed("too large", "[2]", "[4294967296,4294967296]"),
                changed("too large", "[2]", "[999999999999999999,999999999999999999,0]"),
                changed("expected 3 elements of 4 bytes in array a of shape (3)", "[2]", "[3]"),
                changed("expected 1 elements of 4 bytes in array a of shape ()", "[2]", "[]"),
                changed("expected 0 elements", "[2]", "[2,0]"),
                changed("expected 2 elements of 8 bytes", "F32", "F64"),
                // As many bytes as 64 bits count from 0 again.
                header(
                        "expected 2305843009213693952 elements",
                        object(entry("a", "2147483648,1073741824", 0, 0).replace("F32", "F64"))),
                changed("from offset 0 to at most 8 but found it from 4 to 8", "[0,8]", "[4,8]"),
                changed("but found it from 0 to 9", "[0,8]", "[0,9]"),
                changed("but found it from 8 to 0", "[0,8]", "[8,0]"),
                changed("counts of 0 or more in array a but found -1", "[0,8]", "[0,-1]"),
                header("expected 0 bytes behind the header", "{}"),
                header("but found 8", object(entry("a", "1", 0, 4))),
                // Overlap, hole, twice the same.
                header("from offset 4 to", object(entry("a", "1", 0, 4), entry("b", "2", 0, 8))),
                header("from offset 0 to", object(entry("a", "1", 4, 8))),
                header("from offset 4 to", object(entry("a", "1", 0, 4), entry("b", "0", 8, 8))),
                header(
                        "the name a appears twice",
                        object(entry("a", "1", 0, 4), entry("a", "1", 4, 8))),
                header(
                        "the name a appears twice",
                        object(entry("a", "1", 0, 4), entry("\\u0061", "1", 4, 8))),
                changed("a name of 1 to 1024 bytes but found one of 0", "\"a\"", "\"\""),
                changed("but found one of 1025", "\"a\"", "\"" + "a".repeat(1025) + "\""),
                changed("half a letter", "\"a\"", "\"\\ud800\""),
                header(
                        "STRING in __metadata__ of the header",
                        object("\"__metadata__\":{\"a\":1}")),
                header(
                        "__metadata__ has a twice",
                        object("\"__metadata__\":{\"a\":\"\",\"a\":\"\"}")),
                header(
                        "__metadata__ appears twice",
                        object("\"__metadata__\":{},\"__metadata__\":{}")),
                header("at most 65536 arrays", many()),
                arguments(
                        "value 1 of array a is NaN",
                        patched(whole, whole.length - 4, 0, 0, 0xc0, 0x7f)));
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 0xff);
        return ones;
    }

    private static byte[] longHeader() {
        String spaces = " ".repeat(SafetensorsReader.MAX_HEADER + 1 - HEADER.length());
        return ArrayBytes.safetensors(HEADER + spaces, TWO);
    }

    private static String many() {
        return IntStream.rangeClosed(0, 1 << 16)
                .mapToObj(i -> entry("a" + i, "0", 0, 0))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static Arguments npy(String message, byte[] array) {
        return arguments(message, new ArrayBytes().stored("a.npy", array).zip());
    }

    /** An array whose header has another text in place of one of its own. */
    private static Arguments dict(String message, String part, String other) {
        assertTrue(DICT.contains(part), part);
        return npy(message, ArrayBytes.npy(DICT.replace(part, other), TWO));
    }

    static Stream<Arguments> npys() {
        String axes = "1, ".repeat(32) + "2";
        return Stream.of(
                npy("begin as an .npy file does", new byte[0]),
                npy("begin as an .npy file does", patched(ARRAY, 0, 'N')),
                npy("begin as an .npy file does", Arrays.copyOf(ARRAY, 9)),
                npy("1.0, 2.0 or 3.0 of array a but found 0.0", patched(ARRAY, 6, 0)),
                npy("but found 4.0", patched(ARRAY, 6, 4)),
                npy("but found 1.1", patched(ARRAY, 7, 1)),
                npy("but its length is 65535", patched(ARRAY, 8, 0xff, 0xff)),
                npy(
                        "but its length is 4294967295",
                        patched(ArrayBytes.npy(2, 0, DICT, TWO), 8, ones(4))),
                npy("but its length is -1", Arrays.copyOf(ArrayBytes.npy(2, 0, DICT, TWO), 11)),
                npy("at most 10000 bytes", ArrayBytes.npy(DICT + " ".repeat(10_000), TWO)),
                npy("as NumPy writes them", ArrayBytes.npy(1, 0, DICT, TWO)),
                npy("as NumPy writes them", ArrayBytes.npy(DICT + "\n", TWO)),
                npy("as NumPy writes them", ArrayBytes.npy(DICT + "x", TWO)),
                dict("as NumPy writes them", "'descr': '<f4', ", ""),
                dict("as NumPy writes them", ", }", ", 'descr': '<f8', }"),
                dict("as NumPy writes them", "False", "0"),
                dict("as NumPy writes them", "(2,)", "(__import__('os'),)"),
                dict("as NumPy writes them", "'<f4'", "[('x', '<f4')]"),
                dict("row-major order but fortran_order is True", "False", "True"),
                dict("but found >f4", "<f4", ">f4"),
                dict("but found |O", "<f4", "|O"),
                dict("but found <c8", "<f4", "<c8"),
                dict("but found |b1", "<f4", "|b1"),
                dict("a tuple of extents of array a but found (2)", "(2,)", "(2)"),
                dict("but found (2,,)", "(2,)", "(2,,)"),
                dict("but found ( 2,)", "(2,)", "( 2,)"),
                dict("as NumPy writes them", "(2,)", "(-2,)"),
                dict("a tuple of extents", "(2,)", "(9999999999999999999,)"),
                dict("a tuple of extents", "(2,)", "(" + axes + ")"),
                dict("too large", "(2,)", "(4294967296, 4294967296)"),
                dict("too large", "(2,)", "(999999999999999999, 999999999999999999, 0)"),
                dict("expected 3 elements of 4 bytes in array a of shape (3)", "(2,)", "(3,)"),
                dict("but found 8 bytes", "(2,)", "(1,)"),
                dict("expected 1 elements", "(2,)", "()"),
                dict("expected 2 elements of 8 bytes", "<f4", "<f8"),
                npy("but found 9 bytes", ArrayBytes.npy(DICT, new byte[9])),
                npy(
                        "value 0 of array a is -Infinity",
                        ArrayBytes.npy(
                                DICT, new byte[] {0, 0, (byte) 0x80, (byte) 0xff, 0, 0, 0, 0})));
    }

    /** A stored entry and a deflated one; what is where: local, central, end. */
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

    /** Puts a byte in, and leaves all offsets as they are but that of the directory. */
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

    /** Four bytes and an archive of nothing. */
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
                zip("the directory of the zip archive up to its end", END + 4, 1),
                zip("the directory of the zip archive up to its end", END + 8, 1),
                zip("the directory of the zip archive up to its end", END + 12, 1),
                zip("from 4294967295", END + 16, ones(4)),
                zip("the directory of the zip archive up to its end", END + 20, 1),
                zip("expected entry 2 of 3", END + 8, 3, 0, 3),
                zip("expected 1 entries in the zip archive's directory but 51", END + 8, 1, 0, 1),
                zip("expected entry 1 of 2", CENTRAL_2, 0),
                zip("entry 1 does not fit", CENTRAL_2 + 28, 6),
                zip("entry 1 does not fit", CENTRAL_2 + 30, 1),
                zip("entry 1 does not fit", CENTRAL_2 + 32, 1),
                zip("entry 0 does not fit", CENTRAL + 34, 1),
                // Holes and overlaps.
                zip("array a in the zip archive from 0", CENTRAL + 42, 1),
                zip("array a to be a zip entry", CENTRAL_2 + 42, 0, 0),
                zip("to 4294967295", CENTRAL_2 + 42, ones(4)),
                arguments("sizes of array b", inserted(CENTRAL, true)),
                arguments("expected array b to be a zip entry", inserted(SECOND, true)),
                arguments(
                        "the directory of the zip archive up to its end", inserted(CENTRAL, false)),
                arguments("4 bytes that are in none", patched(junk(), junk().length - 6, 4)),
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
                // What is said twice must be the same.
                zip("array a to be a zip entry", 0, 0),
                zip("array a as the zip archive's directory tells it", 6, 2),
                zip("array a as the zip archive's directory tells it", 8, 8),
                zip("array a as the zip archive's directory tells it", 26, 4),
                zip("array a as the zip archive's directory tells it", 29, 0xff),
                zip("array a as the zip archive's directory tells it", 30, 'b'),
                zip("the sizes of array a", 14, 0),
                zip("the sizes of array a", 18, 0),
                zip("the sizes of array a", 22, 0),
                zip("the sizes of array a", 18, ones(8)),
                zip("the sizes of array b", DESCRIPTOR, 0),
                zip("the sizes of array b", DESCRIPTOR + 4, 0, 0, 0, 0),
                zip("the sizes of array b", DESCRIPTOR + 8, 0),
                zip("the sizes of array b", DESCRIPTOR + 12, 0),
                // What is not done, or not possible.
                entry("method 0 with the flags 0001", ascii("a.npy"), 1, 0),
                entry("method 0 with the flags 0040", ascii("a.npy"), 64, 0),
                entry("method 12 with the flags 0000", ascii("a.npy"), 0, 12),
                zip("which is stored", CENTRAL + 24, 1),
                zip("expected at most", CENTRAL_2 + 24, 0xff, 0xff, 0xff),
                zip("expected at most", CENTRAL_2 + 24, ones(4)),
                arguments(
                        "expected at most 1073741824 bytes of array a",
                        patched(
                                patched(bomb, its + 20, 0xff, 0xff, 0xff, 0x7f),
                                its + 24,
                                ones(4))),
                entry("deflated to", ascii("a.npy"), 0, 8),
                // A kind of block that there is not.
                zip("is not deflated well", SECOND + 35, 7),
                zip("the sizes of array b", CENTRAL_2 + 24, ARRAY.length - 1),
                arguments("deflated to", both(ARRAY.length - 1)),
                arguments("deflated to", both(ARRAY.length + 1)),
                zip("the checksum", 35 + 20, 'x'),
                arguments("begin as an .npy file does", bomb));
    }

    /** A deflated entry that says another size in both places. */
    private static byte[] both(int size) {
        return patched(patched(ZIP, DESCRIPTOR + 12, size), CENTRAL_2 + 24, size);
    }

    private void assertRefused(String message, byte[] file, Encoding encoding) throws IOException {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> ArrayFile.decode(file, encoding, false));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        Path path = folder.resolve(encoding == Encoding.NPZ ? "bad.npz" : "bad.safetensors");
        Files.write(path, file);
        try (NDManager manager = NDManager.newBaseManager()) {
            MalformedModelException its =
                    assertThrows(
                            MalformedModelException.class, () -> ArrayFile.read(manager, path));
            assertEquals(path + ": " + e.getMessage(), its.getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("safetensors")
    void badSafetensorsAreRefused(String message, byte[] file) throws IOException {
        assertRefused(message, file, Encoding.SAFETENSORS);
    }

    @ParameterizedTest
    @MethodSource({"npys", "zips"})
    void badNpzsAreRefused(String message, byte[] file) throws IOException {
        assertRefused(message, file, Encoding.NPZ);
    }

    /** What is refused is near to what is read: the same files without their faults. */
    @Test
    void soundFilesOfTheSameMakeAreRead() throws Exception {
        String described =
                object(
                        "\"__metadata__\":{\"format\":\"pt\"}",
                        entry("b", "1", 4, 8),
                        entry("none", "0,3", 4, 4),
                        entry("a", "", 0, 4));
        byte[] data = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};
        byte[] file = ArrayBytes.safetensors(described + "  ", data);
        List<RawArray> arrays = ArrayFile.decode(file, Encoding.SAFETENSORS, false);
        assertEquals(List.of("a", "none", "b"), arrays.stream().map(RawArray::name).toList());
        assertEquals(2f, arrays.get(2).bytes().order(ByteOrder.LITTLE_ENDIAN).getFloat(0));

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
        String ones = "1,".repeat(31);
        byte[] file = ArrayBytes.safetensors(object(entry(name, ones + "2", 0, 8)), TWO);
        RawArray array = ArrayFile.decode(file, Encoding.SAFETENSORS, false).get(0);
        assertEquals(name, array.name());
        assertEquals(32, array.shape().dimension());
        byte[] empty = ArrayBytes.safetensors("{}", new byte[0]);
        assertEquals(0, ArrayFile.decode(empty, Encoding.SAFETENSORS, false).size());

        String dict = DICT.replace("(2,)", "(" + "1, ".repeat(31) + "2)");
        String header = dict + " ".repeat(NpyReader.MAX_HEADER - 1 - dict.length()) + "\n";
        byte[] npy = ArrayBytes.npy(3, 0, header, TWO);
        byte[] utf8 = (name + ".npy").getBytes(StandardCharsets.UTF_8);
        byte[] npz = new ArrayBytes().entry(utf8, 1 << 11, 0, npy, npy).zip();
        RawArray same = ArrayFile.decode(npz, Encoding.NPZ, false).get(0);
        assertEquals(name, same.name());
        assertEquals(array.shape(), same.shape());
    }

    /** As Python's zipfile writes to what it cannot go back in: sizes of 8 bytes. */
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
        assertRefused("sizes of array a", patched(file.array(), sizes, 0), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), sizes + 4, 1), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), sizes + 8, 1), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), sizes + 15, 1), Encoding.NPZ);
    }

    /** As numpy.savez writes: sizes in a field of their own, in front of each entry. */
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
        assertRefused("sizes of array a", patched(file.array(), 39, 1), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), 47, 1), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), 37, 15), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), 37, 0xff, 0xff), Encoding.NPZ);
        assertRefused("sizes of array a", patched(file.array(), 35, 2), Encoding.NPZ);
    }
}
