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
        return new Array(descr.group(1), extents, in.readAllBytes());
    }
}
