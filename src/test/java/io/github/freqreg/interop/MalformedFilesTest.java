package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.translate.NoopTranslator;
import io.github.freqreg.TestModels;
import io.github.freqreg.file.FrequencyBlockFactory;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.Sample;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each file of {@code src/test/resources/malformed} is refused with the same message, whichever way
 * it is read.
 */
class MalformedFilesTest {

    private static final Path FOLDER = Path.of("test/resources/malformed");
    private static final String CACHE = "DJL_CACHE_DIR";
    private static final String README = "README.md";

    /** The largest file of the set. */
    private static final int MOST_BYTES = 2048;

    @TempDir private Path folder;

    private NDManager manager;

    @BeforeAll
    static void write() throws IOException {
        if ("write".equals(System.getProperty("freqreg.malformed"))) {
            Files.createDirectories(FOLDER);
            for (Path each : files()) {
                Files.delete(each);
            }
            Files.writeString(FOLDER.resolve(README), MalformedFiles.readme());
            for (Sample sample : MalformedFiles.all()) {
                Files.write(FOLDER.resolve(sample.name()), sample.bytes());
            }
        }
    }

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        // DJL copies resources to its cache.
        System.setProperty(CACHE, folder.resolve("cache").toString());
    }

    @AfterEach
    void close() {
        manager.close();
        System.clearProperty(CACHE);
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().toList();
        }
    }

    @Test
    void theFolderAndItsTableAreWhatTheTestsMake() throws IOException {
        List<String> expected =
                Stream.concat(MalformedFiles.all().stream().map(Sample::name), Stream.of(README))
                        .sorted()
                        .toList();
        assertEquals(
                expected, files().stream().map(each -> each.getFileName().toString()).toList());
        for (Sample sample : MalformedFiles.all()) {
            assertArrayEquals(
                    sample.bytes(),
                    Files.readAllBytes(FOLDER.resolve(sample.name())),
                    sample.name());
            assertTrue(sample.bytes().length <= MOST_BYTES, sample.name());
        }
        assertEquals(MalformedFiles.readme(), Files.readString(FOLDER.resolve(README)));
    }

    static Stream<String> names() throws IOException {
        return MalformedFiles.all().stream().map(Sample::name);
    }

    private static Sample sample(String name) throws IOException {
        return MalformedFiles.all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Reads a file by its path. */
    private void read(Sample sample, Path path) throws Exception {
        if (sample.hasExtension(".frq")) {
            FrqDocument.read(path);
        } else {
            ArrayFile.read(manager, path);
        }
    }

    /** Returns the file; an npy array is put into an archive, as only npz files can be read. */
    private static byte[] bytes(Sample sample) {
        return sample.hasExtension(".npy")
                ? new ArrayBytes().stored("a.npy", sample.bytes()).zip()
                : sample.bytes();
    }

    private Path path(Sample sample) throws IOException {
        String name = sample.name().replace(".npy", ".npz");
        return Files.write(folder.resolve(name), bytes(sample));
    }

    /** Returns the message of the error without the path. */
    private static String fault(Throwable e, String prefix) {
        assertInstanceOf(MalformedModelException.class, e);
        return withoutPrefix(e.getMessage(), prefix);
    }

    private static String withoutPrefix(String message, String prefix) {
        assertTrue(message.startsWith(prefix), message);
        assertEquals(1, message.lines().count(), message);
        return message.substring(prefix.length());
    }

    @ParameterizedTest
    @MethodSource("names")
    void aFileIsReadOrRefusedByItsPath(String name) throws Exception {
        Sample sample = sample(name);
        Path path = path(sample);
        if (sample.isGood()) {
            read(sample, path);
            return;
        }
        String fault =
                fault(
                        assertThrows(MalformedModelException.class, () -> read(sample, path)),
                        path + ": ");
        assertTrue(fault.contains(sample.message()), fault);
        assertTrue(fault.length() > 20, fault);
    }

    static Stream<String> frqNames() throws IOException {
        return names().filter(name -> name.endsWith(".frq"));
    }

    @ParameterizedTest
    @MethodSource("frqNames")
    void aFrqFileIsRefusedAlikeByBytesStreamResourceAndCriteria(String name) throws Exception {
        Sample sample = sample(name);
        Path path = path(sample);
        Path jar = folder.resolve("users.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("models/" + name));
            zip.write(sample.bytes());
        }
        if (sample.isGood()) {
            byte[] expected = FrqDocument.decode(sample.bytes()).encode();
            assertArrayEquals(
                    expected, FrqDocument.read(new ByteArrayInputStream(sample.bytes())).encode());
            return;
        }
        String fault =
                fault(
                        assertThrows(
                                MalformedModelException.class,
                                () -> FrqDocument.decode(sample.bytes())),
                        "");
        assertEquals(
                fault,
                fault(
                        assertThrows(
                                MalformedModelException.class,
                                () -> FrqDocument.read(new ByteArrayInputStream(sample.bytes()))),
                        ""));
        assertEquals(
                fault,
                fault(
                        assertThrows(MalformedModelException.class, () -> FrqDocument.read(path)),
                        path + ": "));
        IOException byPath =
                assertThrows(
                        IOException.class, () -> criteria().optModelPath(path).build().loadModel());
        assertInstanceOf(MalformedModelException.class, byPath.getCause());
        assertEquals(fault, withoutPrefix(byPath.getMessage(), path + ": "));
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader with = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
            thread.setContextClassLoader(with);
            try (java.io.InputStream in = with.getResourceAsStream("models/" + name)) {
                assertEquals(
                        fault,
                        fault(
                                assertThrows(
                                        MalformedModelException.class, () -> FrqDocument.read(in)),
                                ""));
            }
            IOException byJar =
                    assertThrows(
                            IOException.class,
                            () ->
                                    criteria()
                                            .optModelUrls("jar:///models/" + name)
                                            .build()
                                            .loadModel());
            assertInstanceOf(MalformedModelException.class, byJar.getCause());
            // It starts with the path of DJL's copy.
            String message = byJar.getMessage();
            assertTrue(message.endsWith(name + ": " + fault), message);
            assertEquals(1, message.lines().count(), message);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static Criteria.Builder<NDList, NDList> criteria() {
        return Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optArgument(
                        "blockFactory", (FrequencyBlockFactory) arguments -> TestModels.linear(2))
                .optOption("hasParameter", "false")
                .optTranslator(new NoopTranslator());
    }
}
