package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** Fuzzes the pickle of a checkpoint, with storages of 64 bytes. */
    @FuzzTest(maxDuration = "10m")
    void pickle(byte[] pickle) throws IOException {
        pickle(pickle, Optional.empty(), ByteOrder.LITTLE_ENDIAN);
    }

    /** Fuzzes the pickle of a checkpoint of which a part is read, with big-endian storages. */
    @FuzzTest(maxDuration = "10m")
    void part(byte[] pickle) throws IOException {
        pickle(pickle, Optional.of("net"), ByteOrder.BIG_ENDIAN);
    }

    private static void pickle(byte[] pickle, Optional<String> part, ByteOrder order)
            throws IOException {
        try {
            TorchCheckpoint checkpoint =
                    TorchCheckpoint.of(pickle, part, new StorageReader(key -> new byte[64], order));
            assertTrue(checkpoint.countElements() >= 0);
            assertTrue(checkpoint.describe().lines().count() <= 1);
            part.ifPresent(name -> assertEquals(name, checkpoint.getPart()));
            checkpoint.getTensors().keySet().forEach(name -> assertFalse(name.length() > 1024));
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank());
        }
    }

    /** Fuzzes a whole checkpoint. */
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

    /** Fuzzes a whole TorchScript archive, and the skeleton of what is read. */
    @FuzzTest(maxDuration = "10m")
    void torchScript(byte[] zip) throws IOException {
        Path file = Files.createTempFile("fuzz", ".pt");
        try {
            Files.write(file, zip);
            TorchScriptArchive archive = TorchScriptArchive.read(file);
            TorchScriptSkeleton.write(file, file);
            assertEquals(archive.parameters(), TorchScriptArchive.read(file).parameters());
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        } finally {
            Files.delete(file);
        }
    }

    /** Fuzzes the source of a TorchScript network with one weight. */
    @FuzzTest(maxDuration = "10m")
    void torchScriptSource(byte[] source) throws IOException {
        Map<String, byte[]> records =
                TorchArchive.recordsOf(
                        new ScriptModule("__torch__.Net")
                                .parameter("w", ScriptTensor.of(new float[4], 2, 2)));
        records.put("net/code/__torch__.py", source);
        ByteArrayOutputStream zip = new ByteArrayOutputStream();
        TorchArchive.write(records, zip);
        torchScript(zip.toByteArray());
    }

    /** Fuzzes the pickle of a TorchScript network with one weight. */
    @FuzzTest(maxDuration = "10m")
    void torchScriptPickle(byte[] pickle) throws IOException {
        Map<String, byte[]> records =
                TorchArchive.recordsOf(
                        new ScriptModule("__torch__.Net")
                                .parameter("w", ScriptTensor.of(new float[4], 2, 2))
                                .forward("return torch.linear(x, self.w)"));
        records.put("net/data.pkl", pickle);
        ByteArrayOutputStream zip = new ByteArrayOutputStream();
        TorchArchive.write(records, zip);
        torchScript(zip.toByteArray());
    }

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
