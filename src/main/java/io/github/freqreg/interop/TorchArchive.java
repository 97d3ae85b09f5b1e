package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The zip archive that {@code torch.save} writes: a pickle, and an entry for each storage.
 *
 * <p>All entries are in one folder, which is named after the file. None is compressed, so none is
 * larger than the file.
 */
final class TorchArchive implements AutoCloseable {

    private static final String PICKLE = "data.pkl";
    private static final int MAX_PICKLE_BYTES = 1 << 24;

    /** The formats before the zip archive: how far into a file they show, as what. */
    private static final int MAGIC_AT = 2;

    private static final String MAGIC =
            new String(
                    new char[] {
                        0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19
                    });
    private static final int TAR_AT = 257;
    private static final String TAR = "ustar";
    private static final String LFS = "version https://git-lfs.github.com/";

    private final ZipFile zip;
    private final String folder;

    /**
     * Opens an archive.
     *
     * @throws java.util.zip.ZipException if the file is not a zip archive
     */
    TorchArchive(File file) throws IOException, MalformedModelException {
        checkFormat(file);
        zip = new ZipFile(file);
        try {
            folder = folder(zip);
        } catch (MalformedModelException e) {
            zip.close();
            throw e;
        }
    }

    /** Rejects the formats that PyTorch wrote before version 1.6, and pointers to files. */
    private static void checkFormat(File file) throws IOException, MalformedModelException {
        String start;
        try (InputStream in = Files.newInputStream(file.toPath())) {
            start = new String(in.readNBytes(TAR_AT + TAR.length()), StandardCharsets.ISO_8859_1);
        }
        if (start.startsWith(LFS)) {
            throw new MalformedModelException(
                    "expected a zip archive but found a pointer of Git LFS; run git lfs pull");
        }
        boolean tar = start.startsWith(TAR, TAR_AT);
        if (tar || start.startsWith(MAGIC, MAGIC_AT)) {
            throw new MalformedModelException(
                    "expected a zip archive, which PyTorch writes since version 1.6, but found an"
                            + " older "
                            + (tar ? "tar archive" : "pickle")
                            + "; save it anew in PyTorch: torch.save(torch.load(path, map_location="
                            + "'cpu'"
                            + (tar ? ", weights_only=False" : "")
                            + "), path)");
        }
    }

    private static String folder(ZipFile zip) throws MalformedModelException {
        List<String> names =
                zip.stream()
                        .map(ZipEntry::getName)
                        .filter(name -> name.endsWith("/" + PICKLE))
                        .toList();
        if (names.size() != 1 || names.get(0).indexOf('/') != names.get(0).lastIndexOf('/')) {
            throw new MalformedModelException(
                    "expected one entry "
                            + PICKLE
                            + " in a folder but found "
                            + PickledValues.line(names.toString()));
        }
        return names.get(0).substring(0, names.get(0).length() - PICKLE.length());
    }

    /** Returns the byte order of the storages. Archives of PyTorch before 2.1 do not say it. */
    ByteOrder byteOrder() throws IOException, MalformedModelException {
        if (zip.getEntry(folder + "byteorder") == null) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        String order = new String(entry("byteorder", 16), StandardCharsets.US_ASCII);
        return switch (order) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default ->
                    throw new MalformedModelException(
                            "expected the byte order little or big but found "
                                    + PickledValues.line(order));
        };
    }

    /** Returns the bytes of the pickle. */
    byte[] pickle() throws IOException, MalformedModelException {
        return entry(PICKLE, MAX_PICKLE_BYTES);
    }

    /** Returns the bytes of the storage with a key. */
    byte[] storage(String key) throws IOException, MalformedModelException {
        return entry("data/" + key, TorchCheckpoint.MAX_BYTES);
    }

    private byte[] entry(String inFolder, long most) throws IOException, MalformedModelException {
        String name = folder + inFolder;
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

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
