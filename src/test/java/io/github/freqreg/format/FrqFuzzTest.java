package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import org.junit.jupiter.api.Tag;

/**
 * Fuzzes the reader of {@code .frq}: any bytes are read or refused, within the bounds on memory.
 *
 * <p>The ordinary build replays the inputs in this class's resources. {@code mvn -Pfuzz test
 * -Dtest=FrqFuzzTest#content} looks for new ones, one method at a time.
 */
@Tag("fuzz")
class FrqFuzzTest {

    /** The most bytes of values that a byte of a file may decode to. */
    private static final long SPREAD = 4L * FrqLimits.MULTIPLES_PER_BYTE;

    /** Fuzzes a whole file. */
    @FuzzTest(maxDuration = "10m")
    void file(byte[] file) {
        read(file);
    }

    /** Fuzzes a version and a content in a valid frame, so that the checksum does not stop it. */
    @FuzzTest(maxDuration = "10m")
    void content(byte[] versionAndContent) {
        read(new FileBytes().bytes('F', 'R', 'Q').raw(versionAndContent).seal());
    }

    private static void read(byte[] file) {
        FrqDocument document;
        try {
            document = FrqDocument.decode(file);
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank());
            return;
        }
        long values = 0;
        for (FrqEntry tensor : document.entries()) {
            values += tensor.values().length;
        }
        assertTrue(
                values * Float.BYTES <= (file.length + 64L) * SPREAD,
                values + " values of " + file.length + " bytes");
        if (file[3] > 1) {
            // A content has one encoding.
            assertArrayEquals(file, document.encode());
        }
    }
}
