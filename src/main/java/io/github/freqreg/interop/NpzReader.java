package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads the bytes of an {@code .npz} file: a zip archive of {@code .npy} arrays.
 *
 * <p>The archive is read here, as a reader that is lenient leaves open which of two names or sizes
 * holds, and what lies between the entries. It is entries one behind the other from the first byte
 * on, the central directory, and its end, which is the end of the file; entries and directory say
 * the same; nothing overlaps or is left. Entries are stored, as {@code numpy.savez} does, or
 * deflated, as {@code savez_compressed} and DJL do. A name is never a path.
 *
 * <p>What is larger than 4 GiB needs more (zip64); NumPy notes sizes in that way in front of each
 * entry, where it is read.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">the format of zip</a>
 */
final class NpzReader {

    /** Deflate makes at most so many bytes of one; what says more is refused unread. */
    static final int MAX_RATIO = 1032;

    private static final int LOCAL = 0x04034b50;
    private static final int DESCRIPTOR = 0x08074b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;

    private static final int LOCAL_SIZE = 30;
    private static final int CENTRAL_SIZE = 46;
    private static final int END_SIZE = 22;
    private static final int DESCRIPTOR_SIZE = 16;
    private static final int DESCRIPTOR_64_SIZE = 24;

    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    /** Sizes stand behind the content, in a descriptor. */
    private static final int DESCRIBED = 1 << 3;

    private static final int UTF_8 = 1 << 11;

    /** How hard it was deflated. */
    private static final int EFFORT = 3 << 1;

    private static final long IN_EXTRA = 0xffffffffL;
    private static final int ZIP_64 = 1;
    static final String SUFFIX = ".npy";

    private final ByteBuffer file;

    private NpzReader(byte[] bytes) {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What the central directory says of an entry; sizes and offsets are unsigned. */
    private record Entry(
            byte[] name, int flags, int method, int crc, long packed, long size, long at) {

        boolean described() {
            return (flags & DESCRIBED) != 0;
        }
    }

    /** The arrays, in the order of the archive. */
    static List<RawArray> read(byte[] bytes) throws MalformedModelException {
        return new NpzReader(bytes).read();
    }

    private List<RawArray> read() throws MalformedModelException {
        int end = file.limit() - END_SIZE;
        if (end < 0 || file.getInt(end) != END) {
            throw new MalformedModelException(
                    "expected a zip archive that ends with the end of its directory");
        }
        int count = file.getShort(end + 10) & 0xffff;
        long directory = file.getInt(end + 16) & 0xffffffffL;
        long length = file.getInt(end + 12) & 0xffffffffL;
        boolean oneDisk = file.getInt(end + 4) == 0 && file.getShort(end + 8) == (short) count;
        if (!oneDisk || directory + length != end || file.getShort(end + 20) != 0) {
            throw new MalformedModelException(
                    "expected the directory of the zip archive up to its end at "
                            + end
                            + " but found it from "
                            + directory
                            + ", of "
                            + length
                            + " bytes");
        }
        List<Entry> entries = entries(count, (int) directory, end);
        return arrays(entries, (int) directory);
    }

    private List<Entry> entries(int count, int from, int end) throws MalformedModelException {
        List<Entry> entries = new ArrayList<>();
        int at = from;
        for (int i = 0; i < count; i++) {
            if (end - at < CENTRAL_SIZE || file.getInt(at) != CENTRAL) {
                throw new MalformedModelException(
                        "expected entry " + i + " of " + count + " in the zip archive's directory");
            }
            int name = file.getShort(at + 28) & 0xffff;
            int more = (file.getShort(at + 30) & 0xffff) + (file.getShort(at + 32) & 0xffff) + name;
            if (end - at - CENTRAL_SIZE < more || file.getShort(at + 34) != 0) {
                throw new MalformedModelException(
                        "entry " + i + " does not fit the zip archive's directory");
            }
            entries.add(
                    new Entry(
                            bytes(at + CENTRAL_SIZE, name),
                            file.getShort(at + 8) & 0xffff,
                            file.getShort(at + 10) & 0xffff,
                            file.getInt(at + 16),
                            file.getInt(at + 20) & 0xffffffffL,
                            file.getInt(at + 24) & 0xffffffffL,
                            file.getInt(at + 42) & 0xffffffffL));
            at += CENTRAL_SIZE + more;
        }
        if (at != end) {
            throw new MalformedModelException(
                    "expected "
                            + count
                            + " entries in the zip archive's directory but "
                            + (end - at)
                            + " bytes are left");
        }
        return entries;
    }

    private byte[] bytes(int at, int count) {
        byte[] bytes = new byte[count];
        file.get(at, bytes);
        return bytes;
    }

    private List<RawArray> arrays(List<Entry> entries, int directory)
            throws MalformedModelException {
        List<RawArray> arrays = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long left = ArrayFile.MAX_BYTES;
        long at = 0;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            String name = name(entry, i);
            RawArray.checkName(name, names);
            long next = i + 1 < entries.size() ? entries.get(i + 1).at : directory;
            if (entry.at != at || next < at || next > directory) {
                throw new MalformedModelException(
                        "expected array "
                                + name
                                + " in the zip archive from "
                                + at
                                + " to at most "
                                + directory
                                + " but found it from "
                                + entry.at
                                + " to "
                                + next);
            }
            checkSizes(name, entry, left);
            left -= entry.size;
            arrays.add(NpyReader.read(name, content(name, entry, (int) next)));
            at = next;
        }
        if (at != directory) {
            throw new MalformedModelException(
                    "expected entries before the zip archive's directory but found "
                            + directory
                            + " bytes that are in none");
        }
        return arrays;
    }

    private static String name(Entry entry, int index) throws MalformedModelException {
        String name = FrqChecks.text(entry.name, index);
        // As many letters as bytes are ASCII alone.
        if ((entry.flags & UTF_8) == 0 && name.length() != entry.name.length) {
            throw new MalformedModelException(
                    "the name of array " + index + " is not marked as UTF-8");
        }
        if (!name.endsWith(SUFFIX)) {
            throw new MalformedModelException(
                    "expected an entry whose name ends with .npy but found " + name);
        }
        return name.substring(0, name.length() - SUFFIX.length());
    }

    private static void checkSizes(String name, Entry entry, long left)
            throws MalformedModelException {
        if ((entry.flags & ~(DESCRIBED | UTF_8 | EFFORT)) != 0
                || entry.method != STORED && entry.method != DEFLATED) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected array %s stored or deflated but found method %d with the"
                                    + " flags %04x",
                            name,
                            entry.method,
                            entry.flags));
        }
        if (entry.method == STORED && entry.size != entry.packed) {
            throw new MalformedModelException(
                    "expected "
                            + entry.packed
                            + " bytes of array "
                            + name
                            + ", which is stored, but found "
                            + entry.size);
        }
        long most = Math.min(left, MAX_RATIO * entry.packed);
        if (entry.size > most) {
            throw new MalformedModelException(
                    "expected at most "
                            + most
                            + " bytes of array "
                            + name
                            + ", which has "
                            + entry.packed
                            + " in the zip archive, but found "
                            + entry.size);
        }
    }

    /** What an entry holds, which ends where the next one begins. */
    private ByteBuffer content(String name, Entry entry, int next) throws MalformedModelException {
        int at = (int) entry.at;
        if (next - at < LOCAL_SIZE || file.getInt(at) != LOCAL) {
            throw new MalformedModelException("expected array " + name + " to be a zip entry");
        }
        int nameLength = file.getShort(at + 26) & 0xffff;
        int extra = file.getShort(at + 28) & 0xffff;
        int start = at + LOCAL_SIZE + nameLength + extra;
        if (start > next
                || file.getShort(at + 6) != (short) entry.flags
                || file.getShort(at + 8) != (short) entry.method
                || !Arrays.equals(entry.name, bytes(at + LOCAL_SIZE, nameLength))) {
            throw new MalformedModelException(
                    "expected array " + name + " as the zip archive's directory tells it");
        }
        long behind = next - start - entry.packed;
        boolean same =
                entry.described()
                        ? describes(entry, next - behind, behind)
                        : behind == 0 && hasSizes(entry, at, start - extra, start);
        if (!same) {
            throw new MalformedModelException(
                    "expected the sizes of array "
                            + name
                            + " as the zip archive's directory tells them");
        }
        return checked(name, entry, unpack(name, entry, start));
    }

    /** Whether a descriptor says what the directory does. */
    private boolean describes(Entry entry, long from, long length) {
        if (length != DESCRIPTOR_SIZE && length != DESCRIPTOR_64_SIZE) {
            return false;
        }
        int at = (int) from;
        boolean wide = length == DESCRIPTOR_64_SIZE;
        long packed = wide ? file.getLong(at + 8) : file.getInt(at + 8) & 0xffffffffL;
        long size = wide ? file.getLong(at + 16) : file.getInt(at + 12) & 0xffffffffL;
        return file.getInt(at) == DESCRIPTOR
                && file.getInt(at + 4) == entry.crc
                && packed == entry.packed
                && size == entry.size;
    }

    /** Whether an entry itself has the directory's checksum and sizes, maybe in its extra field. */
    private boolean hasSizes(Entry entry, int at, int extra, int end) {
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
        return file.getInt(at + 14) == entry.crc && packed == entry.packed && size == entry.size;
    }

    private ByteBuffer unpack(String name, Entry entry, int start) throws MalformedModelException {
        int packed = (int) entry.packed;
        if (entry.method == STORED) {
            return file.slice(start, packed);
        }
        Inflater inflater = new Inflater(true);
        try {
            byte[] content = new byte[(int) entry.size];
            inflater.setInput(file.array(), start, packed);
            int filled = 0;
            int more;
            do {
                more = inflater.inflate(content, filled, content.length - filled);
                filled += more;
            } while (more > 0);
            // The end of the code is behind the last byte.
            boolean whole = filled == content.length && inflater.inflate(new byte[1]) == 0;
            if (!whole || !inflater.finished() || inflater.getBytesRead() != packed) {
                throw new MalformedModelException(
                        "expected array "
                                + name
                                + " to be "
                                + entry.size
                                + " bytes, deflated to "
                                + packed);
            }
            return ByteBuffer.wrap(content);
        } catch (DataFormatException e) {
            throw new MalformedModelException("array " + name + " is not deflated well", e);
        } finally {
            inflater.end();
        }
    }

    private static ByteBuffer checked(String name, Entry entry, ByteBuffer content)
            throws MalformedModelException {
        CRC32 checksum = new CRC32();
        checksum.update(content.duplicate());
        if ((int) checksum.getValue() != entry.crc) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected the checksum %08x of array %s but found %08x",
                            entry.crc,
                            name,
                            (int) checksum.getValue()));
        }
        return content;
    }
}
