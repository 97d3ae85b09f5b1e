package io.github.freqreg.interop;

import static io.github.freqreg.interop.ArrayBytes.DICT;
import static io.github.freqreg.interop.ArrayBytes.HEADER;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Makes the files of {@code src/test/resources/malformed}, and the table that says of each why it
 * must fail.
 *
 * <p>The files are few and small, each for one rule of a format; {@link FrqDocumentTest}, {@link
 * ArrayRefusalTest} and {@link TorchCheckpointTest} break the same rules in more ways. {@link
 * MalformedFilesTest} writes the folder anew, and compares it.
 */
final class MalformedFiles {

    private static final byte[] TWO = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};
    private static final byte[] ARRAY = ArrayBytes.npy(DICT, TWO);

    private final List<Sample> samples = new ArrayList<>();

    private MalformedFiles() {}

    /**
     * A file of the set.
     *
     * @param name begins with good-, bad- or unsupported-
     * @param bytes of the file
     * @param why it must fail, or what it holds
     * @param message a part of this library's error, or an empty text for a good file
     */
    record Sample(String name, byte[] bytes, String why, String message) {

        boolean good() {
            return name.startsWith("good-");
        }

        String ending() {
            return name.substring(name.lastIndexOf('.'));
        }
    }

    static List<Sample> all() throws IOException {
        MalformedFiles files = new MalformedFiles();
        files.frames();
        files.version1();
        files.version2();
        files.safetensors();
        files.npz();
        files.npy();
        files.torch();
        return files.samples;
    }

    private void good(String name, byte[] bytes, String holds) {
        samples.add(new Sample("good-" + name, bytes, holds, ""));
    }

    private void bad(String name, byte[] bytes, String why, String message) {
        samples.add(new Sample("bad-" + name, bytes, why, message));
    }

    private void unsupported(String name, byte[] bytes, String why, String message) {
        samples.add(new Sample("unsupported-" + name, bytes, why, message));
    }

    private static byte[] patched(byte[] file, int at, int... bytes) {
        byte[] other = file.clone();
        for (int i = 0; i < bytes.length; i++) {
            other[at + i] = (byte) bytes[i];
        }
        return other;
    }

    private static FileBytes tensor1(int flags, String name, long... extents) {
        return FileBytes.oneTensor().bytes(flags).name(name).shape(extents);
    }

    private static byte[] good1() {
        FileBytes file = FileBytes.version1().varint(1).shape(0, 4).varint(2);
        file.bytes(3).name("01Linear_weight").shape(2, 3).varint(2).bytes(0, 0x3c, 0, 0xb8);
        return file.bytes(0).name("01Linear_bias").shape(2).floats(0.25f, -1e-6f).seal();
    }

    private static FrqDocument document() {
        return new FrqDocument(
                List.of(new Shape(-1, 3)),
                List.of(
                        new FrqEntry(
                                "01Linear_weight",
                                new Shape(2, 3),
                                FrequencyAxes.OWN,
                                Precision.FLOAT16,
                                new float[] {1, -0.5f}),
                        new FrqEntry(
                                "01Linear_bias",
                                new Shape(2),
                                null,
                                Precision.FLOAT32,
                                new float[] {0.25f, -1e-6f})));
    }

    private static byte[] steps() {
        FrqEntry tensor =
                new FrqEntry(
                        "01Linear_weight",
                        new Shape(2, 12),
                        new FrequencyAxes(new Shape(2, 3, 4), List.of(1, 2, 2)),
                        Precision.ofStep(0.25f),
                        new float[] {1, -0.25f, 0, 2});
        return new FrqDocument(List.of(), List.of(tensor)).encode();
    }

    private void frames() {
        byte[] file = document().encode();
        bad("0-empty.frq", new byte[0], "It has no bytes.", "FRQ, but found 0 bytes");
        bad(
                "0-magic.frq",
                patched(file, 0, 'f'),
                "It begins with fRQ, and not with FRQ.",
                "expected a .frq file, which starts with FRQ");
        bad(
                "0-short.frq",
                Arrays.copyOf(file, 7),
                "It ends before a checksum.",
                "expected a checksum at the end, but the file has only 7 bytes");
        bad(
                "0-flipped-bit.frq",
                patched(file, 20, file[20] ^ 1),
                "One bit is another, so that the checksum is wrong.",
                "the file is damaged or cut");
        bad(
                "0-cut.frq",
                Arrays.copyOf(file, file.length - 1),
                "Its last byte is missing, so that the checksum is wrong.",
                "the file is damaged or cut");
        unsupported(
                "0-version-3.frq",
                new FileBytes().bytes('F', 'R', 'Q', 3, 0).seal(),
                "Its version is 3; there are 1 and 2.",
                "expected version 1 or 2 of the .frq format but found version 3");
    }

    private void version1() {
        good("1-linear.frq", good1(), "A linear layer: 2 of 6 coefficients, and a bias.");
        bad(
                "1-varint.frq",
                FileBytes.version1().bytes(0x80, 0, 0).seal(),
                "The number of inputs is 0 in two bytes; a number takes the fewest.",
                "the number of inputs is not a varint in its fewest bytes");
        bad(
                "1-tensors.frq",
                FileBytes.version1().varint(0).varint(1L << 40).seal(),
                "It says to hold 2^40 tensors, and has no bytes for them.",
                "tensors that fits the 0 bytes left but found 1099511627776");
        bad(
                "1-flags.frq",
                tensor1(4, "w", 1).floats(1).seal(),
                "The flags of a tensor are 4; only two bits have a meaning.",
                "expected the flags 0 to 3 for tensor 0 but found 4");
        bad(
                "1-name-utf8.frq",
                FileBytes.oneTensor().bytes(0, 1, 0xff).shape(1).floats(1).seal(),
                "The name of a tensor is the byte ff, which is no UTF-8.",
                "the name of tensor 0 is not UTF-8");
        FileBytes twice = FileBytes.version1().varint(0).varint(2);
        twice.bytes(0).name("w").shape(1).floats(1).bytes(0).name("w").shape(1).floats(2);
        bad("1-name-twice.frq", twice.seal(), "Two tensors are named w.", "tensor w appears twice");
        bad(
                "1-rank.frq",
                tensor1(0, "w", new long[33]).seal(),
                "A tensor has 33 axes, of 32 at most.",
                "expected a rank of at most 32 for tensor w but found 33");
        bad(
                "1-size.frq",
                tensor1(0, "w", (1L << 62) + 1, 4).floats(1, 2, 3, 4).seal(),
                "A tensor of (2^62 + 1) × 4 has 4 elements only where 64 bits overflow.",
                "the size of tensor w is too large");
        bad(
                "1-kept.frq",
                tensor1(1, "w", 2).varint(3).floats(1, 2, 3).seal(),
                "A tensor of 2 elements keeps 3 coefficients.",
                "expected tensor w to keep 1 to 2 coefficients but found 3");
        bad(
                "1-scalar.frq",
                tensor1(1, "w").varint(1).floats(1).seal(),
                "A tensor without an axis has coefficients.",
                "tensor w has coefficients but no axis to transform");
        bad(
                "1-nan.frq",
                tensor1(0, "w", 2).floats(1, Float.NaN).seal(),
                "A value is not a number.",
                "expected finite values but value 1 of tensor w is NaN");
        bad(
                "1-values.frq",
                tensor1(0, "w", 1L << 40).floats(1).seal(),
                "A tensor of 2^40 values is followed by one.",
                "expected 1099511627776 values of tensor w but only 4 bytes are left");
        bad(
                "1-more.frq",
                FileBytes.version1().varint(0).varint(0).bytes(0).seal(),
                "A byte stands behind the last tensor.",
                "expected the checksum after the last tensor but found 1 more bytes");
    }

    private void bad2(String name, UnaryOperator<CodeBytes> content, String why, String message) {
        bad("2-" + name, content.apply(new CodeBytes()).seal(), why, message);
    }

    private void version2() {
        good("2-linear.frq", document().encode(), "The same layer in version 2.");
        good(
                "2-bare.frq",
                document().withoutNames().encode(),
                "The same without names and shapes, by the network's fingerprint.");
        good(
                "2-steps.frq",
                steps(),
                "Multiples of a step, along axes that are split and weighted.");
        bad2(
                "inputs.frq",
                c -> c.number("counts", 1025),
                "It says to have 1025 inputs, of 1024 at most.",
                "number of inputs of at most 1024 but found 1025");
        bad2(
                "tensors.frq",
                c -> c.number("counts", 0).number("counts", 65_537),
                "It says to have 65,537 tensors, of 65,536 at most.",
                "number of tensors of at most 65536 but found 65537");
        bad2(
                "nothing.frq",
                c -> c.number("counts", 0).number("counts", 0).flag(Flag.NAMED, false),
                "It has no names, and no tensors either.",
                "expected tensors in a file without names");
        bad2(
                "name.frq",
                c -> c.tensor(false, false).number("shared", 0).number("lengths", 1025),
                "A name has 1025 bytes, of 1024 at most.",
                "length of name 0 of at most 1024 but found 1025");
        bad2(
                "name-shared.frq",
                c -> c.tensor(false, false).number("shared", 1),
                "The first name begins as the one before it, which there is not.",
                "shared start of name 0 of at most 0 but found 1");
        bad2(
                "name-twice.frq",
                c ->
                        c.number("counts", 0)
                                .number("counts", 2)
                                .flag(Flag.NAMED, true)
                                .kind(false, true)
                                .name('w')
                                .shape(0)
                                .kind(false, true)
                                .number("shared", 1)
                                .number("lengths", 0)
                                .flag(Flag.SAME_RANK, true)
                                .same(0),
                "Two tensors are named w.",
                "tensor w appears twice");
        bad2(
                "size.frq",
                c -> c.tensor(false, false).name('w').shape(1L << 40, 1L << 40),
                "A tensor has 2^80 elements.",
                "the size of tensor w is too large");
        bad2(
                "values.frq",
                c -> c.tensor(false, false).name('w').shape(1L << 40),
                "A tensor has 2^40 values, and no bytes for them.",
                "expected 1099511627776 values of tensor w but only");
        bad2(
                "multiples.frq",
                c -> c.multiples(false).step(127, 0).name('w').shape(1 << 20),
                "A tensor has 2^20 multiples, more than 1024 for each byte.",
                "expected 1048576 values of tensor w but only");
        bad2(
                "multiple.frq",
                c -> c.multiples(false).step(127, 0).name('w').shape(1).multiple(1_048_577),
                "A multiple is 2^20 + 1, of 2^20 at most.",
                "multiples of at most 1048576 but value 0 of tensor w is 1048577");
        bad2(
                "step.frq",
                c -> c.multiples(false).step(0, 1),
                "A step is below the smallest normal number.",
                "step of tensor 0 with an exponent from 1 to 254 but found 0");
        bad2(
                "infinite.frq",
                c -> c.multiples(false).step(254, 7).name('w').shape(1).multiple(-8),
                "A multiple and its step are finite, and their product is not.",
                "value 0 of tensor w is -Infinity");
        bad2(
                "nan.frq",
                c -> c.tensor(false, true).name('w').shape(1).half(0x7e00),
                "A float16 is not a number.",
                "value 0 of tensor w is NaN");
        bad2(
                "weight.frq",
                c -> c.axes().number("counts", 0).number("counts", 1).number("counts", 65),
                "The weight of an axis is 65, of 64 at most.",
                "weight of tensor 0 of at most 64 but found 65");
        bad2(
                "split.frq",
                c ->
                        c.axes()
                                .number("counts", 1)
                                .number("extents", 4)
                                .number("counts", 0)
                                .flag(Flag.HALF, true)
                                .name('w')
                                .shape(3),
                "A tensor of 3 elements is split into 4.",
                "the axes of tensor w do not fit it");
        bad2(
                "rank-again.frq",
                c -> c.tensor(false, true).name('w').shape(),
                "A rank is that of the tensor before, and not said to be so: a content has one"
                        + " file.",
                "the rank of tensor w is as the one before");
        byte[] file = document().encode();
        bad(
                "2-end.frq",
                FileBytes.sealed(Arrays.copyOf(file, file.length + 1)),
                "The code ends with a byte more than it needs.",
                "or an end that no encoder writes");
    }

    private void header(boolean supported, String name, String header, String why, String message) {
        byte[] file = ArrayBytes.safetensors(header, TWO);
        samples.add(
                new Sample(
                        (supported ? "bad-" : "unsupported-") + name + ".safetensors",
                        file,
                        why,
                        message));
    }

    private static String entry(String name, int from, int to) {
        return "\"%s\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
                .formatted(name, (to - from) / 4, from, to);
    }

    private void safetensors() {
        byte[] whole = ArrayBytes.safetensors(HEADER, TWO);
        good("two.safetensors", whole, "An array a of two float32.");
        good("none.safetensors", ArrayBytes.safetensors("{}", new byte[0]), "No array.");
        bad(
                "short.safetensors",
                Arrays.copyOf(whole, 7),
                "It ends in the length of the header.",
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
                "but found it from 0 to 8");
        bad(
                "more.safetensors",
                Arrays.copyOf(whole, whole.length + 1),
                "A byte stands behind the last array.",
                "expected 8 bytes behind the header, as the arrays have, but found 9");
        header(
                true,
                "json",
                HEADER.replace("[2]", "[2,]"),
                "The header is not quite JSON.",
                "expected a header in JSON");
        header(
                true,
                "shape",
                HEADER.replace("[2]", "[3]"),
                "The shape asks for 12 bytes, of which there are 8.",
                "expected 3 elements of 4 bytes in array a of shape (3) but found 8 bytes");
        header(
                true,
                "size",
                HEADER.replace("[2]", "[4294967296,4294967296]"),
                "The shape has 2^64 elements.",
                "too large");
        header(
                true,
                "overlap",
                "{" + entry("a", 0, 8) + "," + entry("b", 4, 8) + "}",
                "Two arrays share four bytes.",
                "expected array b from offset 8");
        header(
                true,
                "hole",
                "{" + entry("a", 4, 8) + "}",
                "Four bytes are in no array.",
                "expected array a from offset 0");
        header(
                true,
                "name-twice",
                "{" + entry("a", 0, 4) + "," + entry("\\u0061", 4, 8) + "}",
                "Two arrays are named a, one by an escape.",
                "the name a appears twice");
        bad(
                "nan.safetensors",
                ArrayBytes.safetensors(HEADER, patched(TWO, 4, 0, 0, 0xc0, 0x7f)),
                "A value is not a number, which has to be asked for.",
                "expected finite values but value 1 of array a is NaN");
        header(
                false,
                "type",
                HEADER.replace("F32", "F8_E4M3"),
                "Float8 is a type of the format, but none of this library's.",
                "F16, BF16, F32, F64, U8, I8, I32 or I64 but found F8_E4M3");
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
                "Its last byte is missing.",
                "expected a zip archive that ends with the end of its directory");
        bad(
                "overlap.npz",
                patched(two, two.length - 22 - 51 + 42, 0, 0),
                "The directory has two entries at one place.",
                "expected array a to be a zip entry");
        bad(
                "sizes.npz",
                patched(stored, 22, ARRAY.length - 1),
                "The entry itself says another size than the directory.",
                "expected the sizes of array a as the zip archive's directory tells them");
        bad(
                "checksum.npz",
                patched(stored, 30 + 5 + ARRAY.length - 1, 0x41),
                "A byte of the array is another, so that its checksum is wrong.",
                "expected the checksum");
        byte[] bomb = new ArrayBytes().deflated("a.npy", new byte[100_000]).zip();
        int central = bomb.length - 22 - 51;
        bad(
                "bomb.npz",
                patched(patched(bomb, central + 24, 0, 0, 0, 0x40), central - 4, 0, 0, 0, 0x40),
                "130 bytes say that they unpack to 1 GiB.",
                "expected at most");
        bad(
                "name-twice.npz",
                new ArrayBytes().stored("a.npy", ARRAY).stored("a.npy", ARRAY).zip(),
                "Two arrays are named a.",
                "the name a appears twice");
        bad(
                "name.npz",
                new ArrayBytes().stored("a.txt", ARRAY).zip(),
                "An entry is no .npy.",
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
                "It begins with nUMPY.",
                "expected array a to begin as an .npy file does");
        bad(
                "length.npy",
                patched(ARRAY, 8, 0xff, 0xff),
                "The header is said to be longer than the file.",
                "bytes of array a but its length is 65535");
        bad(
                "shape.npy",
                npy("(2,)", "(3,)"),
                "The shape asks for 12 bytes, of which there are 8.",
                "expected 3 elements of 4 bytes in array a of shape (3) but found 8 bytes");
        bad(
                "size.npy",
                npy("(2,)", "(4294967296, 4294967296)"),
                "The shape has 2^64 elements.",
                "too large");
        bad(
                "code.npy",
                npy("(2,)", "(__import__('os'),)"),
                "The shape is an expression of Python, and no tuple.",
                "expected descr, fortran_order and shape in the header of array a");
        bad(
                "nan.npy",
                ArrayBytes.npy(DICT, patched(TWO, 0, 0, 0, 0x80, 0xff)),
                "A value is infinite, which has to be asked for.",
                "expected finite values but value 0 of array a is -Infinity");
        unsupported(
                "fortran.npy",
                npy("False", "True"),
                "The elements are in column-major order.",
                "expected array a in row-major order but fortran_order is True");
        unsupported(
                "big-endian.npy",
                npy("<f4", ">f4"),
                "The elements are big-endian.",
                "|i1, <i4 or <i8 but found >f4");
        unsupported(
                "object.npy",
                npy("<f4", "|O"),
                "The elements are pickled objects, which can be any code.",
                "|i1, <i4 or <i8 but found |O");
        unsupported(
                "version.npy",
                patched(ARRAY, 6, 4),
                "Its version is 4.0.",
                "expected the .npy version 1.0, 2.0 or 3.0 of array a but found 4.0");
    }

    private static PickleWriter start() {
        return new PickleWriter().op(0x80, 2, '}', '(');
    }

    private static PickleWriter tensor(PickleWriter writer, int count, int extent, byte[] content) {
        int[] shape = {extent};
        int[] strides = {1};
        return writer.text("w").tensor("FloatStorage", "0", count, content, 0, shape, strides);
    }

    private void torch() throws IOException {
        byte[] whole = tensor(start(), 2, 2, TWO).op('u', '.').zip();
        good("state-dict.pt", whole, "A state dictionary with a tensor w of two float32.");
        bad(
                "cut.pt",
                Arrays.copyOf(whole, whole.length / 2),
                "Its second half is missing, and with it the zip archive's directory.",
                "expected a zip archive, as torch.save writes it");
        bad(
                "storage.pt",
                tensor(start(), 2, 3, TWO).op('u', '.').zip(),
                "A tensor of 3 elements lies in a storage of 2.",
                "does not fit");
        bad(
                "storage-bytes.pt",
                tensor(start(), 3, 2, TWO).op('u', '.').zip(),
                "A storage of 3 elements of 4 bytes has 8.",
                "elements of 4 bytes");
        bad(
                "nan.pt",
                tensor(start(), 2, 2, patched(TWO, 2, 0xc0, 0x7f)).op('u', '.').zip(),
                "A value is not a number.",
                "finite");
        bad(
                "pickle-cut.pt",
                start().op('X', 9, 0, 0, 0).zip(),
                "The pickle ends in a text.",
                "expected a text of at most");
        bad(
                "not-a-tensor.pt",
                start().text("w").op('N', 'u', '.').zip(),
                "The entry w is None, and no tensor.",
                "to be a tensor");
        unsupported(
                "code.pt",
                new PickleWriter()
                        .op(0x80, 2)
                        .global("os", "system")
                        .text("exit")
                        .op(0x85, 'R', '.')
                        .zip(),
                "The pickle calls os.system; nothing of a pickle is run.",
                "the pickle asks for os.system, which is not allowed");
        unsupported(
                "protocol.pt",
                new PickleWriter().op(0x80, 5, '}', '.').zip(),
                "The pickle is of protocol 5; PyTorch writes 2.",
                "expected pickle protocol 2 but found 5");
        unsupported(
                "compressed.pt",
                tensor(start(), 2, 2, TWO).op('u', '.').compressed().zip(),
                "The entries are compressed, which PyTorch does not do.",
                "without compression, but it is compressed");
    }

    /** The README of the folder. */
    static String readme() throws IOException {
        StringBuilder text = new StringBuilder(INTRODUCTION);
        for (Sample sample : all()) {
            text.append("| `").append(sample.name()).append("` | ").append(sample.bytes().length);
            text.append(" | ").append(sample.why()).append(" |\n");
        }
        return text.toString();
    }

    private static final String INTRODUCTION =
            """
            # Malformed files

            Small files for testing readers of these formats. The names follow xz's test files:

            - `good-…`: a reader must accept the file.
            - `bad-…`: the file breaks one rule of its format, named in the table. A reader must refuse it with an error that says so, and not crash, allocate much memory or return wrong numbers.
            - `unsupported-…`: the file is valid or nearly so, but uses a feature that a reader may lack. A reader either reads it correctly or refuses it.

            The digit in the name of a `.frq` file is the version of the format; 0 stands for the frame, which both versions share. Except in those, the checksum is correct, so that a reader reaches the fault itself. The package docs of `io.github.freqreg.format` specify `.frq`.

            The test class `MalformedFiles` generates the files. `MalformedFilesTest` checks that the folder and this table match it, and that each file is refused with the same message whether it is read from a path, a stream, a jar or by DJL's `Criteria`. To regenerate the folder: `mvn test -pl src -Dtest=MalformedFilesTest -Dfreqreg.malformed=write`.

            | file | bytes | why it must fail, or what it holds |
            |---|---|---|
            """;
}
