package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads the tensors of a PyTorch checkpoint, a state dictionary written by {@code torch.save}.
 *
 * <p>The file is a zip archive of a pickle, which describes the tensors, and one entry for each
 * storage. A pickle can request that arbitrary code be run; this reader runs none. It implements
 * the few instructions and names that a dictionary of tensors needs (see {@code TorchPickle}), and
 * rejects all others by name. Allocations are bounded by the size of the file.
 *
 * <p>Dense and sparse COO tensors of float32, float16 and int64 are read as float32; an integer
 * without an exact float32 is rejected. The methods are safe for concurrent use.
 */
public final class TorchCheckpoint {

    /** The largest file that is read, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    private static final String PICKLE = "data.pkl";
    private static final int MAX_PICKLE_BYTES = 1 << 24;

    private TorchCheckpoint() {}

    /**
     * Reads a checkpoint.
     *
     * @param file the path, usually {@code .pt} or {@code .pth}
     * @return the tensors by name, in the order of the dictionary
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a valid checkpoint of a dictionary of tensors;
     *     the message starts with the path and says what was expected and what was found
     */
    public static Map<String, TorchTensor> read(Path file)
            throws IOException, MalformedModelException {
        if (file.getFileSystem() == FileSystems.getDefault()) {
            return read(file.toFile(), file);
        }
        // ZipFile only reads files of the default file system.
        byte[] bytes = WholeFile.read(file, MAX_BYTES);
        Path copy = Files.createTempFile("checkpoint", ".pt");
        try {
            Files.write(copy, bytes);
            return read(copy.toFile(), file);
        } finally {
            Files.delete(copy);
        }
    }

    private static Map<String, TorchTensor> read(File archive, Path name)
            throws IOException, MalformedModelException {
        try {
            long size = Files.size(archive.toPath());
            if (size > MAX_BYTES) {
                throw new MalformedModelException(
                        "expected at most " + MAX_BYTES + " bytes but the file has " + size);
            }
            return read(archive);
        } catch (ZipException | EOFException e) {
            throw new MalformedModelException(
                    name + ": expected a zip archive written by torch.save: " + e.getMessage(), e);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(name + ": " + e.getMessage(), e);
        } catch (IOException | OutOfMemoryError e) {
            throw WholeFile.unreadable(name, e);
        }
    }

    private static Map<String, TorchTensor> read(File archive)
            throws IOException, MalformedModelException {
        try (ZipFile zip = new ZipFile(archive)) {
            String folder = folder(zip);
            checkByteOrder(zip, folder);
            byte[] pickle = entry(zip, folder + PICKLE, MAX_PICKLE_BYTES);
            return new TorchPickle(pickle, key -> entry(zip, folder + "data/" + key, MAX_BYTES))
                    .read();
        }
    }

    /** Returns the folder of all entries, which torch.save names after the file. */
    private static String folder(ZipFile zip) throws MalformedModelException {
        List<String> names =
                zip.stream()
                        .map(ZipEntry::getName)
                        .filter(name -> name.endsWith("/" + PICKLE))
                        .toList();
        if (names.size() != 1 || names.get(0).indexOf('/') != names.get(0).lastIndexOf('/')) {
            throw new MalformedModelException(
                    "expected one entry " + PICKLE + " in a folder but found " + names);
        }
        return names.get(0).substring(0, names.get(0).length() - PICKLE.length());
    }

    private static void checkByteOrder(ZipFile zip, String folder)
            throws IOException, MalformedModelException {
        if (zip.getEntry(folder + "byteorder") != null) {
            String order =
                    new String(entry(zip, folder + "byteorder", 16), StandardCharsets.US_ASCII);
            if (!order.equals("little")) {
                throw new MalformedModelException(
                        "expected the byte order little but found " + order);
            }
        }
    }

    /** Reads an entry. PyTorch does not compress, so no entry is larger than the file. */
    private static byte[] entry(ZipFile zip, String name, long most)
            throws IOException, MalformedModelException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new MalformedModelException("expected an entry " + name + " but there is none");
        }
        if (entry.getMethod() != ZipEntry.STORED) {
            throw new MalformedModelException(
                    "expected the entry " + name + " to be stored, but it is compressed");
        }
        long size = entry.getSize();
        if (size < 0 || size > most || size != entry.getCompressedSize()) {
            throw new MalformedModelException(
                    "expected at most "
                            + most
                            + " bytes in the entry "
                            + name
                            + " but found "
                            + size);
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes((int) size);
            if (bytes.length != size) {
                throw new MalformedModelException(
                        "expected "
                                + size
                                + " bytes in the entry "
                                + name
                                + " but found "
                                + bytes.length);
            }
            CRC32 checksum = new CRC32();
            checksum.update(bytes);
            if (checksum.getValue() != entry.getCrc()) {
                throw new MalformedModelException(
                        String.format(
                                Locale.ROOT,
                                "expected the checksum %08x of the entry %s but found %08x",
                                entry.getCrc(),
                                name,
                                checksum.getValue()));
            }
            return bytes;
        }
    }
}
