package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
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
 * Fuzzes the readers of PyTorch's files: any bytes are read or refused, within the bounds on
 * memory.
 *
 * <p>The ordinary build replays the inputs in this class's resources.
 */
@Tag("fuzz")
class TorchFuzzTest {

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
    void archive(byte[] zip) throws IOException {
        Path file = Files.createTempFile("fuzz", ".pt");
        try {
            Files.write(file, zip);
            Path skeleton = file.resolveSibling(file.getFileName() + ".skeleton");
            TorchScriptArchive read = TorchScriptArchive.read(file);
            TorchScriptSkeleton.write(file, skeleton);
            List<TorchScriptParameter> emptied = TorchScriptArchive.read(skeleton).parameters();
            assertTrue(emptied.containsAll(read.parameters()), emptied.toString());
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        } finally {
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".skeleton"));
            Files.delete(file);
        }
    }

    /** Fuzzes the source of a TorchScript network with one weight. */
    @FuzzTest(maxDuration = "10m")
    void source(byte[] source) throws IOException {
        Map<String, byte[]> records =
                TorchArchive.recordsOf(
                        new ScriptModule("__torch__.Net")
                                .parameter("w", ScriptTensor.of(new float[4], 2, 2)));
        records.put("net/code/__torch__.py", source);
        ByteArrayOutputStream zip = new ByteArrayOutputStream();
        TorchArchive.write(records, zip);
        archive(zip.toByteArray());
    }

    /** Fuzzes the pickle of a TorchScript network with one weight. */
    @FuzzTest(maxDuration = "10m")
    void module(byte[] pickle) throws IOException {
        Map<String, byte[]> records =
                TorchArchive.recordsOf(
                        new ScriptModule("__torch__.Net")
                                .parameter("w", ScriptTensor.of(new float[4], 2, 2))
                                .forward("return torch.linear(x, self.w)"));
        records.put("net/data.pkl", pickle);
        ByteArrayOutputStream zip = new ByteArrayOutputStream();
        TorchArchive.write(records, zip);
        archive(zip.toByteArray());
    }
}
