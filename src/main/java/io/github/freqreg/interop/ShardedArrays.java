package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads safetensors of several files with a {@link SafetensorsIndex}, one file after the other, so
 * that the heap holds one of them at a time.
 */
final class ShardedArrays {

    /** The largest size of all shards together, in bytes; each has {@link ArrayFile#MAX_BYTES}. */
    static final long MAX_TOTAL_BYTES = 1L << 34;

    private ShardedArrays() {}

    /** Returns whether a path is an index, or a folder that may have one. */
    static boolean isReadable(Path path) {
        return isIndex(path) || Files.isDirectory(path);
    }

    private static boolean isIndex(Path path) {
        String name = String.valueOf(path.getFileName());
        return name.toLowerCase(Locale.ROOT).endsWith(SafetensorsIndex.SUFFIX);
    }

    /**
     * Reads all arrays.
     *
     * @param manager the manager of the arrays; it gets none if this method throws
     * @param path the index, or the folder that has it
     * @param nonFinite whether to allow NaN and infinity
     * @return the arrays in the order of the index
     */
    static NDList read(NDManager manager, Path path, boolean nonFinite)
            throws IOException, MalformedModelException {
        Path file = index(path);
        SafetensorsIndex index = parse(file);
        Map<String, NDArray> arrays = new HashMap<>();
        try {
            checkFiles(file, index);
            for (String shard : index.files()) {
                for (RawArray array : shard(file, index, shard, nonFinite)) {
                    arrays.put(array.name(), array.toArray(manager));
                }
            }
        } catch (MalformedModelException e) {
            arrays.values().forEach(NDArray::close);
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            arrays.values().forEach(NDArray::close);
            throw e;
        } catch (OutOfMemoryError e) {
            arrays.values().forEach(NDArray::close);
            throw WholeFile.unreadable(file, e);
        }
        return new NDList(index.shards().keySet().stream().map(arrays::get).toList());
    }

    private static Path index(Path path) throws IOException, MalformedModelException {
        return Files.isDirectory(path) ? find(path) : path;
    }

    private static SafetensorsIndex parse(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, SafetensorsIndex.MAX_BYTES, SafetensorsIndex::parse);
    }

    /** Returns the bytes of an index and of its shards. */
    static long size(Path path) throws IOException, MalformedModelException {
        Path file = index(path);
        long bytes = Files.size(file);
        for (String shard : parse(file).files()) {
            bytes += Files.size(file.resolveSibling(shard));
        }
        return bytes;
    }

    private static Path find(Path folder) throws IOException, MalformedModelException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(ShardedArrays::isIndex).sorted().limit(3).toList();
            if (found.size() != 1) {
                throw new MalformedModelException(
                        folder
                                + ": expected a folder with one file whose name ends with "
                                + SafetensorsIndex.SUFFIX
                                + " but found "
                                + (found.isEmpty()
                                        ? "none"
                                        : found.get(0).getFileName()
                                                + " and "
                                                + found.get(1).getFileName()
                                                + ": name one of them"));
            }
            return found.get(0);
        }
    }

    /** Checks that all shards are there and not too large together, before any is read. */
    private static void checkFiles(Path file, SafetensorsIndex index)
            throws IOException, MalformedModelException {
        long bytes = 0;
        for (String shard : index.files()) {
            Path path = file.resolveSibling(shard);
            if (!Files.isRegularFile(path)) {
                throw new MalformedModelException(
                        "expected the shard "
                                + shard
                                + " beside the index but there is no such file");
            }
            bytes += Files.size(path);
        }
        if (bytes > MAX_TOTAL_BYTES) {
            throw new MalformedModelException(
                    "expected at most "
                            + MAX_TOTAL_BYTES
                            + " bytes in all shards but they have "
                            + bytes);
        }
    }

    private static List<RawArray> shard(
            Path file, SafetensorsIndex index, String shard, boolean nonFinite)
            throws IOException, MalformedModelException {
        List<RawArray> arrays =
                WholeFile.read(
                        file.resolveSibling(shard),
                        ArrayFile.MAX_BYTES,
                        bytes -> ArrayFile.checked(SafetensorsReader.read(bytes), nonFinite));
        index.check(shard, arrays);
        return arrays;
    }
}
