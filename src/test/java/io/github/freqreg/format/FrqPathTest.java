package io.github.freqreg.format;

import static io.github.freqreg.format.FrqDocuments.assertSame;
import static io.github.freqreg.format.FrqDocuments.tiny;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents are read from and written to paths. */
class FrqPathTest {

    @TempDir private Path folder;

    @Test
    void writesAFileAndItsFolders() throws IOException, MalformedModelException {
        Path file = folder.resolve("new/folder/tiny.frq");
        tiny().write(file);
        assertArrayEquals(tiny().encode(), Files.readAllBytes(file));
        assertSame(tiny(), FrqDocument.read(file));
        assertEquals(List.of(file), filesIn(file.getParent()));
    }

    @Test
    void writesOverAnExistingFile() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[5000]);
        tiny().write(file);
        assertArrayEquals(tiny().encode(), Files.readAllBytes(file));
        assertEquals(List.of(file), filesIn(folder));
    }

    @Test
    void writesIntoAFolderBehindALink() throws IOException {
        Path link = folder.resolve("link");
        Files.createDirectory(folder.resolve("real"));
        try {
            Files.createSymbolicLink(link, folder.resolve("real"));
        } catch (IOException | UnsupportedOperationException e) {
            assumeTrue(false, "this system makes no links: " + e);
        }
        tiny().write(link.resolve("a.frq"));
        assertArrayEquals(tiny().encode(), Files.readAllBytes(folder.resolve("real/a.frq")));
    }

    @Test
    void aFileThatCanNotBeReplacedStaysAndNothingIsLeftBehind() throws IOException {
        // A folder with a file in it is a target that no move can replace, even for the root user.
        Path target = Files.createDirectory(folder.resolve("a.frq"));
        Path inside = Files.write(target.resolve("inside"), new byte[] {1, 2, 3});
        assertThrows(IOException.class, () -> tiny().write(target));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(inside));
        assertEquals(List.of(target), filesIn(folder));
    }

    @Test
    void aFolderThatCanNotBeWrittenKeepsTheOldFile() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Path file = Files.write(closed.resolve("a.frq"), new byte[] {1, 2, 3});
        try {
            assertTrue(closed.toFile().setWritable(false));
            assumeFalse(Files.isWritable(closed), "this user may write everywhere");
            assertThrows(IOException.class, () -> tiny().write(file));
            assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
            assertEquals(List.of(file), filesIn(closed));
        } finally {
            closed.toFile().setWritable(true);
        }
    }

    @Test
    void aFileInPlaceOfAFolderStays() throws IOException {
        Path noFolder = Files.write(folder.resolve("file"), new byte[] {1, 2, 3});
        assertThrows(IOException.class, () -> tiny().write(noFolder.resolve("a.frq")));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(noFolder));
        assertEquals(List.of(noFolder), filesIn(folder));
    }

    @Test
    void aDocumentThatCanNotBeWrittenLeavesTheOldFile() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[] {1, 2, 3});
        FrqEntry tensor =
                new FrqEntry("w", new Shape(1), null, Precision.FLOAT32, new float[] {Float.NaN});
        FrqDocument document = new FrqDocument(List.of(), List.of(tensor));
        assertThrows(IllegalArgumentException.class, () -> document.write(file));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
        assertEquals(List.of(file), filesIn(folder));
    }

    @Test
    void namesTheFileThatIsMalformed() throws IOException {
        Path file = Files.write(folder.resolve("a.frq"), new byte[3]);
        Exception e =
                assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.read(file));
        assertTrue(e.getMessage().startsWith(file + ": expected a .frq file"), e.getMessage());
    }

    @Test
    void aMissingFileIsNotMalformed() {
        Path file = folder.resolve("missing.frq");
        assertThrowsExactly(NoSuchFileException.class, () -> FrqDocument.read(file));
    }

    @Test
    void doesNotReadAFileThatIsTooLarge() throws IOException {
        Path file = folder.resolve("large.frq");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            // Takes no space on disk: the file is all hole.
            large.setLength(FrqDocument.MAX_BYTES + 1);
        }
        Exception e =
                assertThrowsExactly(MalformedModelException.class, () -> FrqDocument.read(file));
        assertEquals(
                file + ": expected at most 1073741824 bytes but the file has 1073741825",
                e.getMessage());
    }

    private static List<Path> filesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
