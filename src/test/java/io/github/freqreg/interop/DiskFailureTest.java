package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Seeds;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.torch.PickleWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A disk that fails at each operation in turn: writing leaves the old file or the new one, and each
 * failure is one message.
 */
class DiskFailureTest {

    private static final String FOLDER = "/disk/models";
    private static final byte[] OLD = {1, 2, 3};

    @TempDir private Path folder;

    private FailingDisk disk;
    private NDManager manager;

    @BeforeEach
    void open() {
        disk = new FailingDisk();
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() throws IOException {
        disk.close();
        manager.close();
    }

    /** Reads or writes a file. */
    @FunctionalInterface
    private interface Access {

        void to(Path file) throws Exception;
    }

    private Access writer(String name) {
        if (name.endsWith(".frq")) {
            return file -> document().write(file);
        }
        NDArray array = manager.create(values(500), new Shape(500));
        array.setName("w");
        return file -> ArrayFile.write(new NDList(array), file);
    }

    private static FrqDocument document() {
        return new FrqDocument(
                List.of(),
                List.of(new FrqEntry("w", new Shape(500), null, Precision.FLOAT32, values(500))));
    }

    private static float[] values(int count) {
        Random random = new Random(Seeds.of(5));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private Access reader(String name) {
        return name.endsWith(".frq") ? FrqDocument::read : file -> ArrayFile.read(manager, file);
    }

    /** Checks what must hold after a failure, from which the access may have recovered. */
    @FunctionalInterface
    private interface Check {

        void after(boolean overcome) throws Exception;
    }

    /** Runs an access with the n-th operation failing, for n from 1 until it needs fewer. */
    private int everyFailure(Access access, Path file, boolean fromThenOn, Check check)
            throws Exception {
        for (int n = 1; ; n++) {
            disk.failAt(n, fromThenOn);
            Exception failure = null;
            try {
                access.to(file);
            } catch (Exception e) {
                failure = e;
            }
            if (!disk.hasFailed()) {
                assertEquals(null, failure);
                return n - 1;
            }
            assertTrue(failure != null || !fromThenOn, "operation " + n);
            if (failure != null) {
                assertEquals(IOException.class, failure.getClass(), "operation " + n);
                String message = failure.getMessage();
                assertTrue(message.startsWith(file + ": the file cannot be "), message);
                assertTrue(message.endsWith(": " + FailingDisk.FAILURE), message);
                assertEquals(
                        message.indexOf(file.toString()), message.lastIndexOf(file.toString()));
                assertEquals(1, message.lines().count(), message);
            }
            disk.failAt(Integer.MAX_VALUE, false);
            check.after(failure == null);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "w.frq, false", "w.frq, true",
        "w.safetensors, false", "w.safetensors, true",
        "w.npz, false", "w.npz, true"
    })
    void aFailedWriteLeavesTheOldFile(String name, boolean fromThenOn) throws Exception {
        String file = FOLDER + "/" + name;
        Access write = writer(name);
        write.to(disk.path(file));
        byte[] whole = Files.readAllBytes(disk.sound(file));
        Files.write(disk.sound(file), OLD);
        int failures =
                everyFailure(
                        write,
                        disk.path(file),
                        fromThenOn,
                        overcome -> {
                            byte[] found = Files.readAllBytes(disk.sound(file));
                            assertArrayEquals(overcome ? whole : OLD, found);
                            Files.write(disk.sound(file), OLD);
                            List<Path> files = files();
                            if (fromThenOn) {
                                // The draft cannot be deleted from a dead disk.
                                files.stream()
                                        .filter(each -> each.toString().endsWith(".tmp"))
                                        .forEach(DiskFailureTest::delete);
                            }
                            assertEquals(List.of(disk.sound(file)), files());
                        });
        assertTrue(failures >= whole.length / 300 + 4, failures + " operations");
        assertArrayEquals(whole, Files.readAllBytes(disk.sound(file)));
        assertEquals(List.of(disk.sound(file)), files());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(disk.sound(FOLDER))) {
            return files.toList();
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Creating the folder can fail too. */
    @Test
    void aFailedWriteIntoANewFolderLeavesNoFile() throws Exception {
        String name = "/new/folder/w.frq";
        Path file = disk.path(name);
        everyFailure(
                document()::write,
                file,
                false,
                overcome -> {
                    assertEquals(overcome, Files.deleteIfExists(disk.sound(name)));
                    Path folders = disk.sound("/new");
                    if (Files.exists(folders)) {
                        try (Stream<Path> all = Files.walk(folders)) {
                            assertEquals(0, all.filter(Files::isRegularFile).count());
                        }
                    }
                });
        assertArrayEquals(document().encode(), Files.readAllBytes(disk.sound(name)));
    }

    @Test
    void aTrialOfAFailingDiskIsOneMessage() throws Exception {
        Path file = disk.path(FOLDER + "/w.frq");
        Files.createDirectories(disk.sound(FOLDER));
        int failures =
                everyFailure(
                        WholeFile::checkWritable,
                        file,
                        false,
                        overcome -> assertEquals(List.of(), files()));
        assertTrue(failures > 5, failures + " operations");
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.frq", "w.safetensors", "w.npz", "w.pt"})
    void aFailedReadIsOneMessage(String name) throws Exception {
        String file = FOLDER + "/" + name;
        Files.createDirectories(disk.sound(FOLDER));
        if (name.endsWith(".pt")) {
            byte[] content = PickleWriter.floats(values(500));
            Path made =
                    new PickleWriter()
                            .op(0x80, 2, '}', 'q', 0, '(')
                            .text("w")
                            .tensor(
                                    "FloatStorage",
                                    "0",
                                    500,
                                    content,
                                    0,
                                    new int[] {500},
                                    new int[] {1})
                            .op('u', '.')
                            .write(folder.resolve(name));
            Files.write(disk.sound(file), Files.readAllBytes(made));
        } else {
            writer(name).to(disk.sound(file));
        }
        byte[] whole = Files.readAllBytes(disk.sound(file));
        for (boolean fromThenOn : new boolean[] {false, true}) {
            int failures =
                    everyFailure(
                            reader(name),
                            disk.path(file),
                            fromThenOn,
                            overcome -> assertFalse(overcome, "a read whose disk failed"));
            assertTrue(failures > whole.length / 300, failures + " operations");
        }
        assertArrayEquals(whole, Files.readAllBytes(disk.sound(file)));
    }
}
