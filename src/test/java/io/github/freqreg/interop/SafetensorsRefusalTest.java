package io.github.freqreg.interop;

import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.interop.ArrayBytes.HEADER;
import static io.github.freqreg.interop.ArrayBytes.entry;
import static io.github.freqreg.interop.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDList.Encoding;
import java.io.IOException;
import java.nio.ByteOrder;
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

/** A malformed safetensors file for each rule, and the error that it gets. */
class SafetensorsRefusalTest {

    private static final byte[] TWO = new byte[8];

    @TempDir private Path folder;

    private static Arguments header(String message, String header) {
        return arguments(message, ArrayBytes.safetensors(header, TWO));
    }

    /** The header with a part replaced. */
    private static Arguments changed(String message, String part, String other) {
        assertTrue(HEADER.contains(part), part);
        return header(message, HEADER.replace(part, other));
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
                arguments(
                        "its length is 18446744073709551615",
                        patched(whole, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
                arguments("its length is 4294967350", patched(whole, 4, 1)),
                arguments("a header of 2 to 16777216 bytes", longHeader()),
                arguments("to start with { but it starts with 20", patched(whole, 8, ' ')),
                arguments("is not UTF-8", patched(whole, 10, 0xff)),
                arguments("is not UTF-8", patched(whole, 10, 0xc0)),
                header("malformed JSON", "{\"a\""),
                header("malformed JSON", HEADER + "x"),
                header("malformed JSON at line 1 column 56 path $", HEADER + "{}"),
                changed("malformed JSON", "[2]", "[2,]"),
                changed("malformed JSON", "[2]", "[02]"),
                changed("malformed JSON", "\"a\"", "a"),
                changed("malformed JSON", "\"a\"", "'a'"),
                changed("malformed JSON", "\"a\"", "\"\t\""),
                changed("malformed JSON", "[2]", "[2] /* two */"),
                changed("malformed JSON", "[2]", "[NaN]"),
                header("malformed JSON", HEADER.replace(":", "=")),
                header(
                        "BEGIN_OBJECT in the entry of a in the header but found NULL",
                        "{\"a\":null}"),
                header("BEGIN_OBJECT in the entry of a in the header", "{\"a\":[[[[[[[]]]]]]]}"),
                changed(
                        "NUMBER in the entry of a in the header but found BEGIN_ARRAY",
                        "[2]",
                        "[[2]]"),
                changed(
                        "NUMBER in the entry of a in the header but found STRING",
                        "[2]",
                        "[\"2\"]"),
                changed("BEGIN_ARRAY in the entry of a in the header but found NUMBER", "[2]", "2"),
                changed("STRING in the entry of a in the header but found NUMBER", "\"F32\"", "32"),
                changed("F32, F64 but found F8_E8M0: convert it", "F32", "F8_E8M0"),
                changed("but found f32", "F32", "f32"),
                changed("but found C64", "F32", "C64"),
                changed("each once, but found strides", "shape", "strides"),
                changed("each once, but found dtype", "\"shape\":[2]", "\"dtype\":\"F32\""),
                changed("at least one is missing", "\"shape\":[2],", ""),
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
                // The size in bytes is 2^64, which overflows to 0.
                header(
                        "expected 2305843009213693952 elements",
                        object(entry("a", "2147483648,1073741824", 0, 0).replace("F32", "F64"))),
                changed(
                        "to start at byte 0 and to end at most at byte 8 but it takes the bytes 4 to 8",
                        "[0,8]",
                        "[4,8]"),
                changed("but it takes the bytes 0 to 9", "[0,8]", "[0,9]"),
                changed("but it takes the bytes 8 to 0", "[0,8]", "[8,0]"),
                changed("counts of 0 or more in array a but found -1", "[0,8]", "[0,-1]"),
                header("expected the 0 bytes of the arrays after the header", "{}"),
                header("but found 8", object(entry("a", "1", 0, 4))),
                // Overlaps, gaps and duplicates.
                header(
                        "to start at byte 4 and",
                        object(entry("a", "1", 0, 4), entry("b", "2", 0, 8))),
                header("to start at byte 0 and", object(entry("a", "1", 4, 8))),
                header(
                        "to start at byte 4 and",
                        object(entry("a", "1", 0, 4), entry("b", "0", 8, 8))),
                header(
                        "the name a appears twice",
                        object(entry("a", "1", 0, 4), entry("a", "1", 4, 8))),
                header(
                        "the name a appears twice",
                        object(entry("a", "1", 0, 4), entry("\\u0061", "1", 4, 8))),
                changed("a name of 1 to 1024 bytes but found one of 0", "\"a\"", "\"\""),
                changed("but found one of 1025", "\"a\"", "\"" + "a".repeat(1025) + "\""),
                changed("unpaired surrogate", "\"a\"", "\"\\ud800\""),
                header(
                        "STRING in the entry of __metadata__ in the header",
                        object("\"__metadata__\":{\"a\":1}")),
                header(
                        "the key a of __metadata__ appears twice",
                        object("\"__metadata__\":{\"a\":\"\",\"a\":\"\"}")),
                header(
                        "__metadata__ appears twice",
                        object("\"__metadata__\":{},\"__metadata__\":{}")),
                header("at most 65536 arrays", many()),
                arguments(
                        "value 1 of array a is NaN",
                        patched(whole, whole.length - 4, 0, 0, 0xc0, 0x7f)));
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

    @ParameterizedTest
    @MethodSource("safetensors")
    void badSafetensorsAreRefused(String message, byte[] file) throws IOException {
        assertRefused(message, file, Encoding.SAFETENSORS, folder);
    }

    /** The same files without the faults are read, so the faults alone are what is refused. */
    @Test
    void aSoundFileOfTheSameMakeIsRead() throws Exception {
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
    }

    @Test
    void limitsAreReached() throws Exception {
        String name = "é".repeat(512);
        String ones = "1,".repeat(31);
        byte[] file = ArrayBytes.safetensors(object(entry(name, ones + "2", 0, 8)), TWO);
        RawArray array = ArrayFile.decode(file, Encoding.SAFETENSORS, false).get(0);
        assertEquals(name, array.name());
        long[] extents = new long[32];
        Arrays.fill(extents, 0, 31, 1);
        extents[31] = 2;
        assertArrayEquals(extents, array.shape().getShape());
        byte[] empty = ArrayBytes.safetensors("{}", new byte[0]);
        assertEquals(0, ArrayFile.decode(empty, Encoding.SAFETENSORS, false).size());
    }
}
