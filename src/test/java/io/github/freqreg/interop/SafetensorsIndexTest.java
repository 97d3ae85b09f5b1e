package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.freqreg.UsesEngine;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Safetensors of several files are read by their index, and every mistake in it is refused. */
@UsesEngine
class SafetensorsIndexTest {

    private static final String INDEX = "model.safetensors.index.json";
    private static final String FIRST = "model-00001-of-00002.safetensors";
    private static final String SECOND = "model-00002-of-00002.safetensors";

    @TempDir private Path folder;

    private NDManager manager;

    @BeforeEach
    void write(NDManager manager) throws IOException {
        this.manager = manager;
        shard(FIRST, "b", "a");
        shard(SECOND, "c");
        index(map("a", FIRST, "b", FIRST, "c", SECOND));
    }

    private static float[] values(String name) {
        return new float[] {name.charAt(0), 2.5f};
    }

    private void shard(String file, String... names) throws IOException {
        NDList arrays = new NDList();
        for (String name : names) {
            NDArray array = manager.create(values(name));
            array.setName(name);
            arrays.add(array);
        }
        ArrayFile.write(arrays, folder.resolve(file));
    }

    private static String map(String... entries) {
        return IntStream.range(0, entries.length / 2)
                .mapToObj(i -> "\"" + entries[2 * i] + "\":\"" + entries[2 * i + 1] + "\"")
                .collect(
                        Collectors.joining(
                                ",", "{\"metadata\":{\"total_size\":24},\"weight_map\":{", "}}"));
    }

    private void index(String json) throws IOException {
        Files.writeString(folder.resolve(INDEX), json);
    }

    @ValueSource(strings = {INDEX, ""})
    @ParameterizedTest
    void allArraysAreReadInTheOrderOfTheIndex(String name) throws Exception {
        assertTrue(ArrayFile.isReadable(folder.resolve(name)));
        NDList read = ArrayFile.read(manager, folder.resolve(name));
        assertEquals(List.of("a", "b", "c"), read.stream().map(NDArray::getName).toList());
        for (NDArray array : read) {
            assertArrayEquals(values(array.getName()), array.toFloatArray());
        }
        long bytes = 0;
        for (String each : List.of(INDEX, FIRST, SECOND)) {
            bytes += Files.size(folder.resolve(each));
        }
        assertEquals(bytes, ArrayFile.size(folder.resolve(name)));
        assertEquals(Files.size(folder.resolve(FIRST)), ArrayFile.size(folder.resolve(FIRST)));
    }

    private void assertRefused(String message) {
        int before = manager.getManagedArrays().size();
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> ArrayFile.read(manager, folder.resolve(INDEX)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
        // Also arrays of the shards that are right.
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void whatTheShardsDoNotHoldIsRefused() throws Exception {
        index(map("a", FIRST, "b", FIRST, "c", SECOND, "d", SECOND));
        assertRefused("weight_map places array d in the shard " + SECOND + ", which does not have");
        index(map("a", FIRST, "b", FIRST, "c", SECOND, "d", SECOND, "e", SECOND));
        assertRefused("does not have it, nor 1 more");
        index(map("a", FIRST, "c", SECOND));
        assertRefused("the shard " + FIRST + " has array b, but weight_map does not name it");
        index(map("a", FIRST, "b", SECOND, "c", SECOND));
        assertRefused("has array b, but weight_map places it in " + SECOND);
        // The same array in two shards.
        index(map("a", FIRST, "b", FIRST, "c", SECOND));
        shard(SECOND, "c", "a");
        assertRefused("the shard " + SECOND + " has array a, but weight_map places it in " + FIRST);
        Files.delete(folder.resolve(SECOND));
        assertRefused("expected the shard " + SECOND + " beside the index but there is no such");
        Files.createDirectory(folder.resolve(SECOND));
        assertRefused("expected the shard " + SECOND + " beside the index but there is no such");
    }

    @ValueSource(
            strings = {
                "../model.safetensors",
                "/model.safetensors",
                "a/model.safetensors",
                "a\\\\model.safetensors",
                "C:model.safetensors",
                "model.safetensors\\u0000.safetensors",
                "model.bin",
                ".."
            })
    @ParameterizedTest
    void pathsAreRefused(String shard) throws Exception {
        index(map("a", shard));
        assertRefused("without a path and ending with .safetensors, but found ");
    }

    @Test
    void aMalformedIndexIsRefused() throws Exception {
        index("");
        assertRefused("expected the index to start with { but it is empty");
        index("[]");
        assertRefused("start with { but it starts with 5b");
        index("{\"metadata\":{}}");
        assertRefused("expected a weight_map in the index but found the keys [metadata]");
        index("{\"weight_map\":[]}");
        assertRefused("expected BEGIN_OBJECT in weight_map in the index but found BEGIN_ARRAY");
        index("{\"weight_map\":{\"a\":1}}");
        assertRefused("expected STRING in the entry of a in the index but found NUMBER");
        index("{\"weight_map\":{},\"weight_map\":{}}");
        assertRefused("the key weight_map of the index appears twice");
        index(map("a", FIRST, "\\u0061", FIRST));
        assertRefused("the name a appears twice");
        index(map("", FIRST));
        assertRefused("expected a name of 1 to 1024 bytes");
        index(map("a", FIRST) + "x");
        assertRefused("the index is malformed JSON");
        index("{\"weight_map\":{\"a\":\"" + FIRST + "\",}}");
        assertRefused("the index is malformed JSON");
    }

    @Test
    void limitsAreCheckedBeforeAnythingIsRead() throws Exception {
        String[] entries = new String[2 * (SafetensorsIndex.MAX_SHARDS + 1)];
        for (int i = 0; i < entries.length; i += 2) {
            entries[i] = "a" + i;
            entries[i + 1] = i + ".safetensors";
        }
        index(map(entries));
        assertRefused("expected at most 1024 shards but found 1025");
        index(map("a", FIRST, "b", FIRST, "c", SECOND));
        try (RandomAccessFile sparse =
                new RandomAccessFile(folder.resolve(SECOND).toFile(), "rw")) {
            sparse.setLength(ArrayFile.MAX_BYTES + 1);
            assertRefused(SECOND + ": expected at most 1073741824 bytes but the file has");
            sparse.setLength(ShardedArrays.MAX_TOTAL_BYTES);
            assertRefused("expected at most 17179869184 bytes in all shards");
        }
        try (RandomAccessFile sparse = new RandomAccessFile(folder.resolve(INDEX).toFile(), "rw")) {
            sparse.setLength(SafetensorsIndex.MAX_BYTES + 1);
        }
        assertRefused("expected at most 16777216 bytes but the file has 16777217");
    }

    @Test
    void aFolderHasOneIndex() throws Exception {
        Files.copy(folder.resolve(INDEX), folder.resolve("other.safetensors.index.json"));
        MalformedModelException two =
                assertThrows(MalformedModelException.class, () -> ArrayFile.read(manager, folder));
        assertTrue(two.getMessage().endsWith("index.json: name one of them"), two.getMessage());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        MalformedModelException none =
                assertThrows(MalformedModelException.class, () -> ArrayFile.read(manager, empty));
        assertTrue(none.getMessage().startsWith(empty + ": expected a folder"), none.getMessage());
        assertTrue(none.getMessage().endsWith("but found none"), none.getMessage());
    }

    @Test
    void aMistakeInOneShardIsReportedWithItsPath() throws Exception {
        Files.writeString(folder.resolve(SECOND), "short");
        assertRefused(SECOND + ": expected the length of a header in 8 bytes");
    }
}
