package io.github.freqreg.interop;

import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.interop.ArrayBytes.DICT;
import static io.github.freqreg.interop.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.NDList.Encoding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed npy array for each rule, and the error that it gets. */
class NpyRefusalTest {

    private static final byte[] TWO = new byte[8];
    private static final byte[] ARRAY = ArrayBytes.npy(DICT, TWO);

    @TempDir private Path folder;

    private static Arguments npy(String message, byte[] array) {
        return arguments(message, new ArrayBytes().stored("a.npy", array).zip());
    }

    /** Returns an array of two elements. */
    private static byte[] one(String descr, byte[] elements) {
        return ArrayBytes.npy(DICT.replace("<f4", descr), elements);
    }

    /** An array with a part of its header replaced. */
    private static Arguments dict(String message, String part, String other) {
        assertTrue(DICT.contains(part), part);
        return npy(message, ArrayBytes.npy(DICT.replace(part, other), TWO));
    }

    static Stream<Arguments> npys() {
        String axes = "1, ".repeat(32) + "2";
        return Stream.of(
                npy("start with the magic of an .npy file", new byte[0]),
                npy("start with the magic of an .npy file", patched(ARRAY, 0, 'N')),
                npy("start with the magic of an .npy file", Arrays.copyOf(ARRAY, 9)),
                npy("in version 1.0, 2.0 or 3.0 of .npy but found 0.0", patched(ARRAY, 6, 0)),
                npy("but found 4.0", patched(ARRAY, 6, 4)),
                npy("but found 1.1", patched(ARRAY, 7, 1)),
                npy("but its length is 65535", patched(ARRAY, 8, 0xff, 0xff)),
                npy(
                        "but its length is 4294967295",
                        patched(ArrayBytes.npy(2, 0, DICT, TWO), 8, 0xff, 0xff, 0xff, 0xff)),
                npy("but its length is -1", Arrays.copyOf(ArrayBytes.npy(2, 0, DICT, TWO), 11)),
                npy("at most 10000 bytes", ArrayBytes.npy(DICT + " ".repeat(10_000), TWO)),
                npy("formatted as NumPy does", ArrayBytes.npy(1, 0, DICT, TWO)),
                npy("formatted as NumPy does", ArrayBytes.npy(DICT + "\n", TWO)),
                npy("formatted as NumPy does", ArrayBytes.npy(DICT + "x", TWO)),
                dict("formatted as NumPy does", "'descr': '<f4', ", ""),
                dict("formatted as NumPy does", ", }", ", 'descr': '<f8', }"),
                dict("formatted as NumPy does", "False", "0"),
                dict("formatted as NumPy does", "(2,)", "(__import__('os'),)"),
                dict(
                        "the dtype [('x', '<f4')], a structured type: save each field",
                        "'<f4'",
                        "[('x', '<f4')]"),
                dict("a structured type", "<f4", "|V4"),
                dict("the dtype '|O', pickled objects, which can run any code", "<f4", "|O"),
                dict("the dtype '<c8', complex numbers: save the real", "<f4", "<c8"),
                dict("the dtype '>c16', complex numbers", "<f4", ">c16"),
                dict("the dtype '<U3', texts", "<f4", "<U3"),
                dict("the dtype '|S4', texts", "<f4", "|S4"),
                dict("times: convert it with astype('int64')", "<f4", "<M8[ns]"),
                dict("the dtype '<f16': convert it with astype('float64')", "<f4", "<f16"),
                dict("the dtype '|f4'", "<f4", "|f4"),
                dict("the dtype '=f4'", "<f4", "=f4"),
                dict("the dtype '<f1'", "<f4", "<f1"),
                dict("the dtype '<u1'", "<f4", "<u1"),
                dict("the dtype '|b4'", "<f4", "|b4"),
                dict("the dtype ''", "<f4", ""),
                dict("expected 2 elements of 1 bytes", "<f4", "|b1"),
                npy("0 or 1 but value 1 of array a is 2", one("|b1", new byte[] {1, 2})),
                npy(
                        "at most 2^63 - 1 but value 1 of array a is 9223372036854775808",
                        one(">u8", patched(new byte[16], 8, 0x80))),
                dict("expected array a with a tuple of extents but found (2)", "(2,)", "(2)"),
                dict("but found (2,,)", "(2,)", "(2,,)"),
                dict("but found ( 2,)", "(2,)", "( 2,)"),
                dict("formatted as NumPy does", "(2,)", "(-2,)"),
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

    @ParameterizedTest
    @MethodSource("npys")
    void badNpysAreRefused(String message, byte[] file) throws IOException {
        assertRefused(message, file, Encoding.NPZ, folder);
    }
}
