package io.github.freqreg.format.v1;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the content of a file of version 1, see the package's description. */
final class Version1Decoder implements FrqDecoder {

    private static final int MAX_VARINT_BYTES = 9;
    private static final int SPECTRAL = 1;
    private static final int HALF = 2;

    private final ByteBuffer in;
    private final List<Integer> ends = new ArrayList<>();

    Version1Decoder(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** {@inheritDoc} */
    @Override
    public FrqDocument decode() throws MalformedModelException {
        List<Shape> inputs = inputs();
        List<FrqEntry> tensors = entries();
        if (in.hasRemaining()) {
            throw new MalformedModelException(
                    "expected the checksum after the last tensor but found "
                            + in.remaining()
                            + " more bytes");
        }
        return new FrqDocument(inputs, tensors);
    }

    /** {@inheritDoc} */
    @Override
    public List<Integer> ends() {
        return ends;
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

    private List<FrqEntry> entries() throws MalformedModelException {
        int count = count("number of tensors", 3);
        List<FrqEntry> tensors = new ArrayList<>(count);
        Set<String> names = new HashSet<>();
        ends.add(in.position());
        for (int i = 0; i < count; i++) {
            FrqEntry tensor = tensor(i);
            if (!names.add(tensor.name())) {
                throw new MalformedModelException("tensor " + tensor.name() + " appears twice");
            }
            tensors.add(tensor);
            ends.add(in.position());
        }
        return tensors;
    }

    private FrqEntry tensor(int index) throws MalformedModelException {
        int flags = flags(index);
        boolean spectral = (flags & SPECTRAL) != 0;
        boolean half = (flags & HALF) != 0;
        String name = name(index);
        long[] extents = extents("tensor " + name);
        long size = FrqChecks.size(name, extents, spectral);
        long stored = size;
        if (spectral) {
            stored = varint("kept number of tensor " + name);
            if (stored < 1 || stored > size) {
                throw new MalformedModelException(
                        "expected tensor "
                                + name
                                + " to keep 1 to "
                                + size
                                + " coefficients but found "
                                + stored);
            }
        }
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
            FrqChecks.finite(values[i], i, name);
        }
        return new FrqEntry(
                name,
                new Shape(extents),
                spectral ? FrequencyAxes.OWN : null,
                half ? Precision.FLOAT16 : Precision.FLOAT32,
                values);
    }

    private int flags(int index) throws MalformedModelException {
        int flags = in.hasRemaining() ? in.get() & 0xff : 0xff;
        if ((flags & ~(SPECTRAL | HALF)) != 0) {
            throw new MalformedModelException(
                    "expected the flags 0 to 3 for tensor " + index + " but found " + flags);
        }
        return flags;
    }

    private String name(int index) throws MalformedModelException {
        byte[] name = new byte[count("length of the name of tensor " + index, 1)];
        in.get(name);
        return FrqChecks.text(name, index);
    }

    private long[] extents(String what) throws MalformedModelException {
        int rank = count("rank of " + what, 1);
        if (rank > FrqLimits.RANK) {
            throw new MalformedModelException(
                    "expected a rank of at most "
                            + FrqLimits.RANK
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

    /**
     * Reads a count of things that take at least some bytes each, and checks that they are there.
     */
    private int count(String what, int bytesEach) throws MalformedModelException {
        long count = varint(what);
        if (count > in.remaining() / bytesEach) {
            throw new MalformedModelException(
                    "expected a "
                            + what
                            + " that fits the "
                            + in.remaining()
                            + " bytes left but found "
                            + count);
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
        throw new MalformedModelException("the " + what + " is not a varint in its fewest bytes");
    }
}
