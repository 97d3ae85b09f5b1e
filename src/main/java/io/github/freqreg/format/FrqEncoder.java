package io.github.freqreg.format;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes the parts of a file, see the package's description. */
final class FrqEncoder {

    static final byte[] MAGIC = {'F', 'R', 'Q'};
    static final byte VERSION = 1;
    static final int MAX_RANK = 32;
    static final int SPECTRAL = 1;
    static final int HALF = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void inputs(List<Shape> inputs) {
        out.writeBytes(MAGIC);
        out.write(VERSION);
        count(inputs.size());
        for (Shape shape : inputs) {
            count(shape.dimension());
            for (long extent : shape.getShape()) {
                count(extent + 1);
            }
        }
    }

    void tensor(FrqTensor tensor) {
        out.write((tensor.spectral() ? SPECTRAL : 0) | (tensor.half() ? HALF : 0));
        byte[] name = name(tensor.name());
        count(name.length);
        out.writeBytes(name);
        if (tensor.shape().dimension() > MAX_RANK) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + tensor.name()
                            + " has rank "
                            + tensor.shape().dimension()
                            + " but a file holds at most "
                            + MAX_RANK);
        }
        count(tensor.shape().dimension());
        for (long extent : tensor.shape().getShape()) {
            count(extent);
        }
        if (tensor.spectral()) {
            count(tensor.values().length);
        }
        values(tensor);
    }

    private static byte[] name(String name) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
            return Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("The name " + name + " cannot be UTF-8", e);
        }
    }

    private void values(FrqTensor tensor) {
        long bytes = (long) tensor.values().length * tensor.valueBytes();
        if (bytes + out.size() + Integer.BYTES > FrqDocument.MAX_BYTES) {
            throw new IllegalArgumentException(
                    "With tensor "
                            + tensor.name()
                            + " the file would have more than "
                            + (bytes + out.size())
                            + " bytes, but at most "
                            + FrqDocument.MAX_BYTES
                            + " are written");
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < tensor.values().length; i++) {
            float value = tensor.values()[i];
            short half = tensor.half() ? Float16Utils.floatToHalf(value) : 0;
            if (!Float.isFinite(tensor.half() ? Float16Utils.halfToFloat(half) : value)) {
                throw new IllegalArgumentException(
                        "Value "
                                + i
                                + " of tensor "
                                + tensor.name()
                                + " is "
                                + value
                                + ", which "
                                + (tensor.half() ? "float16" : "a file")
                                + " cannot hold");
            }
            if (tensor.half()) {
                buffer.putShort(half);
            } else {
                buffer.putFloat(value);
            }
        }
        out.writeBytes(buffer.array());
    }

    /** Writes a varint. */
    void count(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("A count must be 0 or more but is " + value);
        }
        long rest = value;
        while (rest >= 0x80) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    int size() {
        return out.size();
    }

    byte[] finish() {
        CRC32C checksum = new CRC32C();
        checksum.update(out.toByteArray());
        out.writeBytes(
                ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt((int) checksum.getValue())
                        .array());
        return out.toByteArray();
    }
}
