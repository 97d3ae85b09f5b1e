package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.SymbolBlock;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.UsesEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tensors of TorchScript archives that are larger than what the archive holds. */
@UsesEngine
class StorageBoundsTest {

    private static final ScriptTensor.Storage SIX = ScriptTensor.Storage.of(0f, 1, 2, 3, 4, 5);

    private final NDManager manager;

    @TempDir private Path folder;

    StorageBoundsTest(NDManager manager) {
        this.manager = manager;
    }

    private Path archive(ScriptTensor parameter, ScriptTensor attribute) throws IOException {
        Path file = folder.resolve("net.pt");
        TorchArchive.write(
                file,
                new ScriptModule("__torch__.Net")
                        .parameter("weight", parameter)
                        .attribute("other", "Tensor", attribute)
                        .forward("return torch.mul(x, self.weight)"));
        return file;
    }

    private static ScriptTensor tensor(long offset, long extent, long stride) {
        return new ScriptTensor(SIX, offset, new long[] {extent}, new long[] {stride});
    }

    private void assertRefused(ScriptTensor wrong, String message) throws IOException {
        ScriptTensor right = tensor(0, 6, 1);
        for (boolean shown : new boolean[] {true, false}) {
            Path file = shown ? archive(wrong, right) : archive(right, wrong);
            Path out = folder.resolve("skeleton.pt");
            for (String found :
                    new String[] {
                        assertThrows(
                                        MalformedModelException.class,
                                        () -> TorchScript.load(manager, file))
                                .getMessage(),
                        assertThrows(
                                        MalformedModelException.class,
                                        () -> TorchScriptSkeleton.write(file, out))
                                .getMessage()
                    }) {
                assertTrue(found.startsWith(file + ": ") && found.contains(message), found);
            }
            assertFalse(Files.exists(out));
        }
    }

    @Test
    void viewsWithinTheirStorageAreLoaded() throws Exception {
        for (ScriptTensor each :
                new ScriptTensor[] {
                    tensor(0, 6, 1), tensor(1, 3, 2), tensor(5, 4, 0), tensor(9, 0, 1)
                }) {
            SymbolBlock network = TorchScript.load(manager, archive(tensor(5, 1, 1), each));
            assertEquals(5, network.getDirectParameters().get("weight").getArray().getFloat());
        }
    }

    @Test
    void viewsBeyondTheirStorageAreRefused() throws IOException {
        String message = "a tensor that is larger than its storage";
        assertRefused(tensor(0, 7, 1), message);
        assertRefused(tensor(1, 6, 1), message);
        assertRefused(tensor(2, 3, 2), message);
        assertRefused(tensor(-1, 2, 1), message);
        assertRefused(tensor(5, 2, -1), message);
        assertRefused(tensor(0, 3, Integer.MAX_VALUE), message);
    }

    @Test
    void storagesBeyondTheirRecordAreRefused() throws IOException {
        for (long count : new long[] {7, 1L << 30, -1}) {
            ScriptTensor.Storage more =
                    new ScriptTensor.Storage("FloatStorage", count, SIX.bytes());
            assertRefused(
                    new ScriptTensor(more, 0, new long[] {1}, new long[] {1}),
                    "describes the storage data/");
        }
    }
}
