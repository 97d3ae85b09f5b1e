package io.github.freqreg.interop;

import io.github.freqreg.interop.SecondSafetensors.Array;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Reads valid npz files, independently of the library, by NumPy's specification. */
final class SecondNpz {

    private static final Pattern DESCR = Pattern.compile("'descr': *'(.*?)'");
    private static final Pattern SHAPE = Pattern.compile("'shape': *\\((.*?)\\)");

    private SecondNpz() {}

    static Map<String, Array> read(byte[] file) throws IOException {
        Map<String, Array> arrays = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(file))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                String name = entry.getName().replaceAll("\\.npy$", "");
                arrays.put(name, array(new DataInputStream(zip)));
            }
        }
        return arrays;
    }

    private static Array array(DataInputStream in) throws IOException {
        in.skipNBytes(6);
        int major = in.read();
        in.read();
        int length = in.read() | in.read() << 8;
        if (major > 1) {
            length |= in.read() << 16 | in.read() << 24;
        }
        String header = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        Matcher shape = SHAPE.matcher(header);
        Matcher descr = DESCR.matcher(header);
        if (!shape.find() || !descr.find()) {
            throw new IOException(header);
        }
        long[] extents =
                Pattern.compile("\\d+")
                        .matcher(shape.group(1))
                        .results()
                        .mapToLong(each -> Long.parseLong(each.group()))
                        .toArray();
        byte[] elements = in.readAllBytes();
        boolean fortran = header.contains("'fortran_order': True");
        return new Array(
                descr.group(1),
                extents,
                ordered(
                        elements,
                        extents,
                        fortran,
                        descr.group(1).startsWith(">"),
                        Integer.parseInt(descr.group(1).substring(2))));
    }

    /** Picks each byte of the row-major, little-endian elements. */
    private static byte[] ordered(
            byte[] bytes, long[] extents, boolean fortran, boolean swapped, int width) {
        byte[] ordered = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            int rest = i / width;
            int from = 0;
            int stride = bytes.length / width;
            for (int axis = extents.length - 1; axis >= 0; axis--) {
                stride /= (int) extents[axis];
                from += (int) (rest % extents[axis]) * stride;
                rest /= (int) extents[axis];
            }
            int element = fortran ? from : i / width;
            ordered[i] = bytes[element * width + (swapped ? width - 1 - i % width : i % width)];
        }
        return ordered;
    }
}
