package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;

/**
 * The zip archive that {@code torch.save} writes: a pickle, and an entry for each storage.
 *
 * <p>No entry is compressed, so none is larger than the file.
 */
final class TorchArchive implements AutoCloseable {

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

    private final TorchRecords records;

    /**
     * Opens an archive.
     *
     * @throws java.util.zip.ZipException if the file is not a zip archive
     */
    TorchArchive(File file) throws IOException, MalformedModelException {
        checkFormat(file);
        records = new TorchRecords(file);
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

    /** Returns the byte order of the storages. Archives of PyTorch before 2.1 do not say it. */
    ByteOrder byteOrder() throws IOException, MalformedModelException {
        if (!records.has("byteorder")) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        String order = new String(records.readStored("byteorder", 16), StandardCharsets.US_ASCII);
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
        return records.readStored(TorchRecords.PICKLE, MAX_PICKLE_BYTES);
    }

    /** Returns the bytes of the storage with a key. */
    byte[] storage(String key) throws IOException, MalformedModelException {
        return records.readStored("data/" + key, TorchCheckpoint.MAX_BYTES);
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
