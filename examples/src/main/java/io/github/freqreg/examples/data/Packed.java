package io.github.freqreg.examples.data;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Reads plain or gzipped files completely, and checks size limits before it allocates memory. */
final class Packed {

    private static final String SUFFIX = ".gz";

    /** The largest accepted ratio. Images compress to about 1/10, a gzip bomb to 1/1032. */
    private static final int MOST_EXPANSION = 256;

    /** The bytes that any file may expand to: sorted labels compress as well as zeros. */
    private static final int LEAST_LIMIT = 1 << 20;

    private Packed() {}

    /** Returns the file of this name, or the gzipped one if there is no plain file. */
    static Path find(Path folder, String name) {
        Path plain = folder.resolve(name);
        return Files.exists(plain) ? plain : folder.resolve(name + SUFFIX);
    }

    /**
     * Reads a file.
     *
     * @param file the path; the file is decompressed if its name ends in .gz
     * @param most the largest number of bytes, before and after decompression
     * @param kind what the file is, for error messages
     * @throws DataException if the file cannot be read, is damaged, or is too large
     */
    static byte[] read(Path file, int most, String kind) {
        try {
            byte[] bytes = WholeFile.read(file, most);
            return file.toString().endsWith(SUFFIX) ? unzip(bytes, most, file.toString()) : bytes;
        } catch (NoSuchFileException e) {
            throw new DataException(
                    file + ": expected the " + kind + ", plain or gzipped, but there is none", e);
        } catch (IOException | MalformedModelException e) {
            throw new DataException(e);
        }
    }

    /** Decompresses gzipped bytes. */
    static byte[] unzip(byte[] packed, int most, String source) throws IOException {
        long expanded = Math.max(LEAST_LIMIT, (long) MOST_EXPANSION * packed.length);
        int limit = (int) Math.min(most, expanded);
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            byte[] bytes = in.readNBytes(limit);
            if (in.read() != -1) {
                throw new DataException(
                        String.format(
                                Locale.ROOT,
                                "%s: expected at most %d bytes after decompression of %d bytes,"
                                        + " but there are more",
                                source,
                                limit,
                                packed.length));
            }
            return bytes;
        } catch (EOFException | ZipException e) {
            throw new DataException(source + ": the file is damaged or cut: " + e.getMessage(), e);
        }
    }
}
