package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads an array in NumPy's {@code .npy} format, and rejects what NumPy does not write.
 *
 * <pre>
 * array  = byte 93 (hexadecimal), 'NUMPY', version in 2 bytes, length of the header in 2 bytes
 *          (version 1.0) or 4 (2.0 and 3.0), little-endian, header, elements
 * header = {'descr': '&lt;f4', 'fortran_order': False, 'shape': (2, 3), }, spaces, a new line
 * </pre>
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the npy
 *     format</a>
 */
final class NpyReader {

    /** The largest header, in bytes, which is also NumPy's limit. */
    static final int MAX_HEADER = 10_000;

    static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    /** The least bytes of magic, version and header length. */
    private static final int START = MAGIC.length + 4;

    private static final Pattern HEADER =
            Pattern.compile(
                    "\\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \\(([0-9, ]*)\\),"
                            + " ?\\} *\n");

    /** The inside of a Python tuple of none, one (with a trailing comma) or several extents. */
    private static final Pattern TUPLE =
            Pattern.compile("|[0-9]{1,18},|[0-9]{1,18}(, [0-9]{1,18}){1,31}");

    private static final Map<String, DataType> TYPES =
            Map.of(
                    "<f2", DataType.FLOAT16,
                    "<f4", DataType.FLOAT32,
                    "<f8", DataType.FLOAT64,
                    "|u1", DataType.UINT8,
                    "|i1", DataType.INT8,
                    "<i4", DataType.INT32,
                    "<i8", DataType.INT64);

    private NpyReader() {}

    static RawArray read(String name, ByteBuffer file) throws MalformedModelException {
        ByteBuffer in = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        Matcher header = HEADER.matcher(header(name, in));
        if (!header.matches()) {
            throw new MalformedModelException(
                    "expected descr, fortran_order and shape in the header of array "
                            + name
                            + ", formatted as NumPy does");
        }
        if (header.group(2).equals("True")) {
            throw new MalformedModelException(
                    "expected array " + name + " in row-major order but fortran_order is True");
        }
        DataType type = TYPES.get(header.group(1));
        if (type == null) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " with descr <f2, <f4, <f8, |u1, |i1, <i4 or <i8 but found "
                            + header.group(1));
        }
        return RawArray.of(name, type, extents(name, header.group(3)), in.slice());
    }

    private static String header(String name, ByteBuffer in) throws MalformedModelException {
        ByteBuffer magic = ByteBuffer.wrap(MAGIC);
        if (in.remaining() < START || !in.slice(0, MAGIC.length).equals(magic)) {
            throw new MalformedModelException(
                    "expected array " + name + " to start with the magic of an .npy file");
        }
        in.position(MAGIC.length);
        int major = in.get();
        int minor = in.get();
        if (major < 1 || major > 3 || minor != 0) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " in version 1.0, 2.0 or 3.0 of .npy"
                            + " but found "
                            + major
                            + "."
                            + minor);
        }
        int width = major == 1 ? Short.BYTES : Integer.BYTES;
        long length = -1;
        if (in.remaining() >= width) {
            length = major == 1 ? in.getShort() & 0xffff : in.getInt() & 0xffffffffL;
        }
        int most = Math.min(MAX_HEADER, in.remaining());
        if (length < 0 || length > most) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " with a header of at most "
                            + most
                            + " bytes but its length is "
                            + length);
        }
        byte[] header = new byte[(int) length];
        in.get(header);
        return new String(header, StandardCharsets.ISO_8859_1);
    }

    private static long[] extents(String name, String tuple) throws MalformedModelException {
        if (!TUPLE.matcher(tuple).matches()) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " with a tuple of extents but found ("
                            + tuple
                            + ")");
        }
        return tuple.isEmpty()
                ? new long[0]
                : Arrays.stream(tuple.split(", ?")).mapToLong(Long::parseLong).toArray();
    }
}
