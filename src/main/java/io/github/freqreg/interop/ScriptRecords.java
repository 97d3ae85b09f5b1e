package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The records of a TorchScript archive: a zip archive, stored or deflated, whose entries are in one
 * folder, which is named after the file.
 *
 * <p>A record is never read beyond a limit that the caller sets, whatever size the archive states.
 */
final class ScriptRecords implements AutoCloseable {

    /** The record of the module. */
    static final String MODULE = "data.pkl";

    private final ZipFile zip;
    private final Map<String, ZipEntry> records;

    /**
     * Opens an archive.
     *
     * @throws java.util.zip.ZipException if the file is not a zip archive
     */
    ScriptRecords(File file) throws IOException, MalformedModelException {
        zip = new ZipFile(file);
        try {
            records = records(zip);
        } catch (MalformedModelException e) {
            zip.close();
            throw e;
        }
    }

    private static Map<String, ZipEntry> records(ZipFile zip) throws MalformedModelException {
        List<? extends ZipEntry> entries = zip.stream().toList();
        List<String> folders = new ArrayList<>();
        for (ZipEntry entry : entries) {
            int slash = entry.getName().indexOf('/');
            if (entry.getName().substring(slash + 1).equals(MODULE)) {
                folders.add(entry.getName().substring(0, slash + 1));
            }
        }
        if (folders.size() != 1) {
            throw new MalformedModelException(
                    "expected one entry " + MODULE + " in a folder but found " + folders.size());
        }
        Map<String, ZipEntry> records = new LinkedHashMap<>();
        for (ZipEntry entry : entries) {
            String folder = folders.get(0);
            boolean inside = entry.getName().startsWith(folder);
            String name = inside ? entry.getName().substring(folder.length()) : entry.getName();
            if (!inside || records.put(name, entry) != null) {
                throw new MalformedModelException(
                        "expected different entries in the folder "
                                + PickledValues.line(folder)
                                + " but found "
                                + PickledValues.line(entry.getName())
                                + (inside ? " twice" : ""));
            }
        }
        return records;
    }

    /** Returns the names of the records, in the archive's order. */
    List<String> names() {
        return List.copyOf(records.keySet());
    }

    boolean has(String name) {
        return records.containsKey(name);
    }

    /**
     * Reads a record.
     *
     * @param most the largest number of bytes that it may have
     */
    byte[] read(String name, long most) throws IOException, MalformedModelException {
        ZipEntry entry = records.get(name);
        if (entry == null) {
            throw new MalformedModelException(
                    "expected an entry " + PickledValues.line(name) + " but there is none");
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes((int) Math.min(most + 1, Integer.MAX_VALUE - 8));
            if (bytes.length > most) {
                throw new MalformedModelException(
                        "expected at most "
                                + most
                                + " bytes in the entry "
                                + PickledValues.line(name));
            }
            CRC32 checksum = new CRC32();
            checksum.update(bytes);
            if (bytes.length != entry.getSize() || checksum.getValue() != entry.getCrc()) {
                throw new MalformedModelException(
                        String.format(
                                Locale.ROOT,
                                "expected %d bytes with the checksum %08x in the entry %s but found"
                                        + " %d with %08x",
                                entry.getSize(),
                                entry.getCrc(),
                                PickledValues.line(name),
                                bytes.length,
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
