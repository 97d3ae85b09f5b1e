package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.interop.torch.TorchScriptArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program empties the weights of a TorchScript archive. */
class ExportSkeletonTest extends ProgramTest {

    @TempDir private Path folder;

    private int export(Path archive, Path out) {
        return run("export-skeleton", archive.toString(), "--out", out.toString());
    }

    @Test
    void aSkeletonDescribesTheSameNetwork() throws Exception {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.tied(1));
        Path out = folder.resolve("out/net.skeleton.pt");
        assertEquals(0, export(archive, out), err);
        // 7 tokens of 4 features, once, and 7 biases.
        assertEquals(
                "%s: %,d bytes of %,d, without 35 weights"
                        .formatted(out, Files.size(out), Files.size(archive)),
                this.out.strip());
        assertEquals(
                TorchScriptArchive.read(archive).parameters(),
                TorchScriptArchive.read(out).parameters());
    }

    @Test
    void wrongFilesAreOneLine() throws IOException {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.tied(1));
        byte[] before = Files.readAllBytes(archive);
        assertEquals(2, export(archive, archive));
        assertOneLine("--out must be another file than the archive");
        assertArrayEquals(before, Files.readAllBytes(archive));

        Path out = folder.resolve("skeleton.pt");
        assertEquals(1, export(folder.resolve("none.pt"), out));
        assertOneLine("none.pt: expected a file, but there is none");
        Path text = Files.writeString(folder.resolve("text.pt"), "no archive here");
        assertEquals(1, export(text, out));
        assertOneLine("text.pt: expected a zip archive written by torch.jit.save");
        TorchArchive.write(
                archive,
                new ScriptModule("__torch__.Net")
                        .attribute("scale", "Tensor", ScriptTensor.of(new float[] {2}, 1))
                        .forward("return torch.mul(x, self.scale)"));
        assertEquals(1, export(archive, out));
        assertOneLine("it has no parameters");
        assertFalse(Files.exists(out));
        assertTrue(err.contains("net.pt"), err);
    }
}
