package io.github.freqreg.format.v1;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.Internal;
import io.github.freqreg.format.checks.FileChecks;
import io.github.freqreg.format.v1.Version1Content.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decodes the content of a version 1 file: fixed-width values behind LEB128 counts.
 *
 * <p>The input is untrusted: every count is compared with the bytes left before anything of its
 * size is allocated.
 */
@Internal
public final class Version1Decoder {

    private static final int MAX_VARINT_BYTES = 9;

    /** Flags, the length of the name and the rank. */
    private static final int MIN_TENSOR_BYTES = 3;

    private final ByteBuffer in;
    private final List<Integer> ends = new ArrayList<>();

    private Version1Decoder(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Decodes a whole content.
     *
     * @param content the bytes between the version and the checksum, from position 0
     * @return what they hold
     * @throws MalformedModelException if they are not a valid content
     */
    public static Version1Content decode(ByteBuffer content) throws MalformedModelException {
        return new Version1Decoder(content).decode();
    }

    private Version1Content decode() throws MalformedModelException {
        List<Shape> inputs = inputs();
        List<Tensor> tensors = tensors();
        if (in.hasRemaining()) {
            throw new MalformedModelException(
                    "expected the checksum after the last tensor but found "
                            + in.remaining()
                            + " more bytes");
        }
        return new Version1Content(inputs, tensors, ends);
    }

    private List<Shape> inputs() throws MalformedModelException {
        int count = count("number of inputs", 1);
        List<Shape> inputs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long[] extents = extents("input " + i);
            for (int axis = 0; axis < extents.length; axis++) {
                extents[axis]--;
            }
            inputs.add(new Shape(extents));
        }
        return inputs;
    }

    private List<Tensor> tensors() throws MalformedModelException {
        int count = count("number of tensors", MIN_TENSOR_BYTES);
        List<Tensor> tensors = new ArrayList<>(count);
        Set<String> names = new HashSet<>();
        ends.add(in.position());
        for (int i = 0; i < count; i++) {
            Tensor tensor = tensor(i);
            if (!names.add(tensor.name())) {
                throw new MalformedModelException("tensor " + tensor.name() + " appears twice");
            }
            tensors.add(tensor);
            ends.add(in.position());
        }
        return tensors;
    }

    private Tensor tensor(int index) throws MalformedModelException {
        int flags = flags(index);
        String name = name(index);
        long[] extents = extents("tensor " + name);
        long stored =
                (flags & Version1Content.SPECTRAL) == 0
                        ? FileChecks.size(name, extents)
                        : kept(name, FileChecks.spectralSize(name, extents));
        boolean half = (flags & Version1Content.HALF) != 0;
        int width = half ? Short.BYTES : Float.BYTES;
        if (stored > in.remaining() / width) {
            throw new MalformedModelException(
                    "expected "
                            + stored
                            + " values of tensor "
                            + name
                            + " but only "
                            + in.remaining()
                            + " bytes are left");
        }
        float[] values = new float[(int) stored];
        for (int i = 0; i < values.length; i++) {
            values[i] = half ? Float16Utils.halfToFloat(in.getShort()) : in.getFloat();
            FileChecks.checkFinite(values[i], i, name);
        }
        return new Tensor(flags, name, new Shape(extents), values);
    }

    private long kept(String name, long size) throws MalformedModelException {
        long kept = varint("kept number of tensor " + name);
        if (kept < 1 || kept > size) {
            throw new MalformedModelException(
                    "expected tensor "
                            + name
                            + " to keep 1 to "
                            + size
                            + " coefficients but found "
                            + kept);
        }
        return kept;
    }

    private int flags(int index) throws MalformedModelException {
        int flags = in.hasRemaining() ? in.get() & 0xff : 0xff;
        if ((flags & ~(Version1Content.SPECTRAL | Version1Content.HALF)) != 0) {
            throw new MalformedModelException(
                    "expected the flags 0 to 3 for tensor " + index + " but found " + flags);
        }
        return flags;
    }

    private String name(int index) throws MalformedModelException {
        byte[] name = new byte[count("length of the name of tensor " + index, 1)];
        in.get(name);
        return FileChecks.utf8(name, index);
    }

    private long[] extents(String what) throws MalformedModelException {
        int rank = count("rank of " + what, 1);
        if (rank > FileChecks.MAX_RANK) {
            throw new MalformedModelException(
                    "expected a rank of at most "
                            + FileChecks.MAX_RANK
                            + " for "
                            + what
                            + " but found "
                            + rank);
        }
        long[] extents = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            extents[axis] = varint("extent of " + what);
        }
        return extents;
    }

    /** Reads the number of items of at least {@code bytesEach} bytes, which must be left. */
    private int count(String what, int bytesEach) throws MalformedModelException {
        long count = varint(what);
        if (count > in.remaining() / bytesEach) {
            throw new MalformedModelException(
                    "the "
                            + what
                            + " is "
                            + count
                            + ", but only "
                            + in.remaining()
                            + " bytes are left in the file");
        }
        return (int) count;
    }

    private long varint(String what) throws MalformedModelException {
        long value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES && in.hasRemaining(); i++) {
            byte next = in.get();
            value |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                if (next == 0 && i > 0) {
                    break;
                }
                return value;
            }
        }
        throw new MalformedModelException("the " + what + " is not a varint of minimal length");
    }
}
