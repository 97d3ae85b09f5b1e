package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Asserts that files of arrays are refused. */
final class Refusals {

    private Refusals() {}

    /** Asserts that bytes and the file of them are refused with the same message. */
    static void assertRefused(String message, byte[] bytes, Encoding encoding, Path folder)
            throws IOException {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> ArrayFile.decode(bytes, encoding, false));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        Path file = folder.resolve(encoding == Encoding.NPZ ? "bad.npz" : "bad.safetensors");
        Files.write(file, bytes);
        try (NDManager manager = NDManager.newBaseManager()) {
            MalformedModelException byPath =
                    assertThrows(
                            MalformedModelException.class, () -> ArrayFile.read(manager, file));
            assertEquals(file + ": " + e.getMessage(), byPath.getMessage());
        }
    }
}
