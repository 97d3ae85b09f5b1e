package io.github.freqreg.interop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes an {@code .npz} file like {@code numpy.savez_compressed}.
 *
 * <p>Equal arrays give equal bytes: all entries have a fixed time stamp, where DJL's writer stores
 * the current time.
 */
final class NpzWriter {

    /** The most entries of a zip archive without the zip64 extension. */
    static final int MAX_ARRAYS = 0xfffe;

    /** With the earliest date of zip, 1980-01-01, Java would add a field that has a time zone. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

    /** The alignment of the elements, in bytes. */
    private static final int ALIGNMENT = 64;

    /** The bytes of magic, version and header length. */
    private static final int START = 10;

    private NpzWriter() {}

    /** Encodes arrays, all of which have names. */
    static byte[] write(NDList arrays) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            for (NDArray array : arrays) {
                ZipEntry entry = new ZipEntry(array.getName() + NpzReader.SUFFIX);
                entry.setTimeLocal(TIME);
                zip.putNextEntry(entry);
                zip.write(head(array));
                zip.write(array.toByteArray());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("An in-memory stream failed", e);
        }
        return file.toByteArray();
    }

    /** Returns what precedes the elements in an {@code .npy} array of version 1.0. */
    static byte[] head(NDArray array) {
        long[] extents = array.getShape().getShape();
        String tuple =
                Arrays.stream(extents)
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining(", ", "(", extents.length == 1 ? ",)" : ")"));
        String header =
                "{'descr': '"
                        + array.getDataType().asNumpy()
                        + "', 'fortran_order': False, 'shape': "
                        + tuple
                        + ", }";
        int size = START + header.length() + 1;
        int length = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] head = new byte[length];
        Arrays.fill(head, (byte) ' ');
        System.arraycopy(NpyReader.MAGIC, 0, head, 0, NpyReader.MAGIC.length);
        head[6] = 1;
        head[7] = 0;
        head[8] = (byte) (length - START);
        head[9] = (byte) (length - START >> Byte.SIZE);
        byte[] text = header.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, head, START, text.length);
        head[length - 1] = '\n';
        return head;
    }
}
