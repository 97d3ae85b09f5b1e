package io.github.freqreg.format;

import static io.github.freqreg.format.FrqDocuments.file;
import static io.github.freqreg.format.FrqDocuments.names;
import static io.github.freqreg.format.FrqDocuments.random;
import static io.github.freqreg.format.FrqDocuments.tiny;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Names, fingerprints and sizes of a document, apart from its bytes. */
class FrqDocumentTest {

    @Test
    void aFileWithoutNamesIsForItsOwnNetworkAlone() {
        FrqDocument bare = tiny().withoutNames();
        assertFalse(bare.isNamed());
        Map<String, Shape> other = names(tiny());
        other.put("01Conv2d_bias", new Shape(2, 1));
        Map<String, Shape> fewer = names(tiny());
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
    @MethodSource("io.github.freqreg.format.FrqDocuments#seeds")
    void theBytesOfTheTensorsAddUpToTheFile(long seed) throws MalformedModelException {
        FrqDocument document = random(seed);
        for (FrqDocument each : List.of(document, document.withoutNames())) {
            byte[] file = each.encode();
            long[] sizes = SizedDocument.decode(file).entryBytes();
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
                SizedDocument.decode(file("v1-tiny.frq")).entryBytes());
    }

    @Test
    void doesNotFollowItsListsLater() {
        List<Shape> inputs = new ArrayList<>(List.of(new Shape(1)));
        List<FrqEntry> tensors = new ArrayList<>(tiny().entries());
        FrqDocument document = new FrqDocument(inputs, tensors);
        inputs.clear();
        tensors.clear();
        assertEquals(1, document.inputs().size());
        assertEquals(4, document.entries().size());
    }
}
