package io.github.freqreg.interop;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes safetensors, npy and npz files byte by byte, including invalid ones. */
final class ArrayBytes {

    /** The header of a safetensors file with an array a of two float32. */
    static final String HEADER = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    /** The header of the same array in npy. */
    static final String DICT = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

    private final List<Entry> entries = new ArrayList<>();

    private record Entry(byte[] name, int flags, int method, byte[] content, byte[] packed) {

        int crc() {
            CRC32 crc = new CRC32();
            crc.update(content);
            return (int) crc.getValue();
        }
    }

    /** Returns the entry of a float32 array in the header of a safetensors file. */
    static String entry(String name, String shape, int from, int to) {
        return "\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                .formatted(name, shape, from, to);
    }

    static byte[] safetensors(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return little(8 + json.length + data.length)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    static byte[] npy(String dict, byte[] data) {
        return npy(1, 0, dict + "\n", data);
    }

    static byte[] npy(int major, int minor, String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer file = little((major == 1 ? 10 : 12) + text.length + data.length);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) major, (byte) minor});
        if (major == 1) {
            file.putShort((short) text.length);
        } else {
            file.putInt(text.length);
        }
        return file.put(text).put(data).array();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Adds a stored entry, as numpy.savez does. */
    ArrayBytes stored(String name, byte[] content) {
        return entry(name.getBytes(StandardCharsets.UTF_8), 0, 0, content, content);
    }

    /** Adds a deflated entry with its sizes in a descriptor behind it, as DJL does. */
    ArrayBytes deflated(String name, byte[] content) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
        deflater.setInput(content);
        deflater.finish();
        byte[] packed = new byte[content.length + 64];
        packed = Arrays.copyOf(packed, deflater.deflate(packed));
        deflater.end();
        return entry(name.getBytes(StandardCharsets.UTF_8), 8, 8, content, packed);
    }

    ArrayBytes entry(byte[] name, int flags, int method, byte[] content, byte[] packed) {
        entries.add(new Entry(name, flags, method, content, packed));
        return this;
    }

    byte[] zip() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ByteArrayOutputStream directory = new ByteArrayOutputStream();
        for (Entry each : entries) {
            int at = file.size();
            boolean behind = (each.flags & 8) != 0;
            ByteBuffer sizes = little(12).putInt(each.crc());
            sizes.putInt(each.packed.length).putInt(each.content.length);
            ByteBuffer local = little(30).putInt(0x04034b50).putShort((short) 20);
            local.putShort((short) each.flags).putShort((short) each.method).putInt(0);
            local.put(behind ? new byte[12] : sizes.array());
            file.writeBytes(local.putShort((short) each.name.length).array());
            file.writeBytes(each.name);
            file.writeBytes(each.packed);
            if (behind) {
                file.writeBytes(little(4).putInt(0x08074b50).array());
                file.writeBytes(sizes.array());
            }
            ByteBuffer central = little(46).putInt(0x02014b50).putShort((short) 20);
            central.putShort((short) 20).putShort((short) each.flags);
            central.putShort((short) each.method).putInt(0).put(sizes.array());
            central.putShort((short) each.name.length).putInt(42, at);
            directory.writeBytes(central.array());
            directory.writeBytes(each.name);
        }
        int from = file.size();
        file.writeBytes(directory.toByteArray());
        ByteBuffer end = little(22).putInt(0x06054b50).putInt(0);
        end.putShort((short) entries.size()).putShort((short) entries.size());
        file.writeBytes(end.putInt(directory.size()).putInt(from).array());
        return file.toByteArray();
    }
}
