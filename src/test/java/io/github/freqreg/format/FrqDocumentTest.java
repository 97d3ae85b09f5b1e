package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.Seeds;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrqDocumentTest {

    private static final List<String> FILES =
            List.of("v1-tiny.frq", "v2-tiny.frq", "v2-tiny-bare.frq", "v2-steps.frq");

    @TempDir private Path folder;

    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whatIsWrittenIsRead(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        byte[] bytes = document.encode();
        FrqDocument read = FrqDocument.decode(bytes);
        assertSameDocument(document, read);
        assertArrayEquals(bytes, read.encode());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aReaderWrittenFromTheSpecificationReadsTheSame(long seed) {
        FrqDocument document = random(seed);
        assertSameDocument(document, SecondReader.read(document.encode()));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whatIsWrittenWithoutNamesIsRead(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        byte[] bytes = document.withoutNames().encode();
        FrqDocument read = FrqDocument.decode(bytes);
        assertSameDocument(document.withoutNames(), read);
        assertSameDocument(document.withoutNames(), SecondReader.read(bytes));
        assertEquals(document.fingerprint(), read.fingerprint());
        assertArrayEquals(bytes, read.encode());
        assertSameDocument(document, read.withNames(names(document)));
    }

    private static Map<String, Shape> names(FrqDocument document) {
        Map<String, Shape> names = new LinkedHashMap<>();
        document.entries().forEach(tensor -> names.put(tensor.name(), tensor.shape()));
        return names;
    }

    @Test
    void aFileWithoutNamesIsForItsOwnNetworkAlone() {
        FrqDocument bare = tinyDocument().withoutNames();
        assertFalse(bare.isNamed());
        Map<String, Shape> other = names(tinyDocument());
        other.put("01Conv2d_bias", new Shape(2, 1));
        Map<String, Shape> fewer = names(tinyDocument());
        fewer.remove("");
        for (Map<String, Shape> network : List.of(other, fewer)) {
            Exception e =
                    assertThrowsExactly(
                            MalformedModelException.class, () -> bare.withNames(network));
            assertTrue(
                    e.getMessage()
                            .startsWith("expected " + network.size() + " tensors with the finger"),
                    e.getMessage());
        }
    }

    @Test
    void theFingerprintIsTheOneOfTheSpecification() {
        // zlib's and Python's crc32c of: w, 0, 2, then 2 and 3 as eight bytes each.
        FrqEntry tensor = new FrqEntry("w", new Shape(2, 3), null, Precision.FLOAT32, new float[6]);
        byte[] bytes = {'w', 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0};
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        assertEquals(
                (int) crc.getValue(), new FrqDocument(List.of(), List.of(tensor)).fingerprint());
        assertThrows(
                IllegalArgumentException.class,
                () -> new FrqDocument(List.of(), List.of(tensor), 1));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theBytesOfTheTensorsAddUpToTheFile(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        for (FrqDocument each : List.of(document, document.withoutNames())) {
            byte[] file = each.encode();
            long[] sizes = FrqDocument.entryBytes(file);
            assertEquals(each.entries().size(), sizes.length);
            long rest = file.length - LongStream.of(sizes).sum();
            long head = new FrqDocument(document.inputs(), List.of()).encode().length;
            assertTrue(rest >= 8 && rest <= head + 8, rest + " bytes beside the tensors");
        }
    }

    @Test
    void measuresTheTensorsOfVersionOneToTheByte() throws Exception {
        // Flags, name with its length, rank, extents, kept number, values.
        assertArrayEquals(
                new long[] {1 + 16 + 1 + 4 + 1 + 6, 1 + 14 + 1 + 1 + 8, 1 + 12 + 1 + 2 + 1 + 4, 5},
                FrqDocument.entryBytes(tinyFile()));
    }

    @Test
    void readsTheFirstFilesOfEachVersion() throws IOException, MalformedModelException {
        assertSameDocument(tinyDocument(), FrqDocument.decode(tinyFile()));
        assertSameDocument(tinyDocument(), SecondReader.read(tinyFile()));
        byte[] named = file("v2-tiny.frq");
        assertSameDocument(tinyDocument(), FrqDocument.decode(named));
        assertArrayEquals(named, tinyDocument().encode());
        byte[] bare = file("v2-tiny-bare.frq");
        assertSameDocument(
                tinyDocument(), FrqDocument.decode(bare).withNames(names(tinyDocument())));
        assertArrayEquals(bare, tinyDocument().withoutNames().encode());
        byte[] steps = file("v2-steps.frq");
        assertSameDocument(steppedDocument(), FrqDocument.decode(steps));
        assertArrayEquals(steps, steppedDocument().encode());
    }

    /** Multiples of steps along axes that are split and weighted. */
    private static FrqDocument steppedDocument() {
        float[] values = new float[60];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.625f * (i * i * i % 23 - 11) / (1 + i / 8);
            values[i] = 0.3125f * Math.round(values[i] / 0.3125f);
        }
        return new FrqDocument(
                List.of(new Shape(1, 800)),
                List.of(
                        new FrqEntry(
                                "weight",
                                new Shape(500, 800),
                                new FrequencyAxes(new Shape(500, 50, 4, 4), List.of(1, 2, 3, 3)),
                                Precision.ofStep(0.3125f),
                                values),
                        new FrqEntry(
                                "bias",
                                new Shape(3),
                                null,
                                Precision.ofStep(0x1p-10f),
                                new float[] {1024, -0x1p-10f, 0})));
    }

    /** What the committed file holds. Released files must be read for ever. */
    private static FrqDocument tinyDocument() {
        return new FrqDocument(
                List.of(new Shape(-1, 1, 28, 300)),
                List.of(
                        new FrqEntry(
                                "01Conv2d_weight",
                                new Shape(2, 1, 3, 3),
                                FrequencyAxes.OWN,
                                Precision.FLOAT16,
                                new float[] {1.5f, -0.25f, 0x1p-24f}),
                        new FrqEntry(
                                "01Conv2d_bias",
                                new Shape(2),
                                null,
                                Precision.FLOAT32,
                                new float[] {0.1f, -70000}),
                        new FrqEntry(
                                "spektrum_\u03c9",
                                new Shape(200),
                                FrequencyAxes.OWN,
                                Precision.FLOAT32,
                                new float[] {3}),
                        new FrqEntry("", new Shape(), null, Precision.FLOAT16, new float[] {-2})));
    }

    private static byte[] tinyFile() throws IOException {
        return file("v1-tiny.frq");
    }

    private static byte[] file(String name) throws IOException {
        try (InputStream in = FrqDocumentTest.class.getResourceAsStream("/format/" + name)) {
            return in.readAllBytes();
        }
    }

    @Test
    void roundsToTheNearestFloat16() throws MalformedModelException {
        float[] values = {1 + 0x1p-11f + 0x1p-20f, 1 + 0x1p-11f - 0x1p-20f, 0.1f, -1e-9f, 65504};
        FrqEntry tensor = new FrqEntry("w", new Shape(5), null, Precision.FLOAT16, values);
        FrqDocument read = FrqDocument.decode(new FrqDocument(List.of(), List.of(tensor)).encode());
        assertArrayEquals(
                new float[] {1 + 0x1p-10f, 1, 1638 * 0x1p-14f, -0f, 65504},
                read.entries().get(0).values());
    }

    /** However few bytes they take, a reader allows for them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 1_000_000})
    void nearlyAllZerosAreReadAgain(int count) throws MalformedModelException {
        float[] values = new float[count];
        values[count - 1] = -3;
        FrqEntry tensor = new FrqEntry("w", new Shape(count), null, Precision.ofStep(1), values);
        byte[] file = new FrqDocument(List.of(), List.of(tensor)).encode();
        assertTrue(file.length < 40 + count / 900, file.length + " bytes");
        assertArrayEquals(values, FrqDocument.decode(file).entries().get(0).values());
        assertArrayEquals(values, SecondReader.read(file).entries().get(0).values());
    }

    @Test
    void holdsAnEmptyDocument() throws MalformedModelException {
        FrqDocument empty = new FrqDocument(List.of(), List.of());
        assertTrue(empty.encode().length <= 10);
        assertSameDocument(empty, FrqDocument.decode(empty.encode()));
    }

    @Test
    void doesNotFollowItsListsLater() {
        List<Shape> inputs = new ArrayList<>(List.of(new Shape(1)));
        List<FrqEntry> tensors = new ArrayList<>(tinyDocument().entries());
        FrqDocument document = new FrqDocument(inputs, tensors);
        inputs.clear();
        tensors.clear();
        assertEquals(1, document.inputs().size());
        assertEquals(4, document.entries().size());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({
        "malformedHeads",
        "malformedTensors",
        "malformedValues",
        "malformedCounts",
        "malformedVersion2"
    })
    void refusesAFileWith(String fault, byte[] file, String expectedInMessage) {
        Exception e =
                assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.decode(file));
        assertTrue(e.getMessage().contains(expectedInMessage), e.getMessage());
    }

    static Stream<Arguments> malformedHeads() {
        byte[] wrongChecksum = FileBytes.version1().varint(0).varint(0).seal();
        wrongChecksum[9] ^= 1;
        return Stream.of(
                arguments("no bytes", new byte[0], "FRQ, but found 0 bytes of something else"),
                arguments("another magic", new FileBytes().name("PKzip").seal(), "found 10 bytes"),
                arguments("a small magic", new FileBytes().bytes('f', 'r', 'q', 1).seal(), "FRQ"),
                arguments(
                        "version 0",
                        new FileBytes().bytes('F', 'R', 'Q', 0, 0, 0).seal(),
                        "expected version 1 or 2 of the .frq format but found version 0"),
                arguments(
                        "version 3",
                        new FileBytes().bytes('F', 'R', 'Q', 3, 0, 0).seal(),
                        "expected version 1 or 2 of the .frq format but found version 3"),
                arguments(
                        "version 255",
                        new FileBytes().bytes('F', 'R', 'Q', 255, 0, 0).seal(),
                        "found version 255"),
                arguments(
                        "no room for a checksum",
                        new byte[] {'F', 'R', 'Q', 1, 0, 0, 0},
                        "expected a checksum at the end, but the file has only 7 bytes"),
                arguments("a wrong checksum", wrongChecksum, "the file is damaged or cut"),
                malformed("no counts", FileBytes.version1(), "inputs is not a varint"),
                malformed("no tensors", FileBytes.version1().varint(0), "tensors is not a varint"),
                malformed(
                        "more behind the tensors",
                        FileBytes.version1().varint(0).varint(0).bytes(0, 0, 0),
                        "expected the checksum after the last tensor but found 3 more bytes"),
                malformed(
                        "a varint with a useless byte",
                        FileBytes.version1().bytes(0x80, 0, 0, 0),
                        "inputs is not a varint in its fewest bytes"),
                malformed(
                        "a varint that does not end",
                        FileBytes.version1().bytes(0x80, 0x80),
                        "inputs is not a varint in its fewest bytes"),
                malformed(
                        "a varint of ten bytes",
                        FileBytes.oneTensor()
                                .bytes(0)
                                .name("w")
                                .varint(1)
                                .bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
                        "the extent of tensor w is not a varint in its fewest bytes"),
                malformed(
                        "an input of rank 33",
                        FileBytes.version1().varint(1).shape(new long[33]).varint(0),
                        "expected a rank of at most 32 for input 0 but found 33"));
    }

    static Stream<Arguments> malformedTensors() {
        FileBytes twice = FileBytes.version1().varint(0).varint(2);
        for (int i = 0; i < 2; i++) {
            twice.bytes(0).name("bias").shape(1).floats(i);
        }
        return Stream.of(
                malformed(
                        "no flags",
                        FileBytes.oneTensor(),
                        "tensors that fits the 0 bytes left but found 1"),
                malformed(
                        "the third flag",
                        tensor(4, "w", 1).floats(1),
                        "expected the flags 0 to 3 for tensor 0 but found 4"),
                malformed(
                        "the last flag",
                        tensor(129, "w", 1).varint(1).floats(1),
                        "expected the flags 0 to 3 for tensor 0 but found 129"),
                malformed(
                        "a name that is no text",
                        FileBytes.oneTensor().bytes(0, 1, 0xff).shape(1).floats(1),
                        "the name of tensor 0 is not UTF-8"),
                malformed(
                        "a name with a longer code than needed",
                        FileBytes.oneTensor().bytes(0, 2, 0xc0, 0x80).shape(1).floats(1),
                        "the name of tensor 0 is not UTF-8"),
                malformed(
                        "a name with half a character",
                        FileBytes.oneTensor().bytes(0, 3, 0xed, 0xa0, 0x80).shape(1).floats(1),
                        "the name of tensor 0 is not UTF-8"),
                malformed("a name twice", twice, "tensor bias appears twice"),
                malformed(
                        "rank 33",
                        tensor(0, "w", new long[33]),
                        "expected a rank of at most 32 for tensor w but found 33"),
                malformed(
                        "a size of 2^64",
                        tensor(0, "w", 1L << 32, 1L << 32),
                        "the size of tensor w is too large: [4294967296, 4294967296]"),
                malformed(
                        "a size of 2^63",
                        tensor(0, "w", 1L << 62, 2),
                        "the size of tensor w is too large"),
                malformed(
                        "a size that overflows to a small one",
                        tensor(0, "w", (1L << 62) + 1, 4).floats(1, 2, 3, 4),
                        "the size of tensor w is too large"),
                malformed(
                        "coefficients without an axis",
                        tensor(1, "w").varint(1).floats(1),
                        "tensor w has coefficients but no axis to transform: []"),
                malformed(
                        "coefficients of an empty tensor",
                        tensor(1, "w", 3, 0).varint(0),
                        "tensor w has coefficients but no axis to transform: [3, 0]"),
                malformed(
                        "no coefficient kept",
                        tensor(1, "w", 2, 3).varint(0),
                        "expected tensor w to keep 1 to 6 coefficients but found 0"),
                malformed(
                        "more coefficients kept than there are",
                        tensor(1, "w", 2, 3).varint(7).floats(1, 2, 3, 4, 5, 6, 7),
                        "expected tensor w to keep 1 to 6 coefficients but found 7"));
    }

    static Stream<Arguments> malformedValues() {
        return Stream.of(
                malformed(
                        "NaN",
                        tensor(0, "w", 3).floats(1, Float.NaN, 3),
                        "expected finite values but value 1 of tensor w is NaN"),
                malformed(
                        "infinity",
                        tensor(1, "w", 9).varint(2).floats(1, Float.POSITIVE_INFINITY),
                        "value 1 of tensor w is Infinity"),
                malformed(
                        "minus infinity",
                        tensor(0, "w", 1).floats(Float.NEGATIVE_INFINITY),
                        "value 0 of tensor w is -Infinity"),
                malformed(
                        "a float16 NaN",
                        tensor(2, "w", 2).bytes(0, 0, 0x01, 0x7c),
                        "value 1 of tensor w is NaN"),
                malformed(
                        "a float16 infinity",
                        tensor(3, "w", 9).varint(1).bytes(0x00, 0xfc),
                        "value 0 of tensor w is -Infinity"),
                malformed(
                        "a value too few",
                        tensor(0, "w", 2, 2).floats(1, 2, 3).bytes(0, 0, 0),
                        "expected 4 values of tensor w but only 15 bytes are left"),
                malformed(
                        "half a float16 missing",
                        tensor(3, "w", 8).varint(2).bytes(0, 0, 0),
                        "expected 2 values of tensor w but only 3 bytes are left"));
    }

    /** Counts that would take far more memory than there is, were they believed. */
    static Stream<Arguments> malformedCounts() {
        return LongStream.of(Integer.MAX_VALUE - 8, 1L << 32, 1L << 40, Long.MAX_VALUE)
                .boxed()
                .flatMap(
                        count ->
                                Stream.of(
                                        malformed(
                                                count + " inputs",
                                                FileBytes.version1().varint(count).bytes(0, 0),
                                                "inputs that fits the 2 bytes left but found "
                                                        + count),
                                        malformed(
                                                "an input of rank " + count,
                                                FileBytes.version1().varint(1).varint(count),
                                                "found " + count),
                                        malformed(
                                                count + " tensors",
                                                FileBytes.version1().varint(0).varint(count),
                                                "tensors that fits the 0 bytes left but found "
                                                        + count),
                                        malformed(
                                                "a name of " + count + " bytes",
                                                FileBytes.oneTensor()
                                                        .bytes(0)
                                                        .varint(count)
                                                        .raw(new byte[40]),
                                                "fits the 40 bytes left but found " + count),
                                        malformed(
                                                "a tensor of rank " + count,
                                                FileBytes.oneTensor()
                                                        .bytes(0)
                                                        .name("w")
                                                        .varint(count)
                                                        .raw(new byte[40]),
                                                "fits the 40 bytes left but found " + count),
                                        malformed(
                                                count + " elements",
                                                tensor(0, "w", count).raw(new byte[40]),
                                                "expected " + count + " values of tensor w"),
                                        malformed(
                                                count + " float16 elements",
                                                tensor(2, "w", 1, count).raw(new byte[40]),
                                                "expected " + count + " values of tensor w"),
                                        malformed(
                                                count + " coefficients",
                                                tensor(1, "w", count)
                                                        .varint(count)
                                                        .raw(new byte[40]),
                                                "expected " + count + " values of tensor w")));
    }

    /** Files of version 2 that break one rule each. */
    static Stream<Arguments> malformedVersion2() {
        return Stream.of(
                malformed2(
                        "too many inputs", c -> c.number("counts", 1025), "inputs of at most 1024"),
                malformed2(
                        "an input of rank 33",
                        c -> c.number("counts", 1).number("counts", 33),
                        "rank of input 0 of at most 32 but found 33"),
                malformed2(
                        "an extent of 2^63",
                        c ->
                                c.number("counts", 1)
                                        .number("counts", 1)
                                        .number("extents", Long.MIN_VALUE),
                        "extent of input 0 does not fit 63 bits"),
                malformed2(
                        "too many tensors",
                        c -> c.number("counts", 0).number("counts", 65_537),
                        "number of tensors of at most 65536 but found 65537"),
                malformed2(
                        "no tensors and no names",
                        c -> c.number("counts", 0).number("counts", 0).flag(Flag.NAMED, false),
                        "expected tensors in a file without names"),
                malformed2(
                        "a name of 1025 bytes",
                        c -> c.tensor(false, false).number("shared", 0).number("lengths", 1025),
                        "length of name 0 of at most 1024 but found 1025"),
                malformed2(
                        "a name that shares what is not there",
                        c -> c.tensor(false, false).number("shared", 1),
                        "shared start of name 0 of at most 0 but found 1"),
                malformed2(
                        "a name that is no text",
                        c -> c.tensor(false, false).name(0xff),
                        "the name of tensor 0 is not UTF-8"),
                malformed2(
                        "rank 33",
                        c ->
                                c.tensor(false, false)
                                        .name('w')
                                        .flag(Flag.SAME_RANK, false)
                                        .number("counts", 33),
                        "rank of tensor w of at most 32 but found 33"),
                malformed2(
                        "a size of 2^80",
                        c -> c.tensor(false, false).name('w').shape(1L << 40, 1L << 40),
                        "the size of tensor w is too large"),
                malformed2(
                        "coefficients without an axis",
                        c -> c.tensor(true, false).name('w').flag(Flag.SAME_RANK, true),
                        "tensor w has coefficients but no axis"),
                malformed2(
                        "the rank of before, said anew",
                        c -> c.tensor(false, true).name('w').shape(),
                        "the rank of tensor w is as the one before"),
                malformed2(
                        "the count of before, said anew",
                        c ->
                                c.tensor(true, false)
                                        .name('w')
                                        .shape(3)
                                        .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                        .number("counts", 0),
                        "the number of values of tensor w is as the one before"),
                malformed2(
                        "no coefficient",
                        c ->
                                c.tensor(true, false)
                                        .name('w')
                                        .shape(3)
                                        .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, true),
                        "expected tensor w to keep 1 to 3 coefficients but found 0"),
                malformed2(
                        "more coefficients than there are",
                        c ->
                                c.tensor(true, true)
                                        .name('w')
                                        .shape(3)
                                        .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                        .number("counts", 4),
                        "expected tensor w to keep 1 to 3 coefficients but found 4"),
                malformed2(
                        "more values than bytes",
                        c -> c.tensor(false, false).name('w').shape(1L << 40),
                        "expected 1099511627776 values of tensor w but only"),
                malformed2(
                        "NaN",
                        c -> c.tensor(false, true).name('w').shape(1).half(0x7e00),
                        "value 0 of tensor w is NaN"),
                malformed2(
                        "infinity",
                        c -> c.tensor(false, true).name('w').shape(1).half(0xfc00),
                        "value 0 of tensor w is -Infinity"),
                malformed2(
                        "a step of 0",
                        c -> c.multiples(false).step(0, 1),
                        "step of tensor 0 with an exponent from 1 to 254 but found 0"),
                malformed2(
                        "an infinite step",
                        c -> c.multiples(false).step(255, 0),
                        "step of tensor 0 with an exponent from 1 to 254 but found 255"),
                malformed2(
                        "more multiples than bytes",
                        c -> c.multiples(false).step(127, 0).name('w').shape(1 << 20),
                        "expected 1048576 values of tensor w but only"),
                malformed2(
                        "a multiple that is too large",
                        c -> c.multiples(false).step(127, 0).name('w').shape(1).multiple(1_048_577),
                        "multiples of at most 1048576 but value 0 of tensor w is 1048577"),
                malformed2(
                        "a multiple that is infinite",
                        c -> c.multiples(false).step(254, 7).name('w').shape(1).multiple(-8),
                        "value 0 of tensor w is -Infinity"),
                malformed2(
                        "its own axes, not said to be so",
                        c -> c.axes().number("counts", 0).number("counts", 0),
                        "the axes of tensor 0 is as the one before, but not said to be so"),
                malformed2(
                        "a weight of 65",
                        c -> c.axes().number("counts", 0).number("counts", 1).number("counts", 65),
                        "weight of tensor 0 of at most 64 but found 65"),
                malformed2(
                        "a weight of 0",
                        c -> c.axes().number("counts", 0).number("counts", 1).number("counts", 0),
                        "a weight from 1 to 64 for each axis of tensor 0 but found [0]"),
                malformed2(
                        "fewer weights than axes",
                        c ->
                                c.axes()
                                        .number("counts", 2)
                                        .number("extents", 3)
                                        .number("extents1", 4)
                                        .number("counts", 1)
                                        .number("counts", 2),
                        "a weight from 1 to 64 for each axis of tensor 0 but found [2]"),
                malformed2(
                        "a shell too far out",
                        c ->
                                c.axes()
                                        .number("counts", 0)
                                        .number("counts", 2)
                                        .number("counts", 64)
                                        .number("counts", 1)
                                        .flag(Flag.HALF, false)
                                        .flag(Flag.STEPS, true)
                                        .step(127, 0)
                                        .name('w')
                                        .shape(1L << 40, 2)
                                        .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                        .number("counts", 4_000)
                                        .zeros(4_000),
                        "is in a shell above 65536"),
                malformed2(
                        "axes that do not make up its own",
                        c ->
                                c.axes()
                                        .number("counts", 1)
                                        .number("extents", 4)
                                        .number("counts", 0)
                                        .flag(Flag.HALF, true)
                                        .name('w')
                                        .shape(3),
                        "the axes of tensor w do not fit it"),
                malformed2(
                        "a name twice",
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
                        "tensor w appears twice"));
    }

    private static Arguments malformed2(
            String fault, UnaryOperator<CodeBytes> content, String expectedInMessage) {
        return arguments("2: " + fault, content.apply(new CodeBytes()).seal(), expectedInMessage);
    }

    @Test
    void refusesEveryOtherEndOfTheCode() throws IOException {
        byte[] file = file("v2-tiny.frq");
        byte[] content = Arrays.copyOfRange(file, 0, file.length - 4);
        for (int more = 1; more < 6; more++) {
            byte[] longer = Arrays.copyOf(content, content.length + more);
            assertThrowsExactly(
                    MalformedModelException.class,
                    () -> FrqDocument.decode(new FileBytes().raw(longer).seal()),
                    more + " more");
        }
        int refused = 0;
        for (int last = 0; last < 256; last++) {
            byte[] other = content.clone();
            other[other.length - 1] = (byte) last;
            byte[] sealed = new FileBytes().raw(other).seal();
            try {
                // Another end can be another content, but not the same again.
                assertArrayEquals(sealed, FrqDocument.decode(sealed).encode());
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > 100, refused + " refused");
    }

    private static Arguments malformed(String fault, FileBytes file, String expectedInMessage) {
        return arguments(fault, file.seal(), expectedInMessage);
    }

    private static FileBytes tensor(int flags, String name, long... extents) {
        return FileBytes.oneTensor().bytes(flags).name(name).shape(extents);
    }

    @Test
    void readsTheLongestVarint() throws MalformedModelException {
        FileBytes file = FileBytes.version1().varint(1).shape(Long.MAX_VALUE).varint(1).bytes(0);
        FrqDocument document = FrqDocument.decode(file.name("w").shape(0, Long.MAX_VALUE).seal());
        assertEquals(List.of(new Shape(Long.MAX_VALUE - 1)), document.inputs());
        assertEquals(new Shape(0, Long.MAX_VALUE), document.entries().get(0).shape());
    }

    @Test
    void refusesTheFileCutAtAnyByte() throws IOException {
        for (String name : FILES) {
            refusesCut(file(name));
        }
    }

    private static void refusesCut(byte[] file) {
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThrowsExactly(
                    MalformedModelException.class, () -> FrqDocument.decode(cut), "at " + length);
        }
    }

    @Test
    void refusesTheContentCutAtAnyByteUnderARightChecksum() throws IOException {
        byte[] file = tinyFile();
        for (int length = 8; length < file.length; length++) {
            byte[] cut = FileBytes.sealed(Arrays.copyOf(file, length));
            assertThrowsExactly(
                    MalformedModelException.class, () -> FrqDocument.decode(cut), "at " + length);
        }
    }

    @Test
    void refusesAnyFlippedBit() throws IOException {
        for (String name : FILES) {
            refusesFlipped(file(name));
        }
    }

    private static void refusesFlipped(byte[] file) {
        for (int bit = 0; bit < 8 * file.length; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrowsExactly(
                    MalformedModelException.class, () -> FrqDocument.decode(flipped), "bit " + bit);
        }
    }

    @Test
    void refusesBytesBehindTheFile() throws IOException {
        byte[] longer = Arrays.copyOf(tinyFile(), tinyFile().length + 1);
        assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.decode(longer));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void anyBytesUnderARightChecksumAreReadOrRefused(long seed) throws IOException {
        Random random = new Random(Seeds.of(seed));
        for (String name : FILES) {
            byte[] file = file(name);
            for (int i = 0; i < 500; i++) {
                byte[] changed = file.clone();
                for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                    changed[4 + random.nextInt(file.length - 8)] = (byte) random.nextInt();
                }
                byte[] sealed = FileBytes.sealed(changed);
                FrqDocument document;
                try {
                    document = FrqDocument.decode(sealed);
                } catch (MalformedModelException e) {
                    continue;
                }
                // There is one way to write a document, so what is accepted is written the same.
                if (sealed[3] == 2) {
                    assertArrayEquals(sealed, document.encode());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void doesNotWriteValuesThatAreNotFinite(float value) {
        for (boolean half : new boolean[] {false, true}) {
            FrqEntry tensor =
                    new FrqEntry(
                            "w",
                            new Shape(2),
                            null,
                            half ? Precision.FLOAT16 : Precision.FLOAT32,
                            new float[] {1, value});
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> new FrqDocument(List.of(), List.of(tensor)).encode());
            assertTrue(
                    e.getMessage().startsWith("Value 1 of tensor w is " + value), e.getMessage());
        }
    }

    @Test
    void doesNotWriteWhatFloat16CanNotHold() {
        FrqEntry tensor =
                new FrqEntry("w", new Shape(1), null, Precision.FLOAT16, new float[] {65536});
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> new FrqDocument(List.of(), List.of(tensor)).encode());
        assertEquals("Value 0 of tensor w is 65536.0, which float16 cannot hold", e.getMessage());
    }

    @Test
    void doesNotWriteWhatItsReaderRefuses() {
        FrqEntry one = new FrqEntry("w", new Shape(1), null, Precision.FLOAT32, new float[1]);
        FrqEntry deep =
                new FrqEntry(
                        "deep",
                        new Shape(LongStream.generate(() -> 1).limit(33).toArray()),
                        null,
                        Precision.FLOAT32,
                        new float[1]);
        FrqEntry unpaired =
                new FrqEntry("\ud800", new Shape(1), null, Precision.FLOAT32, new float[1]);
        for (List<FrqEntry> tensors :
                List.of(List.of(one, one), List.of(deep), List.of(unpaired))) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new FrqDocument(List.of(), tensors).encode(),
                    tensors.toString());
        }
    }

    @Test
    void aTensorNeedsTheValuesOfItsShape() {
        for (int count : new int[] {0, 5, 7}) {
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    new FrqEntry(
                                            "w",
                                            new Shape(2, 3),
                                            null,
                                            Precision.FLOAT32,
                                            new float[count]));
            assertEquals(
                    "Tensor w of shape (2, 3) cannot hold " + count + " elements", e.getMessage());
        }
        for (int count : new int[] {0, 7}) {
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    new FrqEntry(
                                            "w",
                                            new Shape(2, 3),
                                            FrequencyAxes.OWN,
                                            Precision.FLOAT32,
                                            new float[count]));
            assertEquals(
                    "Tensor w of shape (2, 3) cannot hold " + count + " coefficients",
                    e.getMessage());
        }
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new FrqEntry(
                                "w",
                                new Shape(),
                                FrequencyAxes.OWN,
                                Precision.FLOAT32,
                                new float[1]));
        assertThrows(
                IllegalArgumentException.class,
                () -> new FrqEntry("w", new Shape(-1), null, Precision.FLOAT32, new float[1]));
    }

    @Test
    void writesAFileAndItsFolders() throws IOException, MalformedModelException {
        Path file = folder.resolve("new/folder/tiny.frq");
        tinyDocument().write(file);
        assertArrayEquals(tinyDocument().encode(), Files.readAllBytes(file));
        assertSameDocument(tinyDocument(), FrqDocument.read(file));
        assertEquals(List.of(file), filesIn(file.getParent()));
    }

    @Test
    void writesOverAnExistingFile() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[5000]);
        tinyDocument().write(file);
        assertArrayEquals(tinyDocument().encode(), Files.readAllBytes(file));
        assertEquals(List.of(file), filesIn(folder));
    }

    @Test
    void writesIntoAFolderBehindALink() throws IOException {
        Path link = folder.resolve("link");
        Files.createDirectory(folder.resolve("real"));
        try {
            Files.createSymbolicLink(link, folder.resolve("real"));
        } catch (IOException | UnsupportedOperationException e) {
            assumeTrue(false, "this system makes no links: " + e);
        }
        tinyDocument().write(link.resolve("a.frq"));
        assertArrayEquals(
                tinyDocument().encode(), Files.readAllBytes(folder.resolve("real/a.frq")));
    }

    @Test
    void aFileThatCanNotBeReplacedStaysAndNothingIsLeftBehind() throws IOException {
        // A folder with a file in it is a target that no move can replace, even for the root user.
        Path target = Files.createDirectory(folder.resolve("a.frq"));
        Path inside = Files.write(target.resolve("inside"), new byte[] {1, 2, 3});
        assertThrows(IOException.class, () -> tinyDocument().write(target));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(inside));
        assertEquals(List.of(target), filesIn(folder));
    }

    @Test
    void aFolderThatCanNotBeWrittenKeepsTheOldFile() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Path file = Files.write(closed.resolve("a.frq"), new byte[] {1, 2, 3});
        try {
            assertTrue(closed.toFile().setWritable(false));
            assumeFalse(Files.isWritable(closed), "this user may write everywhere");
            assertThrows(IOException.class, () -> tinyDocument().write(file));
            assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
            assertEquals(List.of(file), filesIn(closed));
        } finally {
            closed.toFile().setWritable(true);
        }
    }

    @Test
    void aFileInPlaceOfAFolderStays() throws IOException {
        Path noFolder = Files.write(folder.resolve("file"), new byte[] {1, 2, 3});
        assertThrows(IOException.class, () -> tinyDocument().write(noFolder.resolve("a.frq")));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(noFolder));
        assertEquals(List.of(noFolder), filesIn(folder));
    }

    @Test
    void aDocumentThatCanNotBeWrittenLeavesTheOldFile() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[] {1, 2, 3});
        FrqEntry tensor =
                new FrqEntry("w", new Shape(1), null, Precision.FLOAT32, new float[] {Float.NaN});
        FrqDocument document = new FrqDocument(List.of(), List.of(tensor));
        assertThrows(IllegalArgumentException.class, () -> document.write(file));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
        assertEquals(List.of(file), filesIn(folder));
    }

    @Test
    void namesTheFileThatIsMalformed() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[3]);
        Exception e =
                assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.read(file));
        assertTrue(e.getMessage().startsWith(file + ": expected a .frq file"), e.getMessage());
    }

    @Test
    void aMissingFileIsNotMalformed() {
        Path file = folder.resolve("missing.frq");
        assertThrowsExactly(NoSuchFileException.class, () -> FrqDocument.read(file));
    }

    @Test
    void doesNotReadAFileThatIsTooLarge() throws IOException {
        Path file = folder.resolve("large.frq");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            // Takes no space on disk: the file is all hole.
            large.setLength(FrqDocument.MAX_BYTES + 1);
        }
        Exception e =
                assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.read(file));
        assertEquals(
                file + ": expected at most 1073741824 bytes but the file has 1073741825",
                e.getMessage());
    }

    private static List<Path> filesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** Compares all but the layouts of shapes, which files do not hold. */
    static void assertSameDocument(FrqDocument expected, FrqDocument actual) {
        assertEquals(expected.inputs(), actual.inputs());
        assertEquals(expected.entries().size(), actual.entries().size());
        for (int i = 0; i < expected.entries().size(); i++) {
            FrqEntry wanted = expected.entries().get(i);
            FrqEntry found = actual.entries().get(i);
            assertEquals(wanted.name(), found.name());
            assertEquals(wanted.shape(), found.shape());
            assertEquals(wanted.axes(), found.axes());
            assertEquals(wanted.precision(), found.precision());
            assertArrayEquals(wanted.values(), found.values());
        }
    }

    private static FrqDocument random(long seed) {
        Random random = new Random(Seeds.of(seed));
        List<Shape> inputs = new ArrayList<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            inputs.add(
                    new Shape(
                            random.longs(random.nextInt(6), -1, 1L << (1 + random.nextInt(40)))
                                    .toArray()));
        }
        List<FrqEntry> tensors = new ArrayList<>();
        for (int left = random.nextInt(12); left > 0; left--) {
            tensors.add(randomTensor(random, tensors.size()));
        }
        return new FrqDocument(inputs, tensors);
    }

    private static FrqEntry randomTensor(Random random, int index) {
        Shape shape =
                new Shape(
                        random.ints(random.nextInt(6), random.nextInt(4) == 0 ? 0 : 1, 7)
                                .asLongStream()
                                .toArray());
        boolean spectral = shape.dimension() > 0 && shape.size() > 0 && random.nextBoolean();
        Precision precision =
                switch (random.nextInt(3)) {
                    case 0 -> Precision.FLOAT16;
                    case 1 -> Precision.FLOAT32;
                    default -> Precision.ofStep((float) Math.exp(40 * random.nextGaussian() / 3));
                };
        int size = (int) shape.size();
        float[] values = new float[spectral ? 1 + random.nextInt(size) : size];
        int most = 1 << random.nextInt(21);
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (precision.kind()) {
                        case FLOAT16 -> randomHalf(random);
                        case FLOAT32 -> randomFloat(random);
                        default -> (random.nextInt(2 * most + 1) - most) * precision.step();
                    };
        }
        FrequencyAxes axes = spectral ? randomAxes(random, shape) : null;
        return new FrqEntry(randomName(random, index), shape, axes, precision, values);
    }

    private static FrequencyAxes randomAxes(Random random, Shape shape) {
        Shape split = random.nextInt(3) == 0 ? new Shape(1).addAll(shape) : null;
        int rank = shape.dimension() + (split == null ? 0 : 1);
        List<Integer> weights =
                random.nextBoolean() ? List.of() : random.ints(rank, 1, 65).boxed().toList();
        return new FrequencyAxes(split, weights);
    }

    /** Any finite float: large, tiny, subnormal, of both signs. */
    private static float randomFloat(Random random) {
        float value = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(value) ? value : random.nextBoolean() ? 0f : -0f;
    }

    private static float randomHalf(Random random) {
        float value = Float16Utils.halfToFloat((short) random.nextInt());
        return Float.isFinite(value) ? value : random.nextBoolean() ? 0f : -0f;
    }

    /** A name of characters of one to four bytes; the index makes it the only one. */
    private static String randomName(Random random, int index) {
        int[] alphabet = {'a', '_', ' ', '"', 0, 0xe4, 0x3c9, 0x6f22, 0x1f600, 0x10ffff};
        StringBuilder name = new StringBuilder();
        // Now and then longer than one byte of a varint counts.
        int length = random.nextInt(random.nextInt(4) == 0 ? 200 : 20);
        for (int i = 0; i < length; i++) {
            name.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return name.append(index).toString();
    }
}
