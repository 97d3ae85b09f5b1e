package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A failed write gives one clear error and leaves the old file. */
class WholeFileTest {

    private static final byte[] OLD = {1, 2, 3};

    @TempDir private Path folder;

    @Test
    void aFullDiskLeavesTheOldFile() throws IOException {
        Configuration small =
                Configuration.unix().toBuilder().setBlockSize(512).setMaxSize(16_384).build();
        try (FileSystem disk = Jimfs.newFileSystem(small)) {
            Path file = disk.getPath("/disk/model.frq");
            WholeFile.write(file, OLD);
            assertRefused(file, new byte[100_000]);
            assertArrayEquals(OLD, Files.readAllBytes(file));
            assertEquals(List.of(file), files(file.getParent()));
            // The failed write has freed its space.
            WholeFile.write(file, new byte[8_000]);
            assertEquals(8_000, Files.size(file));
        }
    }

    @Test
    void aFolderThatCannotBeWrittenLeavesTheOldFile() throws IOException {
        Path file = folder.resolve("model.frq");
        WholeFile.write(file, OLD);
        assumeFalse(
                !folder.toFile().setWritable(false) || Files.isWritable(folder),
                "this user may write anywhere");
        try {
            assertRefused(file, new byte[8]);
        } finally {
            assertTrue(folder.toFile().setWritable(true));
        }
        assertArrayEquals(OLD, Files.readAllBytes(file));
        assertEquals(List.of(file), files(folder));
    }

    @Test
    void aFileInTheFoldersPlaceIsNamed() throws IOException {
        Path file = folder.resolve("model.frq");
        WholeFile.write(file, OLD);
        assertRefused(file.resolve("other.frq"), new byte[8]);
        assertArrayEquals(OLD, Files.readAllBytes(file));
    }

    @Test
    void aFolderInTheFilesPlaceIsNamed() throws IOException {
        Path file = folder.resolve("model.frq");
        WholeFile.write(file.resolve("inner"), OLD);
        assertRefused(file, new byte[8]);
        assertEquals(List.of(file), files(folder));
    }

    @Test
    void aRootCannotBeWritten() {
        Path root = folder.getRoot();
        IOException e = assertThrows(IOException.class, () -> WholeFile.write(root, new byte[1]));
        assertEquals(root + ": the file cannot be written: it is a folder", e.getMessage());
    }

    private static void assertRefused(Path file, byte[] bytes) {
        IOException e = assertThrows(IOException.class, () -> WholeFile.write(file, bytes));
        assertTrue(
                e.getMessage().startsWith(file + ": the file cannot be written: "), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
