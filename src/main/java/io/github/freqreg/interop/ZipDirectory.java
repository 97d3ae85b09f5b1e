package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The central directory of a zip archive on one disk, without comments and without the zip64
 * extension.
 *
 * @param start the offset at which the directory starts and the entries end
 * @param members the entries, in the directory's order
 */
record ZipDirectory(int start, List<ZipMember> members) {

    private static final int ENTRY = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int ENTRY_SIZE = 46;
    private static final int END_SIZE = 22;

    /** Reads the directory, which must fill the file from its start to the end record. */
    static ZipDirectory read(ByteBuffer file) throws MalformedModelException {
        int end = file.limit() - END_SIZE;
        if (end < 0 || file.getInt(end) != END) {
            throw new MalformedModelException(
                    "expected a zip archive that ends with the end of its directory");
        }
        int count = file.getShort(end + 10) & 0xffff;
        long length = file.getInt(end + 12) & 0xffffffffL;
        long start = file.getInt(end + 16) & 0xffffffffL;
        boolean oneDisk = file.getInt(end + 4) == 0 && file.getShort(end + 8) == (short) count;
        if (!oneDisk || start + length != end || file.getShort(end + 20) != 0) {
            throw new MalformedModelException(
                    "expected the directory of the zip archive to end at byte "
                            + end
                            + " but it starts at byte "
                            + start
                            + " and has "
                            + length
                            + " bytes");
        }
        List<ZipMember> members = new ArrayList<>();
        int at = (int) start;
        for (int i = 0; i < count; i++) {
            int size = entrySize(file, at, end, i, count);
            members.add(member(file, at));
            at += size;
        }
        if (at != end) {
            throw new MalformedModelException(
                    "expected "
                            + count
                            + " entries in the zip archive's directory but "
                            + (end - at)
                            + " bytes are left");
        }
        return new ZipDirectory((int) start, members);
    }

    private static int entrySize(ByteBuffer file, int at, int end, int index, int count)
            throws MalformedModelException {
        if (end - at < ENTRY_SIZE || file.getInt(at) != ENTRY) {
            throw new MalformedModelException(
                    "expected entry " + index + " of " + count + " in the zip archive's directory");
        }
        int name = file.getShort(at + 28) & 0xffff;
        int extra = file.getShort(at + 30) & 0xffff;
        int comment = file.getShort(at + 32) & 0xffff;
        int size = ENTRY_SIZE + name + extra + comment;
        boolean firstDisk = file.getShort(at + 34) == 0;
        if (end - at < size || !firstDisk) {
            throw new MalformedModelException(
                    "entry " + index + " does not fit the zip archive's directory");
        }
        return size;
    }

    private static ZipMember member(ByteBuffer file, int at) {
        byte[] name = new byte[file.getShort(at + 28) & 0xffff];
        file.get(at + ENTRY_SIZE, name);
        return new ZipMember(
                name,
                file.getShort(at + 8) & 0xffff,
                file.getShort(at + 10) & 0xffff,
                file.getInt(at + 16),
                file.getInt(at + 20) & 0xffffffffL,
                file.getInt(at + 24) & 0xffffffffL,
                file.getInt(at + 42) & 0xffffffffL);
    }
}
