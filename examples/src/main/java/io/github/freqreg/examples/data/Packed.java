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

/** Reads files whole, gzipped or not, within limits that hold before anything is allocated. */
final class Packed {

    private static final String SUFFIX = ".gz";

    /** Images come to a tenth of their size, and to 1/1032 what is made to fill memory. */
    private static final int MOST_EXPANSION = 256;

    /** What may come from the smallest file: sorted labels pack as well as zeros do. */
    private static final int LEAST_LIMIT = 1 << 20;

    private Packed() {}

    /** The file of this name, or if there is none the gzipped one. */
    static Path find(Path folder, String name) {
        Path plain = folder.resolve(name);
        return Files.exists(plain) ? plain : folder.resolve(name + SUFFIX);
    }

    /**
     * Reads a file.
     *
     * @param file gzipped if its name says so
     * @param most how many bytes it may have, unpacked too
     * @param kind what it is, for the message
     * @throws DataException if it cannot be read, is damaged, or has more
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

    /** Unpacks what is gzipped. */
    static byte[] unzip(byte[] packed, int most, String source) throws IOException {
        long expanded = Math.max(LEAST_LIMIT, (long) MOST_EXPANSION * packed.length);
        int limit = (int) Math.min(most, expanded);
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            byte[] bytes = in.readNBytes(limit);
            if (in.read() != -1) {
                throw new DataException(
                        String.format(
                                Locale.ROOT,
                                "%s: expected at most %d bytes in %d gzipped ones, but there are"
                                        + " more",
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
