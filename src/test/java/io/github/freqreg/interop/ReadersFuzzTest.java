package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;

/**
 * Readers on any bytes: they answer, or throw what they say, and hold no more than they may.
 *
 * <p>The ordinary build replays the inputs beside this class's resources. {@code mvn -Pfuzz test
 * -Dtest=ReadersFuzzTest#content} looks for new ones, one method at a time.
 */
@Tag("fuzz")
class ReadersFuzzTest {

    /** The most bytes of values that a byte of a file may become. */
    private static final long SPREAD = 4L * FrqLimits.MULTIPLES_A_BYTE;

    /** A whole file, with whatever frame. */
    @FuzzTest(maxDuration = "10m")
    void file(byte[] file) {
        read(file);
    }

    /** A version and a content, in a frame that is sound, so that what is inside is reached. */
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
        if (file[3] == FrqDocument.VERSION) {
            // There is one file for a content.
            assertArrayEquals(file, document.encode());
        }
    }

    /** The pickle of a checkpoint, its storages made up. */
    @FuzzTest(maxDuration = "10m")
    void pickle(byte[] pickle) throws IOException {
        try {
            new TorchPickle(pickle, key -> new byte[64]).read();
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank());
        }
    }

    /** A whole checkpoint. */
    @FuzzTest(maxDuration = "10m")
    void checkpoint(byte[] zip) throws IOException {
        Path file = Files.createTempFile("fuzz", ".pt");
        try {
            Files.write(file, zip);
            TorchCheckpoint.read(file);
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        } finally {
            Files.delete(file);
        }
    }

    /** A whole file of safetensors. */
    @FuzzTest(maxDuration = "10m")
    void safetensors(byte[] file) {
        List<RawArray> arrays = arrays(file, NDList.Encoding.SAFETENSORS);
        long bytes = arrays.stream().mapToLong(array -> array.bytes().remaining()).sum();
        assertTrue(bytes <= file.length, bytes + " bytes of " + file.length);
        Map<String, SecondSafetensors.Array> second =
                arrays.isEmpty() ? Map.of() : SecondSafetensors.read(file);
        arrays.forEach(array -> assertSame(second.get(array.name()), array));
    }

    /** A whole npz file. */
    @FuzzTest(maxDuration = "10m")
    void npz(byte[] file) throws IOException {
        List<RawArray> arrays = arrays(file, NDList.Encoding.NPZ);
        long bytes = arrays.stream().mapToLong(array -> array.bytes().remaining()).sum();
        assertTrue(
                bytes <= (long) NpzReader.MAX_RATIO * file.length,
                bytes + " bytes of " + file.length);
        Map<String, SecondSafetensors.Array> second =
                arrays.isEmpty() ? Map.of() : SecondNpz.read(file);
        arrays.forEach(array -> assertSame(second.get(array.name()), array));
    }

    /** An array in an npz file that is sound, so that what is inside is reached. */
    @FuzzTest(maxDuration = "10m")
    void npy(byte[] array) throws IOException {
        npz(new ArrayBytes().stored("a.npy", array).zip());
    }

    private static List<RawArray> arrays(byte[] file, NDList.Encoding encoding) {
        try {
            return ArrayFile.decode(file, encoding, false);
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank());
            return List.of();
        }
    }

    private static void assertSame(SecondSafetensors.Array second, RawArray array) {
        assertArrayEquals(second.shape(), array.shape().getShape());
        byte[] bytes = new byte[array.bytes().remaining()];
        array.bytes().duplicate().get(bytes);
        assertArrayEquals(second.bytes(), bytes);
    }
}
