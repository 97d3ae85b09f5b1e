package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A writer takes what its reader takes, up to the limit itself, and refuses the next. */
class WriterLimitsTest {

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static FrqEntry tensor(String name, Shape shape, float... values) {
        return new FrqEntry(name, shape, null, Precision.FLOAT32, values);
    }

    private static FrqEntry nameless(FrequencyAxes axes) {
        return new FrqEntry(null, null, axes, Precision.FLOAT16, new float[1]);
    }

    private static FrqDocument of(FrqEntry... tensors) {
        return new FrqDocument(List.of(), List.of(tensors));
    }

    private static FrqDocument bare(FrequencyAxes axes) {
        return new FrqDocument(List.of(), List.of(nameless(axes)), 7);
    }

    private static FrqDocument inputs(int count, long... extents) {
        List<Shape> inputs = IntStream.range(0, count).mapToObj(i -> new Shape(extents)).toList();
        return new FrqDocument(inputs, List.of());
    }

    private static FrqDocument tensors(int count) {
        return new FrqDocument(
                List.of(),
                IntStream.range(0, count).mapToObj(i -> tensor("t" + i, new Shape(0))).toList());
    }

    /** Names that share their first bytes, which cost next to nothing but count. */
    private static FrqDocument names(int count) {
        String start = "n".repeat(1019);
        return new FrqDocument(
                List.of(),
                IntStream.range(0, count)
                        .mapToObj(i -> tensor(start + (10_000 + i), new Shape(0)))
                        .toList());
    }

    private static Shape ones(int rank) {
        return new Shape(LongStream.generate(() -> 1).limit(rank).toArray());
    }

    private static FrequencyAxes weights(int count) {
        return new FrequencyAxes(null, IntStream.range(0, count).mapToObj(i -> 2).toList());
    }

    private static Arguments frq(
            String what, Supplier<FrqDocument> most, Supplier<FrqDocument> more, String message) {
        return arguments(what, most, more, message);
    }

    static Stream<Arguments> documents() {
        return Stream.of(
                frq(
                        "inputs",
                        () -> inputs(1024, 2),
                        () -> inputs(1025, 2),
                        "at most 1024 inputs but the network has 1025"),
                frq(
                        "the rank of an input",
                        () -> inputs(1, ones(32).getShape()),
                        () -> inputs(1, ones(33).getShape()),
                        "An input has rank 33 but a file holds at most 32"),
                frq(
                        "the largest extent of an input",
                        () -> inputs(1, Long.MAX_VALUE - 1),
                        () -> inputs(1, Long.MAX_VALUE),
                        "An input has the shape (9223372036854775807) but"),
                frq(
                        "tensors",
                        () -> tensors(1 << 16),
                        () -> tensors((1 << 16) + 1),
                        "at most 65536 tensors but the network has 65537"),
                frq(
                        "the rank of a tensor",
                        () -> of(tensor("w", ones(32), 1)),
                        () -> of(tensor("w", ones(33), 1)),
                        "Tensor w has rank 33 but a file holds at most 32"),
                frq(
                        "the length of a name",
                        () -> of(tensor("é".repeat(512), new Shape(0))),
                        () -> of(tensor("é".repeat(513), new Shape(0))),
                        "A name has at most 1024 bytes of UTF-8 but found 1026"),
                frq(
                        "the length of all names",
                        () -> names(1 << 14),
                        () -> names((1 << 14) + 1),
                        "names of at most 16777216 bytes in all"),
                frq(
                        "an extent",
                        () -> of(tensor("w", new Shape(0, Long.MAX_VALUE))),
                        () -> of(tensor("w", new Shape(0, -1))),
                        "the size of tensor w is not known: [0, -1]"),
                frq(
                        "a size, which must not overflow to the one that there is",
                        () -> of(tensor("w", new Shape(1, 4), new float[4])),
                        () -> of(tensor("w", new Shape((1L << 62) + 1, 4), new float[4])),
                        "the size of tensor w is too large: [4611686018427387905, 4]"),
                frq(
                        "a multiple of a step",
                        () -> of(steps(1 << 20)),
                        () -> of(steps((1 << 20) + 1)),
                        "Value 0 of tensor w is 1048577.0, which is too large for steps of 1.0"),
                frq(
                        "a float16",
                        () -> of(half(65519)),
                        () -> of(half(65536)),
                        "Value 0 of tensor w is 65536.0, which float16 cannot hold"),
                frq(
                        "a finite number",
                        () -> of(tensor("w", new Shape(1), Float.MAX_VALUE)),
                        () -> of(tensor("w", new Shape(1), Float.NaN)),
                        "Value 0 of tensor w is NaN, which a file cannot hold"),
                frq(
                        "letters of a name",
                        () -> of(tensor("\ud83d\ude00", new Shape(0))),
                        () -> of(tensor("\ud83d", new Shape(0))),
                        "cannot be UTF-8"),
                frq(
                        "weights without names",
                        () -> bare(weights(32)),
                        () -> bare(weights(33)),
                        "a weight from 1 to 64 for each axis"),
                frq(
                        "a large weight without names",
                        () -> bare(new FrequencyAxes(null, List.of(1, 64))),
                        () -> bare(new FrequencyAxes(null, List.of(1, 65))),
                        "the weights [1, 65] but a file holds"),
                frq(
                        "a small weight without names",
                        () -> bare(new FrequencyAxes(null, List.of(1, 2))),
                        () -> bare(new FrequencyAxes(null, List.of(2, 0))),
                        "the weights [2, 0] but a file holds"),
                frq(
                        "as many weights as axes without names",
                        () -> bare(new FrequencyAxes(new Shape(2, 3), List.of(1, 2))),
                        () -> bare(new FrequencyAxes(new Shape(2, 3), List.of(2))),
                        "the split shape [2, 3] and the weights [2] but a file holds"),
                frq(
                        "the rank of a split shape without names",
                        () -> bare(new FrequencyAxes(ones(32), List.of())),
                        () -> bare(new FrequencyAxes(ones(33), List.of())),
                        "A split shape has rank 33 but a file holds at most 32"));
    }

    private static FrqEntry steps(int multiple) {
        return new FrqEntry("w", new Shape(1), null, Precision.ofStep(1), new float[] {multiple});
    }

    private static FrqEntry half(float value) {
        return new FrqEntry("w", new Shape(1), null, Precision.FLOAT16, new float[] {value});
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("documents")
    @Timeout(30)
    void aDocumentIsReadAgainOrRefused(
            String what, Supplier<FrqDocument> most, Supplier<FrqDocument> more, String message)
            throws MalformedModelException {
        byte[] file = most.get().encode();
        assertArrayEquals(file, FrqDocument.decode(file).encode());
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> more.get().encode());
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    private NDArray array(String name, Shape shape) {
        NDArray array = manager.zeros(shape);
        array.setName(name);
        return array;
    }

    private NDList arrays(int count, String start) {
        NDList arrays = new NDList(count);
        for (int i = 0; i < count; i++) {
            arrays.add(array(start + (100_000 + i), new Shape(0)));
        }
        return arrays;
    }

    private void assertLimit(NDList most, NDList more, Encoding encoding, String message)
            throws MalformedModelException {
        byte[] file = ArrayFile.encode(most, encoding, true);
        assertEquals(most.size(), ArrayFile.decode(file, encoding, true).size());
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.encode(more, encoding, true));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theRankOfAnArrayIsLimited(Encoding encoding) throws MalformedModelException {
        assertLimit(
                new NDList(array("w", ones(32))),
                new NDList(array("w", ones(33))),
                encoding,
                "at most 32 axes of array w but found 33");
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theNumberOfArraysIsLimited(Encoding encoding) throws MalformedModelException {
        int most = encoding == Encoding.NPZ ? 65_534 : 65_536;
        NDList more = arrays(most + 1, "");
        NDList fewer = new NDList(more.subList(0, most));
        assertLimit(fewer, more, encoding, "at most " + most + " arrays");
    }

    @Test
    void theHeaderOfSafetensorsIsLimited() throws MalformedModelException {
        NDList more = arrays(16_100, "n".repeat(1018));
        NDList fewer = new NDList(more.subList(0, 15_000));
        assertLimit(
                fewer, more, Encoding.SAFETENSORS, "a header of at most 16777216 bytes but they");
    }

    /** One number, seen as a GiB: the reader counts what stands before the elements too. */
    @Test
    void whatIsUnpackedOfAnNpzIsLimited() {
        NDArray huge = manager.create(1f).broadcast(new Shape(1 << 28));
        huge.setName("huge");
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.encode(new NDList(huge), Encoding.NPZ, true));
        assertTrue(e.getMessage().contains("but the arrays have 1073741952"), e.getMessage());
    }

    /** Every kind of head, to the letter as NumPy 2.4 writes it. */
    @Test
    void theHeadOfAnArrayIsNumpys() {
        for (Shape shape :
                List.of(new Shape(), new Shape(5), new Shape(2, 3), ones(32), new Shape(0))) {
            byte[] head = NpzWriter.head(array("w", shape));
            assertEquals(0, head.length % 64);
            String text = new String(head, 10, head.length - 10, StandardCharsets.US_ASCII);
            String tuple = shape.dimension() == 1 ? "(" + shape.get(0) + ",)" : shape.toString();
            assertEquals(
                    "{'descr': '<f4', 'fortran_order': False, 'shape': " + tuple + ", }",
                    text.strip());
            assertEquals(head.length - 10, (head[8] & 0xff) | (head[9] & 0xff) << 8);
            assertEquals('\n', head[head.length - 1]);
        }
    }
}
