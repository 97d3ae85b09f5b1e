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
 * Writes arrays as an {@code .npz} file, as {@code numpy.savez_compressed} does.
 *
 * <p>Equal arrays give equal bytes: every entry has the same time, where DJL's own writer puts the
 * time of day.
 */
final class NpzWriter {

    /** One below the number by which a zip archive says that it is of the larger kind (zip64). */
    static final int MAX_ARRAYS = 0xfffe;

    /**
     * For 1980-01-01, the earliest of a zip archive, Java adds a time in the zone of the machine.
     */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

    /** Elements begin at a multiple of it. */
    private static final int ALIGNMENT = 64;

    /** Magic, version, and the length of the header. */
    private static final int START = 10;

    private NpzWriter() {}

    /** The bytes of a file of arrays that have names. */
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
            throw new UncheckedIOException("Memory cannot be written", e);
        }
        return file.toByteArray();
    }

    /** What stands before the elements in an {@code .npy} array, of version 1.0. */
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
