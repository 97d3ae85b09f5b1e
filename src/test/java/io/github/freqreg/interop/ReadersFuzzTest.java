package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;

/**
 * Fuzzes the readers of other programs' files: any bytes are read or refused, within the bounds on
 * memory.
 *
 * <p>The ordinary build replays the inputs in this class's resources. {@code mvn -Pfuzz test
 * -Dtest=ReadersFuzzTest#npz} looks for new ones, one method at a time.
 */
@Tag("fuzz")
class ReadersFuzzTest {

    /** Fuzzes a whole safetensors file. */
    @FuzzTest(maxDuration = "10m")
    void safetensors(byte[] file) {
        List<RawArray> arrays = arrays(file, NDList.Encoding.SAFETENSORS);
        long bytes = arrays.stream().mapToLong(array -> array.bytes().remaining()).sum();
        assertTrue(bytes <= file.length, bytes + " bytes of " + file.length);
        Map<String, SecondSafetensors.Array> second =
                arrays.isEmpty() ? Map.of() : SecondSafetensors.read(file);
        arrays.forEach(array -> assertSame(second.get(array.name()), array));
    }

    /** Fuzzes the index of several safetensors files. */
    @FuzzTest(maxDuration = "10m")
    void index(byte[] json) {
        try {
            for (String file : SafetensorsIndex.parse(json).files()) {
                Path folder = Path.of("folder");
                assertEquals(folder, folder.resolve(file).normalize().getParent(), file);
                assertTrue(file.endsWith(".safetensors"), file);
            }
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank());
        }
    }

    /** Fuzzes a table of names. */
    @FuzzTest(maxDuration = "10m")
    void names(byte[] text) {
        String lines = new String(text, StandardCharsets.UTF_8);
        try {
            NameTable table = NameTable.parse(lines);
            for (String ours : table.parameters()) {
                String theirs = table.arrayOf(ours).orElseThrow();
                NameTable again = NameTable.parse(NameTable.line(theirs, ours));
                assertEquals(theirs, again.arrayOf(ours).orElseThrow());
            }
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().startsWith("line "), e.getMessage());
        }
    }

    /** Fuzzes a whole npz file. */
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

    /** Fuzzes an array inside a valid npz file, so that the fuzzer need not find the archive. */
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
