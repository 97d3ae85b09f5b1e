package io.github.freqreg.format;

import static io.github.freqreg.format.FrqDocuments.assertSame;
import static io.github.freqreg.format.FrqDocuments.names;
import static io.github.freqreg.format.FrqDocuments.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read again, by the library and by a reader written from the specification. */
class FrqRoundTripTest {

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.format.FrqDocuments#seeds")
    void whatIsWrittenIsRead(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        byte[] bytes = document.encode();
        FrqDocument read = FrqDocument.decode(bytes);
        assertSame(document, read);
        assertArrayEquals(bytes, read.encode());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.format.FrqDocuments#seeds")
    void aReaderWrittenFromTheSpecificationReadsTheSame(long seed) {
        FrqDocument document = random(seed);
        assertSame(document, SecondReader.read(document.encode()));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.format.FrqDocuments#seeds")
    void whatIsWrittenWithoutNamesIsRead(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        byte[] bytes = document.withoutNames().encode();
        FrqDocument read = FrqDocument.decode(bytes);
        assertSame(document.withoutNames(), read);
        assertSame(document.withoutNames(), SecondReader.read(bytes));
        assertEquals(document.fingerprint(), read.fingerprint());
        assertArrayEquals(bytes, read.encode());
        assertSame(document, read.withNames(names(document)));
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

    /** Zeros take almost no bytes, which the reader must not mistake for a false count. */
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
        assertSame(empty, FrqDocument.decode(empty.encode()));
    }

    @Test
    void readsTheLongestVarint() throws MalformedModelException {
        FileBytes file = FileBytes.version1().varint(1).shape(Long.MAX_VALUE).varint(1).bytes(0);
        FrqDocument document = FrqDocument.decode(file.name("w").shape(0, Long.MAX_VALUE).seal());
        assertEquals(List.of(new Shape(Long.MAX_VALUE - 1)), document.inputs());
        assertEquals(new Shape(0, Long.MAX_VALUE), document.entries().get(0).shape());
    }
}
