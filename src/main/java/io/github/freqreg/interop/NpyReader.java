package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
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
 * <p>Elements in column-major order (fortran_order is True) or with their most significant byte
 * first (such as '&gt;f4') are copied into row-major order and little-endian.
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
                    "\\{'descr': ('[^']*'|\\[.*\\]), 'fortran_order': (True|False), 'shape': \\(([0-9, ]*)\\),"
                            + " ?\\} *\n");

    /** The inside of a Python tuple of none, one (with a trailing comma) or several extents. */
    private static final Pattern TUPLE =
            Pattern.compile("|[0-9]{1,18},|[0-9]{1,18}(, [0-9]{1,18}){1,31}");

    /** A byte order and a code of a type; single bytes have no order. */
    private static final Pattern NUMBERS = Pattern.compile("\\|[biu]1|[<>][iuf][248]");

    private static final Map<String, ElementType> TYPES =
            Map.ofEntries(
                    Map.entry("b1", ElementType.BOOL),
                    Map.entry("u1", ElementType.UINT8),
                    Map.entry("i1", ElementType.INT8),
                    Map.entry("u2", ElementType.UINT16),
                    Map.entry("i2", ElementType.INT16),
                    Map.entry("u4", ElementType.UINT32),
                    Map.entry("i4", ElementType.INT32),
                    Map.entry("u8", ElementType.UINT64),
                    Map.entry("i8", ElementType.INT64),
                    Map.entry("f2", ElementType.FLOAT16),
                    Map.entry("f4", ElementType.FLOAT32),
                    Map.entry("f8", ElementType.FLOAT64));

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
        String descr = header.group(1).replace("'", "");
        ElementType type = NUMBERS.matcher(descr).matches() ? TYPES.get(descr.substring(1)) : null;
        if (type == null) {
            throw new MalformedModelException(
                    "expected array "
                            + name
                            + " of booleans, integers, float16, float32 or float64 but found the"
                            + " dtype "
                            + header.group(1)
                            + advice(header.group(1)));
        }
        long[] extents = extents(name, header.group(3));
        RawArray array = RawArray.of(name, type, extents, in.slice());
        if (descr.startsWith(">")) {
            array = array.withBytes(ElementOrder.littleEndian(array.bytes(), type.bytes()));
        }
        // One axis has one order.
        return header.group(2).equals("True") && extents.length > 1
                ? array.withBytes(ElementOrder.rowMajor(array.bytes(), extents, type.bytes()))
                : array;
    }

    /** Returns what to do about a type that is not read. */
    private static String advice(String descr) {
        // '<c8' or, for a structured type, [('x', '<f4')].
        char kind = descr.startsWith("[") ? 'V' : descr.length() > 3 ? descr.charAt(2) : 0;
        return switch (kind) {
            case 'c' -> ", complex numbers: save the real and the imaginary parts as two arrays";
            case 'O' -> ", pickled objects, which can run any code: save an array of numbers";
            case 'S', 'U', 'a' -> ", texts: save an array of numbers";
            case 'V' -> ", a structured type: save each field as an array of its own";
            case 'M', 'm' -> ", times: convert it with astype('int64')";
            default -> ": convert it with astype('float64')";
        };
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
