package io.github.freqreg.interop;

import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.interop.ArrayBytes.DICT;
import static io.github.freqreg.interop.ArrayBytes.HEADER;
import static io.github.freqreg.interop.ArrayBytes.entry;

import io.github.freqreg.format.Sample;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The safetensors, npz and npy files of {@code src/test/resources/malformed}, one for each rule;
 * the tests of refusals break the rules in more ways.
 */
final class ArraySamples {

    private static final byte[] TWO = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};
    private static final byte[] ARRAY = ArrayBytes.npy(DICT, TWO);

    private final List<Sample> samples = new ArrayList<>();

    private ArraySamples() {}

    static List<Sample> all() {
        ArraySamples all = new ArraySamples();
        all.safetensors();
        all.npz();
        all.npy();
        return all.samples;
    }

    private void good(String name, byte[] bytes, String holds) {
        samples.add(Sample.good(name, bytes, holds));
    }

    private void bad(String name, byte[] bytes, String why, String message) {
        samples.add(Sample.bad(name, bytes, why, message));
    }

    private void unsupported(String name, byte[] bytes, String why, String message) {
        samples.add(Sample.unsupported(name, bytes, why, message));
    }

    private void badHeader(String name, String header, String why, String message) {
        bad(name + ".safetensors", ArrayBytes.safetensors(header, TWO), why, message);
    }

    private void safetensors() {
        byte[] whole = ArrayBytes.safetensors(HEADER, TWO);
        good("two.safetensors", whole, "An array a of two float32.");
        good("none.safetensors", ArrayBytes.safetensors("{}", new byte[0]), "No arrays.");
        bad(
                "short.safetensors",
                Arrays.copyOf(whole, 7),
                "It ends inside the length of the header.",
                "expected the length of a header in 8 bytes but the file has 7");
        bad(
                "length.safetensors",
                patched(whole, 7, 0x80),
                "The header's length is above 2^63.",
                "but its length is 9223372036854775862");
        bad(
                "cut.safetensors",
                Arrays.copyOf(whole, whole.length - 1),
                "The last byte of an array is missing.",
                "but it takes the bytes 0 to 8");
        bad(
                "more.safetensors",
                Arrays.copyOf(whole, whole.length + 1),
                "A byte follows the last array.",
                "expected the 8 bytes of the arrays after the header but found 9");
        badHeader(
                "json",
                HEADER.replace("[2]", "[2,]"),
                "The header has a trailing comma, which JSON does not allow.",
                "the header is malformed JSON");
        badHeader(
                "shape",
                HEADER.replace("[2]", "[3]"),
                "The shape needs 12 bytes but there are 8.",
                "expected 3 elements of 4 bytes in array a of shape (3) but found 8 bytes");
        badHeader(
                "size",
                HEADER.replace("[2]", "[4294967296,4294967296]"),
                "The shape has 2^64 elements.",
                "too large");
        badHeader(
                "overlap",
                "{" + entry("a", "2", 0, 8) + "," + entry("b", "1", 4, 8) + "}",
                "Two arrays overlap by four bytes.",
                "expected array b to start at byte 8");
        badHeader(
                "hole",
                "{" + entry("a", "1", 4, 8) + "}",
                "Four bytes belong to no array.",
                "expected array a to start at byte 0");
        badHeader(
                "name-twice",
                "{" + entry("a", "1", 0, 4) + "," + entry("\\u0061", "1", 4, 8) + "}",
                "Two arrays are named a, one with an escape sequence.",
                "the name a appears twice");
        bad(
                "nan.safetensors",
                ArrayBytes.safetensors(HEADER, patched(TWO, 4, 0, 0, 0xc0, 0x7f)),
                "A value is NaN, which is read only on request.",
                "expected finite values but value 1 of array a is NaN");
        unsupported(
                "type.safetensors",
                ArrayBytes.safetensors(HEADER.replace("F32", "F8_E8M0"), TWO),
                "The type is a scale of 8 bits, which the format has but this library does not"
                        + " support.",
                "BF16, F32, F64 but found F8_E8M0: convert it to F32 before saving");
    }

    private void npz() {
        byte[] stored = new ArrayBytes().stored("a.npy", ARRAY).zip();
        byte[] two = new ArrayBytes().stored("a.npy", ARRAY).stored("b.npy", ARRAY).zip();
        good("stored.npz", stored, "An array a of two float32, as numpy.savez writes it.");
        good(
                "deflated.npz",
                new ArrayBytes().deflated("a.npy", ARRAY).zip(),
                "The same, as numpy.savez_compressed writes it.");
        bad(
                "cut.npz",
                Arrays.copyOf(stored, stored.length - 1),
                "The last byte is missing.",
                "expected a zip archive that ends with the end of its directory");
        bad(
                "overlap.npz",
                patched(two, two.length - 22 - 51 + 42, 0, 0),
                "Two entries of the directory have the same offset.",
                "expected a zip entry of array a at byte 0");
        bad(
                "sizes.npz",
                patched(stored, 22, ARRAY.length - 1),
                "The local header of the entry has another size than the directory.",
                "the sizes of array a or its checksum differ");
        bad(
                "checksum.npz",
                patched(stored, 30 + 5 + ARRAY.length - 1, 0x41),
                "A byte of the array is wrong, so the checksum does not match.",
                "expected the checksum");
        byte[] bomb = new ArrayBytes().deflated("a.npy", new byte[100_000]).zip();
        int central = bomb.length - 22 - 51;
        bad(
                "bomb.npz",
                patched(patched(bomb, central + 24, 0, 0, 0, 0x40), central - 4, 0, 0, 0, 0x40),
                "An entry of 130 bytes claims to unpack to 1 GiB.",
                "expected at most");
        bad(
                "name-twice.npz",
                new ArrayBytes().stored("a.npy", ARRAY).stored("a.npy", ARRAY).zip(),
                "Two arrays are named a.",
                "the name a appears twice");
        bad(
                "name.npz",
                new ArrayBytes().stored("a.txt", ARRAY).zip(),
                "An entry is not an .npy file.",
                "expected an entry whose name ends with .npy but found a.txt");
        unsupported(
                "encrypted.npz",
                new ArrayBytes().entry(ascii("a.npy"), 1, 0, ARRAY, ARRAY).zip(),
                "The entry is encrypted.",
                "expected array a stored or deflated but found method 0 with the flags 0001");
        unsupported(
                "method.npz",
                new ArrayBytes().entry(ascii("a.npy"), 0, 12, ARRAY, ARRAY).zip(),
                "The entry is compressed by bzip2.",
                "expected array a stored or deflated but found method 12 with the flags 0000");
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] npy(String part, String other) {
        return ArrayBytes.npy(DICT.replace(part, other), TWO);
    }

    private void npy() {
        good("two.npy", ARRAY, "Two float32.");
        good("scalar.npy", ArrayBytes.npy(DICT.replace("(2,)", "()"), new byte[4]), "One float32.");
        bad(
                "magic.npy",
                patched(ARRAY, 1, 'n'),
                "The magic is nUMPY.",
                "expected array a to start with the magic of an .npy file");
        bad(
                "length.npy",
                patched(ARRAY, 8, 0xff, 0xff),
                "The header claims to be longer than the file.",
                "bytes but its length is 65535");
        bad(
                "shape.npy",
                npy("(2,)", "(3,)"),
                "The shape needs 12 bytes but there are 8.",
                "expected 3 elements of 4 bytes in array a of shape (3) but found 8 bytes");
        bad(
                "size.npy",
                npy("(2,)", "(4294967296, 4294967296)"),
                "The shape has 2^64 elements.",
                "too large");
        bad(
                "code.npy",
                npy("(2,)", "(__import__('os'),)"),
                "The shape is a Python expression instead of a tuple.",
                "expected descr, fortran_order and shape in the header of array a");
        bad(
                "nan.npy",
                ArrayBytes.npy(DICT, patched(TWO, 0, 0, 0, 0x80, 0xff)),
                "A value is infinite, which is read only on request.",
                "expected finite values but value 0 of array a is -Infinity");
        good(
                "fortran.npy",
                ArrayBytes.npy(
                        DICT.replace("False", "True").replace("(2,)", "(2, 3)"),
                        new byte[] {
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            64,
                            64,
                            0,
                            0,
                            (byte) 128,
                            63,
                            0,
                            0,
                            (byte) 128,
                            64,
                            0,
                            0,
                            0,
                            64,
                            0,
                            0,
                            (byte) 160,
                            64
                        }),
                "The float32 0, 1, 2 and 3, 4, 5 in two rows, in column-major order.");
        good(
                "big-endian.npy",
                ArrayBytes.npy(
                        DICT.replace("<f4", ">f4"), new byte[] {63, (byte) 128, 0, 0, 64, 0, 0, 0}),
                "The float32 1 and 2, big-endian.");
        unsupported(
                "complex.npy",
                npy("<f4", "<c8"),
                "The elements are complex numbers.",
                "found the dtype '<c8', complex numbers: save the real and the imaginary parts as"
                        + " two arrays");
        unsupported(
                "structured.npy",
                npy("'<f4'", "[('x', '<f4')]"),
                "The elements have fields.",
                "found the dtype [('x', '<f4')], a structured type: save each field as an array of"
                        + " its own");
        unsupported(
                "text.npy",
                npy("<f4", "<U1"),
                "The elements are texts.",
                "found the dtype '<U1', texts: save an array of numbers");
        unsupported(
                "object.npy",
                npy("<f4", "|O"),
                "The elements are pickled objects, which can run any code.",
                "found the dtype '|O'");
        unsupported(
                "version.npy",
                patched(ARRAY, 6, 4),
                "The version is 4.0.",
                "expected array a in version 1.0, 2.0 or 3.0 of .npy but found 4.0");
    }
}
