package io.github.freqreg.format;

import static io.github.freqreg.format.FrqDocuments.FILES;
import static io.github.freqreg.format.FrqDocuments.file;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import io.github.freqreg.Seeds;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Malformed and damaged files are refused, each with the error of its fault. */
class FrqRefusalTest {

    static Stream<Sample> refused() {
        return FrqSamples.all().filter(sample -> !sample.isGood());
    }

    @ParameterizedTest
    @MethodSource("refused")
    void aFileThatBreaksARuleIsRefused(Sample sample) {
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class, () -> FrqDocument.decode(sample.bytes()));
        assertTrue(e.getMessage().contains(sample.message()), e.getMessage());
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
        byte[] file = file("v1-tiny.frq");
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
        byte[] longer = Arrays.copyOf(file("v1-tiny.frq"), file("v1-tiny.frq").length + 1);
        assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.decode(longer));
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
                // Another ending can be another content, but not another encoding of the same.
                assertArrayEquals(sealed, FrqDocument.decode(sealed).encode());
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > 100, refused + " refused");
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.format.FrqDocuments#seeds")
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
                // A content has one encoding, so what is accepted is written the same.
                if (sealed[3] > 1) {
                    assertArrayEquals(sealed, document.encode());
                }
            }
        }
    }
}
