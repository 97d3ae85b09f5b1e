package io.github.freqreg.interop.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes checkpoints like torch.save, one instruction at a time, including invalid ones. */
public final class PickleWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, byte[]> storages = new LinkedHashMap<>();
    private int method = ZipEntry.STORED;
    private String byteOrder = "";

    public PickleWriter op(int... bytes) {
        for (int each : bytes) {
            out.write(each);
        }
        return this;
    }

    public PickleWriter text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return op('X').number(bytes.length).bytes(bytes);
    }

    public PickleWriter global(String module, String name) {
        return op('c').bytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    public PickleWriter integer(int value) {
        return op('J').number(value);
    }

    public PickleWriter tuple(int... values) {
        op('(');
        for (int value : values) {
            integer(value);
        }
        return op('t');
    }

    private PickleWriter number(int value) {
        ByteBuffer four = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value);
        return bytes(four.array());
    }

    public PickleWriter bytes(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    /** Adds the entry of a storage. */
    public PickleWriter storage(String key, byte[] content) {
        storages.put(key, content);
        return this;
    }

    /** Says the byte order of the storages. */
    public PickleWriter byteOrder(String order) {
        byteOrder = order;
        return this;
    }

    /** Pushes a strided view of a new storage. */
    public PickleWriter tensor(
            String storage,
            String key,
            int count,
            byte[] content,
            int offset,
            int[] shape,
            int[] strides) {
        storage(key, content);
        global("torch._utils", "_rebuild_tensor_v2");
        op('(', '(').text("storage").global("torch", storage).text(key).text("cpu");
        integer(count).op('t', 'Q').integer(offset).tuple(shape).tuple(strides).op(0x89);
        return global("collections", "OrderedDict").op(')', 'R', 't', 'R');
    }

    /** Pushes a sparse tensor of two axes. */
    public PickleWriter sparse(long[] rows, long[] columns, float[] values, int... shape) {
        int count = values.length;
        ByteBuffer indices = ByteBuffer.allocate(16 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] axis : new long[][] {rows, columns}) {
            for (long index : axis) {
                indices.putLong(index);
            }
        }
        global("torch._utils", "_rebuild_sparse_tensor");
        global("torch.serialization", "_get_layout").text("torch.sparse_coo").op(0x85, 'R');
        tensor(
                "LongStorage",
                "70",
                2 * count,
                indices.array(),
                0,
                new int[] {2, count},
                new int[] {count, 1});
        tensor("FloatStorage", "71", count, floats(values), 0, new int[] {count}, new int[] {1});
        return global("torch", "Size").tuple(shape).op(0x85, 'R', 0x87, 0x86, 'R');
    }

    public static byte[] floats(float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    public PickleWriter compressed() {
        method = ZipEntry.DEFLATED;
        return this;
    }

    public byte[] content() {
        return out.toByteArray();
    }

    public Path write(Path file) throws IOException {
        return Files.write(file, zip());
    }

    public byte[] zip() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            put(zip, "archive/data.pkl", out.toByteArray());
            put(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
            if (!byteOrder.isEmpty()) {
                put(zip, "archive/byteorder", byteOrder.getBytes(StandardCharsets.US_ASCII));
            }
            for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
                put(zip, "archive/data/" + storage.getKey(), storage.getValue());
            }
        }
        return file.toByteArray();
    }

    private void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(method);
        // A fixed time stamp makes the bytes reproducible.
        entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
        if (method == ZipEntry.STORED) {
            CRC32 checksum = new CRC32();
            checksum.update(content);
            entry.setSize(content.length);
            entry.setCrc(checksum.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
