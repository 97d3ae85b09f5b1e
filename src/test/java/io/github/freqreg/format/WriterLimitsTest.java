package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The writer refuses exactly what its reader would: the limit is written, one more is not. */
class WriterLimitsTest {

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

    /** Names with a long shared start, which takes almost no bytes but counts towards the limit. */
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
                        "the smallest extent of an input",
                        () -> inputs(1, -1),
                        () -> inputs(1, -2),
                        "The shape must be >= -1"),
                frq(
                        "a split shape without names",
                        () -> bare(new FrequencyAxes(new Shape(0, 2), List.of())),
                        () -> bare(new FrequencyAxes(new Shape(-1, 2), List.of())),
                        "a file holds extents of 0 or more"),
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
                        "tensor w has a negative extent: [0, -1]"),
                frq(
                        "a size that overflows to the number of values",
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
                        "the characters of a name",
                        () -> of(tensor("\ud83d\ude00", new Shape(0))),
                        () -> of(tensor("\ud83d", new Shape(0))),
                        "has no UTF-8 encoding"),
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
    void aTensorHasALimitedNumberOfMultiples() throws MalformedModelException {
        ValueEncoder.checkMultiples("w", FrqLimits.MULTIPLES);
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ValueEncoder.checkMultiples("w", FrqLimits.MULTIPLES + 1));
        assertEquals(
                "A file holds at most 134217728 quantised values of a tensor but w has 134217729",
                e.getMessage());
    }

    /** Zeros take the fewest bytes, and the reader limits the multiples for each byte. */
    @ParameterizedTest
    @ValueSource(ints = {1, 100, 10_000, 1 << 22})
    void zerosAreReadAgain(int count) throws MalformedModelException {
        Precision steps = Precision.ofStep(1);
        FrqEntry first = new FrqEntry("v", new Shape(1 << 20), null, steps, new float[1 << 20]);
        FrqEntry second = new FrqEntry("w", new Shape(count), null, steps, new float[count]);
        byte[] file = of(first, second).encode();
        assertArrayEquals(new float[count], FrqDocument.decode(file).entries().get(1).values());
    }

    @Test
    void aFileHasALimitedSize() {
        long most = FrqDocument.MAX_BYTES - FrqFrame.BYTES;
        ValueEncoder.checkBytes(most, () -> "w");
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ValueEncoder.checkBytes(most + 1, () -> "tensor w"));
        assertEquals("With tensor w the file would exceed 1073741824 bytes", e.getMessage());
    }
}
