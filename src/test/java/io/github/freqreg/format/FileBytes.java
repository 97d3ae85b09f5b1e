package io.github.freqreg.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Writes files byte by byte, including files that no encoder would write. */
final class FileBytes {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Starts a file of version 1. */
    static FileBytes version1() {
        return new FileBytes().bytes('F', 'R', 'Q', 1);
    }

    /** Starts a file of version 1 without inputs, up to its only tensor. */
    static FileBytes oneTensor() {
        return version1().varint(0).varint(1);
    }

    /** Replaces the last four bytes of a file by the checksum of the others. */
    static byte[] sealed(byte[] file) {
        return new FileBytes().raw(Arrays.copyOf(file, file.length - Integer.BYTES)).seal();
    }

    FileBytes bytes(int... bytes) {
        for (int each : bytes) {
            out.write(each);
        }
        return this;
    }

    FileBytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    FileBytes varint(long value) {
        long rest = value;
        for (; rest > 127; rest /= 128) {
            out.write((int) (128 + rest % 128));
        }
        return bytes((int) rest);
    }

    FileBytes name(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return varint(bytes.length).raw(bytes);
    }

    FileBytes shape(long... extents) {
        varint(extents.length);
        for (long extent : extents) {
            varint(extent);
        }
        return this;
    }

    FileBytes floats(float... values) {
        for (float value : values) {
            raw(little(Float.BYTES).putFloat(value).array());
        }
        return this;
    }

    /** Appends the correct checksum. */
    byte[] seal() {
        CRC32C checksum = new CRC32C();
        checksum.update(out.toByteArray());
        raw(little(Integer.BYTES).putInt((int) checksum.getValue()).array());
        return out.toByteArray();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
