package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.checks.FileChecks;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads an {@code .npz} file: a zip archive of {@code .npy} arrays.
 *
 * <p>The archive is parsed here, because lenient zip readers disagree about which of two
 * conflicting names or sizes counts and ignore bytes between entries. An archive must be its
 * entries from the first byte on without gaps or overlaps, the central directory, and its end
 * record at the end of the file; entries and directory must agree. Entries are stored, as {@code
 * numpy.savez} writes them, or deflated, as {@code savez_compressed} and DJL do. Names are never
 * used as paths.
 *
 * <p>Files above 4 GiB would need the zip64 extension, which is not supported except for the sizes
 * in local headers, where NumPy uses it.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">the zip format</a>
 */
final class NpzReader {

    /** The highest compression ratio of deflate; a larger stated size is rejected unread. */
    static final int MAX_RATIO = 1032;

    static final String SUFFIX = ".npy";

    private final ZipExtractor extractor;
    private final ZipDirectory directory;

    private NpzReader(ByteBuffer file) throws MalformedModelException {
        extractor = new ZipExtractor(file);
        directory = ZipDirectory.read(file);
    }

    /** Returns the arrays in the order of the archive. */
    static List<RawArray> read(byte[] bytes) throws MalformedModelException {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new NpzReader(file).arrays();
    }

    private List<RawArray> arrays() throws MalformedModelException {
        List<ZipMember> members = directory.members();
        List<RawArray> arrays = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long bytesLeft = ArrayFile.MAX_BYTES;
        long at = 0;
        for (int i = 0; i < members.size(); i++) {
            ZipMember member = members.get(i);
            String name = name(member, i);
            RawArray.checkName(name, names);
            boolean last = i + 1 == members.size();
            long next = last ? directory.start() : members.get(i + 1).offset();
            checkPlace(name, member, at, next);
            checkSizes(name, member, bytesLeft);
            bytesLeft -= member.size();
            arrays.add(NpyReader.read(name, extractor.extract(name, member, (int) next)));
            at = next;
        }
        if (at != directory.start()) {
            throw new MalformedModelException(
                    "expected entries before the zip archive's directory but found "
                            + directory.start()
                            + " bytes that belong to none");
        }
        return arrays;
    }

    private static String name(ZipMember member, int index) throws MalformedModelException {
        String name = FileChecks.utf8(member.name(), index);
        boolean ascii = name.length() == member.name().length;
        if (!member.hasUtf8Name() && !ascii) {
            throw new MalformedModelException(
                    "the name of array " + index + " is not marked as UTF-8");
        }
        if (!name.endsWith(SUFFIX)) {
            throw new MalformedModelException(
                    "expected an entry whose name ends with .npy but found " + name);
        }
        return name.substring(0, name.length() - SUFFIX.length());
    }

    private void checkPlace(String name, ZipMember member, long at, long next)
            throws MalformedModelException {
        if (member.offset() != at || next < at || next > directory.start()) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " in the zip archive to start at byte "
                            + at
                            + " and to end at most at byte "
                            + directory.start()
                            + " but it takes the bytes "
                            + member.offset()
                            + " to "
                            + next);
        }
    }

    private static void checkSizes(String name, ZipMember member, long bytesLeft)
            throws MalformedModelException {
        if (!member.isSupported()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected array %s stored or deflated but found method %d with the"
                                    + " flags %04x",
                            name,
                            member.method(),
                            member.flags()));
        }
        if (member.method() == ZipMember.STORED && member.size() != member.packed()) {
            throw new MalformedModelException(
                    "expected "
                            + member.packed()
                            + " bytes of array "
                            + name
                            + ", which is stored without compression, but found "
                            + member.size());
        }
        long most = Math.min(bytesLeft, MAX_RATIO * member.packed());
        if (member.size() > most) {
            throw new MalformedModelException(
                    "expected at most "
                            + most
                            + " bytes of array "
                            + name
                            + ", which has "
                            + member.packed()
                            + " in the zip archive, but found "
                            + member.size());
        }
    }
}
