package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Extracts the entries of a zip archive, each of which must agree with the central directory and
 * end where the next one begins.
 */
final class ZipExtractor {

    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_SIZE = 30;
    private static final int DESCRIPTOR = 0x08074b50;
    private static final int DESCRIPTOR_SIZE = 16;
    private static final int DESCRIPTOR_64_SIZE = 24;

    /**
     * The value of a 32-bit size in a local header if the extra field has it as 64 bits (ZIP64).
     */
    private static final long IN_EXTRA = 0xffffffffL;

    private static final int ZIP_64 = 1;

    private final ByteBuffer file;

    /** Takes a whole archive, little-endian and backed by an array. */
    ZipExtractor(ByteBuffer file) {
        this.file = file;
    }

    /**
     * Extracts an entry.
     *
     * @param array the name of the array in it, for messages
     * @param member the entry, whose packed size fits the file
     * @param end the offset at which the entry must end
     */
    ByteBuffer extract(String array, ZipMember member, int end) throws MalformedModelException {
        int at = (int) member.offset();
        if (end - at < LOCAL_SIZE || file.getInt(at) != LOCAL) {
            throw new MalformedModelException(
                    "expected a zip entry of array " + array + " at byte " + at);
        }
        int nameLength = file.getShort(at + 26) & 0xffff;
        int extraLength = file.getShort(at + 28) & 0xffff;
        int extra = at + LOCAL_SIZE + nameLength;
        int content = extra + extraLength;
        if (content > end
                || file.getShort(at + 6) != (short) member.flags()
                || file.getShort(at + 8) != (short) member.method()
                || !Arrays.equals(member.name(), bytes(at + LOCAL_SIZE, nameLength))) {
            throw new MalformedModelException(
                    "the zip entry of array " + array + " differs from the archive's directory");
        }
        long behind = end - content - member.packed();
        boolean same =
                member.hasDescriptor()
                        ? descriptorMatches(member, end - behind, behind)
                        : behind == 0 && headerMatches(member, extra, content);
        if (!same) {
            throw new MalformedModelException(
                    "the sizes of array "
                            + array
                            + " or its checksum differ between its zip entry and the archive's"
                            + " directory");
        }
        ByteBuffer bytes = unpack(array, member, content);
        checkChecksum(array, member, bytes);
        return bytes;
    }

    private byte[] bytes(int at, int count) {
        byte[] bytes = new byte[count];
        file.get(at, bytes);
        return bytes;
    }

    /** Compares the descriptor behind the content with the directory. */
    private boolean descriptorMatches(ZipMember member, long from, long length) {
        if (length != DESCRIPTOR_SIZE && length != DESCRIPTOR_64_SIZE) {
            return false;
        }
        int at = (int) from;
        boolean wide = length == DESCRIPTOR_64_SIZE;
        long packed = wide ? file.getLong(at + 8) : file.getInt(at + 8) & 0xffffffffL;
        long size = wide ? file.getLong(at + 16) : file.getInt(at + 12) & 0xffffffffL;
        return file.getInt(at) == DESCRIPTOR
                && file.getInt(at + 4) == member.crc()
                && packed == member.packed()
                && size == member.size();
    }

    /** Compares the sizes of the local header, or of its zip64 field, with the directory. */
    private boolean headerMatches(ZipMember member, int extra, int end) {
        int at = (int) member.offset();
        long packed = file.getInt(at + 18) & 0xffffffffL;
        long size = file.getInt(at + 22) & 0xffffffffL;
        if (packed == IN_EXTRA && size == IN_EXTRA) {
            for (int from = extra; end - from >= 4; from += 4 + file.getShort(from + 2)) {
                int length = file.getShort(from + 2);
                if (length < 0 || length > end - from - 4) {
                    return false;
                }
                if (file.getShort(from) == ZIP_64 && length == 2 * Long.BYTES) {
                    size = file.getLong(from + 4);
                    packed = file.getLong(from + 4 + Long.BYTES);
                }
            }
        }
        return file.getInt(at + 14) == member.crc()
                && packed == member.packed()
                && size == member.size();
    }

    private ByteBuffer unpack(String array, ZipMember member, int start)
            throws MalformedModelException {
        int packed = (int) member.packed();
        if (member.method() == ZipMember.STORED) {
            return file.slice(start, packed);
        }
        Inflater inflater = new Inflater(true);
        try {
            byte[] content = new byte[(int) member.size()];
            inflater.setInput(file.array(), start, packed);
            int filled = 0;
            int more;
            do {
                more = inflater.inflate(content, filled, content.length - filled);
                filled += more;
            } while (more > 0);
            // Asks for one more byte, so that the inflater reads the end marker.
            boolean whole = filled == content.length && inflater.inflate(new byte[1]) == 0;
            if (!whole || !inflater.finished() || inflater.getBytesRead() != packed) {
                throw new MalformedModelException(
                        "expected array "
                                + array
                                + " to be "
                                + member.size()
                                + " bytes, deflated to "
                                + packed);
            }
            return ByteBuffer.wrap(content);
        } catch (DataFormatException e) {
            throw new MalformedModelException("the deflated array " + array + " is corrupt", e);
        } finally {
            inflater.end();
        }
    }

    private static void checkChecksum(String array, ZipMember member, ByteBuffer content)
            throws MalformedModelException {
        CRC32 checksum = new CRC32();
        checksum.update(content.duplicate());
        if ((int) checksum.getValue() != member.crc()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected the checksum %08x of array %s but found %08x",
                            member.crc(),
                            array,
                            (int) checksum.getValue()));
        }
    }
}
