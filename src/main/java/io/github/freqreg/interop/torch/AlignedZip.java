package io.github.freqreg.interop.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;

/**
 * Writes a zip archive of a fixed time, in which the tensors' records start at multiples of 64
 * bytes, as PyTorch writes them, or are deflated.
 */
final class AlignedZip {

    private static final int LOCAL = 0x04034b50;
    private static final int ENTRY = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int LOCAL_SIZE = 30;
    private static final int ENTRY_SIZE = 46;
    private static final int END_SIZE = 22;
    private static final int VERSION = 20;
    private static final int UTF_8 = 1 << 11;

    /** The date 1980-01-01. */
    private static final int DATE = 1 << 5 | 1;

    private static final int ALIGNMENT = 64;

    /** PyTorch's extra field of blanks: a header of four bytes, and the bytes Z. */
    private static final short PADDING = 'F' | 'B' << 8;

    private static final int PADDING_HEADER = 4;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private int count;

    /** Adds a record, deflated if that makes it smaller. */
    void add(String name, byte[] content) {
        byte[] deflated = deflate(content);
        boolean smaller = deflated.length < content.length;
        add(name, content, smaller ? deflated : content, 0);
    }

    /** Adds a record of a tensor, deflated if that makes it smaller, aligned otherwise. */
    void addTensor(String name, byte[] content) {
        addTensor(name, content, deflate(content));
    }

    /** Adds a record of a tensor, aligned. */
    void addStoredTensor(String name, byte[] content) {
        addTensor(name, content, content);
    }

    private void addTensor(String name, byte[] content, byte[] deflated) {
        int start = out.size() + LOCAL_SIZE + bytes(name).length + PADDING_HEADER;
        int padding = PADDING_HEADER + (ALIGNMENT - start % ALIGNMENT) % ALIGNMENT;
        boolean smaller = deflated.length < content.length + padding;
        add(name, content, smaller ? deflated : content, smaller ? 0 : padding);
    }

    private void add(String name, byte[] content, byte[] packed, int padding) {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        byte[] encoded = bytes(name);
        boolean ascii = encoded.length == name.length();
        // What the local header and the directory have in common, from the version on.
        ByteBuffer common = buffer(22);
        common.putShort((short) VERSION).putShort((short) (ascii ? 0 : UTF_8));
        common.putShort((short) (packed == content ? ZipEntry.STORED : ZipEntry.DEFLATED));
        common.putShort((short) 0).putShort((short) DATE);
        common.putInt((int) checksum.getValue()).putInt(packed.length).putInt(content.length);
        int offset = out.size();
        out.writeBytes(buffer(4).putInt(LOCAL).array());
        out.writeBytes(common.array());
        out.writeBytes(lengths(encoded, padding));
        out.writeBytes(encoded);
        if (padding > 0) {
            ByteBuffer extra = buffer(padding);
            extra.putShort(PADDING).putShort((short) (padding - PADDING_HEADER));
            while (extra.hasRemaining()) {
                extra.put((byte) 'Z');
            }
            out.writeBytes(extra.array());
        }
        out.writeBytes(packed);

        directory.writeBytes(buffer(6).putInt(ENTRY).putShort((short) VERSION).array());
        directory.writeBytes(common.array());
        directory.writeBytes(lengths(encoded, 0));
        // Comment, disk, attributes, place.
        directory.writeBytes(buffer(ENTRY_SIZE - 32).putInt(10, offset).array());
        directory.writeBytes(encoded);
        count++;
    }

    private static byte[] lengths(byte[] name, int extra) {
        return buffer(4).putShort((short) name.length).putShort((short) extra).array();
    }

    /** Returns the whole archive. */
    byte[] finish() {
        int start = out.size();
        out.writeBytes(directory.toByteArray());
        ByteBuffer end = buffer(END_SIZE);
        end.putInt(END).putInt(0).putShort((short) count).putShort((short) count);
        end.putInt(directory.size()).putInt(start);
        out.writeBytes(end.array());
        return out.toByteArray();
    }

    private static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] deflate(byte[] content) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
        try {
            deflater.setInput(content);
            deflater.finish();
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            byte[] part = new byte[1 << 13];
            while (!deflater.finished()) {
                packed.write(part, 0, deflater.deflate(part));
            }
            return packed.toByteArray();
        } finally {
            deflater.end();
        }
    }
}
