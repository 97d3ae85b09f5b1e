package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The records of an archive of PyTorch: a zip archive whose entries are in one folder, which is
 * named after the file.
 *
 * <p>A record is never read beyond a limit that the caller sets, whatever size the archive states.
 */
final class TorchRecords implements AutoCloseable {

    /** The record of the pickle. */
    static final String PICKLE = "data.pkl";

    private final ZipFile zip;
    private final String folder;
    private final Map<String, ZipEntry> records = new LinkedHashMap<>();

    /**
     * Opens an archive.
     *
     * @throws java.util.zip.ZipException if the file is not a zip archive
     */
    TorchRecords(File file) throws IOException, MalformedModelException {
        zip = new ZipFile(file);
        try {
            folder = folder(zip);
            for (ZipEntry entry : zip.stream().toList()) {
                String name = entry.getName();
                if (name.startsWith(folder)
                        && records.put(name.substring(folder.length()), entry) != null) {
                    throw new MalformedModelException(
                            "the entry " + PickledValues.line(name) + " appears twice");
                }
            }
        } catch (MalformedModelException e) {
            zip.close();
            throw e;
        }
    }

    private static String folder(ZipFile zip) throws MalformedModelException {
        List<String> names =
                zip.stream()
                        .map(ZipEntry::getName)
                        .filter(name -> name.substring(name.indexOf('/') + 1).equals(PICKLE))
                        .toList();
        if (names.size() != 1 || names.get(0).equals(PICKLE)) {
            throw new MalformedModelException(
                    "expected one entry "
                            + PICKLE
                            + " in a folder but found "
                            + PickledValues.line(names.toString()));
        }
        return names.get(0).substring(0, names.get(0).length() - PICKLE.length());
    }

    /** Returns the names of the records, in the archive's order. */
    List<String> names() {
        return List.copyOf(records.keySet());
    }

    boolean has(String name) {
        return records.containsKey(name);
    }

    /** Returns the size that the archive states for a record; -1 if it states none. */
    long size(String name) throws MalformedModelException {
        return entry(name).getSize();
    }

    private ZipEntry entry(String name) throws MalformedModelException {
        ZipEntry entry = records.get(name);
        if (entry == null) {
            throw new MalformedModelException(
                    "expected an entry "
                            + PickledValues.line(folder + name)
                            + " but there is none");
        }
        return entry;
    }

    /** Reads a record that must be stored, so that none is larger than the file. */
    byte[] readStored(String name, long most) throws IOException, MalformedModelException {
        if (entry(name).getMethod() != ZipEntry.STORED) {
            throw new MalformedModelException(
                    "expected the entry "
                            + PickledValues.line(folder + name)
                            + " to be stored, but it is compressed");
        }
        return read(name, most);
    }

    /**
     * Reads a record.
     *
     * @param most the largest number of bytes that it may have
     */
    byte[] read(String name, long most) throws IOException, MalformedModelException {
        ZipEntry entry = entry(name);
        long size = entry.getSize();
        if (size < 0 || size > most) {
            throw new MalformedModelException(
                    "expected at most "
                            + most
                            + " bytes in the entry "
                            + PickledValues.line(folder + name)
                            + " but found "
                            + size);
        }
        try (InputStream in = zip.getInputStream(entry)) {
            // One more, to notice a record that has more than it states.
            byte[] bytes = in.readNBytes((int) Math.min(size + 1, Integer.MAX_VALUE - 8));
            if (bytes.length != size) {
                throw new MalformedModelException(
                        "expected "
                                + size
                                + " bytes in the entry "
                                + PickledValues.line(folder + name)
                                + " but found "
                                + (bytes.length > size ? "more" : String.valueOf(bytes.length)));
            }
            checkChecksum(entry, bytes);
            return bytes;
        }
    }

    private static void checkChecksum(ZipEntry entry, byte[] bytes) throws MalformedModelException {
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        if (checksum.getValue() != entry.getCrc()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected the checksum %08x of the entry %s but found %08x",
                            entry.getCrc(),
                            PickledValues.line(entry.getName()),
                            checksum.getValue()));
        }
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
