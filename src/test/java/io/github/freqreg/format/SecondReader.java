package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads valid files by the specification in the package documentation. It shares no code with the
 * library's reader and writer.
 */
final class SecondReader {

    private final byte[] file;
    private int at;

    private SecondReader(byte[] file) {
        this.file = file;
    }

    static FrqDocument read(byte[] file) {
        return new SecondReader(file).document();
    }

    private FrqDocument document() {
        byte[] magic = {'F', 'R', 'Q'};
        assertArrayEquals(magic, Arrays.copyOf(file, 3));
        int version = file[3];
        at = 4;
        FrqDocument document;
        if (version == 1) {
            document = version1();
        } else {
            assertTrue(version >= 2 && version <= 4);
            byte[] code = Arrays.copyOfRange(file, 4, file.length - 4);
            document = new SecondRangeReader(code, version).read();
            at = file.length - 4;
        }
        assertEquals(checksum(), littleEndian(4));
        return document;
    }

    private FrqDocument version1() {
        List<Shape> inputs = new ArrayList<>();
        for (long left = varint(); left > 0; left--) {
            inputs.add(new Shape(Arrays.stream(varints()).map(extent -> extent - 1).toArray()));
        }
        List<FrqEntry> tensors = new ArrayList<>();
        for (long left = varint(); left > 0; left--) {
            tensors.add(tensor());
        }
        assertEquals(file.length - 4, at);
        return new FrqDocument(inputs, tensors);
    }

    private FrqEntry tensor() {
        int flags = file[at++];
        int length = (int) varint();
        String name = new String(file, at, length, StandardCharsets.UTF_8);
        at += length;
        long[] extents = varints();
        long count = Arrays.stream(extents).reduce(1, (a, b) -> a * b);
        if (flags % 2 == 1) {
            count = varint();
        }
        float[] values = new float[(int) count];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    flags >= 2
                            ? half((int) littleEndian(2))
                            : Float.intBitsToFloat((int) littleEndian(4));
        }
        return new FrqEntry(
                name,
                new Shape(extents),
                flags % 2 == 1 ? FrequencyAxes.OWN : null,
                flags >= 2 ? Precision.FLOAT16 : Precision.FLOAT32,
                values);
    }

    /** Decodes a finite float16: a sign, five bits of exponent and ten of fraction. */
    static float half(int bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        double size =
                exponent == 0
                        ? Math.scalb((double) fraction, -24)
                        : Math.scalb(1024.0 + fraction, exponent - 25);
        return (float) (bits >> 15 == 0 ? size : -size);
    }

    private long[] varints() {
        long[] values = new long[(int) varint()];
        for (int i = 0; i < values.length; i++) {
            values[i] = varint();
        }
        return values;
    }

    private long varint() {
        long value = 0;
        long weight = 1;
        for (; file[at] < 0; weight *= 128) {
            value += (file[at++] + 128) * weight;
        }
        return value + file[at++] * weight;
    }

    private long littleEndian(int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value * 256 + (file[at + i] & 255);
        }
        at += bytes;
        return value;
    }

    /** Computes the CRC-32C bit by bit. */
    private long checksum() {
        long rest = 0xffffffffL;
        for (int i = 0; i < at; i++) {
            rest ^= file[i] & 255;
            for (int bit = 0; bit < 8; bit++) {
                rest = rest % 2 == 0 ? rest / 2 : rest / 2 ^ 0x82f63b78L;
            }
        }
        return rest ^ 0xffffffffL;
    }
}
