package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.format.checks.FileChecks;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import io.github.freqreg.spectrum.ZigzagOrder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decodes the content of a file in version 2 or 3: the heads of its entries here, their values in
 * {@link ValueDecoder}.
 *
 * <p>The input is untrusted. Anything but the one encoding of a content is rejected.
 */
final class FrqDecoder {

    private final RangeDecoder code;
    private final FrqModels models = new FrqModels();
    private final ValueDecoder values;
    private byte[] lastName = {};
    private long[] lastExtents = {};
    private final long[] lastCount = new long[2];
    private int nameBytesLeft = FrqLimits.ALL_NAMES_BYTES;
    private final byte version;
    private int lastSeed;
    private FrequencyAxes lastAxes = FrequencyAxes.OWN;

    /**
     * Starts to decode.
     *
     * @param in the content
     * @param version of the content, from 2 to 4
     */
    FrqDecoder(ByteBuffer in, byte version) throws MalformedModelException {
        this.version = version;
        code = new RangeDecoder(in);
        values = new ValueDecoder(code, models);
    }

    FrqFrame.Decoded decode() throws MalformedModelException {
        List<Shape> inputs = inputs();
        int count = upTo(FrqLimits.ENTRIES, models.counts, "number of tensors");
        boolean named = flag(Flag.NAMED);
        if (!named && count == 0) {
            throw new MalformedModelException("expected tensors in a file without names");
        }
        int fingerprint = named ? 0 : (int) code.direct(Integer.SIZE);
        List<Integer> ends = new ArrayList<>();
        ends.add(code.size());
        List<FrqEntry> entries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            FrqEntry entry = named ? namedEntry(i) : bareEntry(i);
            if (named && !names.add(entry.name())) {
                throw new MalformedModelException("tensor " + entry.name() + " appears twice");
            }
            entries.add(entry);
            ends.add(code.size());
        }
        code.expectEnd();
        FrqDocument document =
                named
                        ? new FrqDocument(inputs, entries)
                        : new FrqDocument(inputs, entries, fingerprint);
        if (version != document.version()) {
            throw new MalformedModelException(
                    "expected a tensor with "
                            + (version == FrqFrame.SEEDED
                                    ? "a seeded start in a file of version 3"
                                    : "the identity as its start in a file of version 4"));
        }
        return new FrqFrame.Decoded(document, ends);
    }

    private boolean flag(Flag flag) throws MalformedModelException {
        return code.bit(models.flags, flag.ordinal()) == 1;
    }

    private int upTo(int most, BitModels context, String what) throws MalformedModelException {
        long number = code.number(context, what);
        if (number > most) {
            throw new MalformedModelException(
                    "expected a " + what + " of at most " + most + " but found " + number);
        }
        return (int) number;
    }

    private List<Shape> inputs() throws MalformedModelException {
        int count = upTo(FrqLimits.INPUTS, models.counts, "number of inputs");
        List<Shape> inputs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String what = "input " + i;
            long[] extents = new long[upTo(FileChecks.MAX_RANK, models.counts, "rank of " + what)];
            for (int axis = 0; axis < extents.length; axis++) {
                extents[axis] = code.number(models.extents(axis), "extent of " + what) - 1;
            }
            inputs.add(new Shape(extents));
        }
        return inputs;
    }

    private FrqEntry namedEntry(int index) throws MalformedModelException {
        FrequencyAxes axes = flag(Flag.SPECTRAL) ? axes(index) : null;
        Precision precision = precision(index);
        String name = name(index);
        long[] extents = extents(name);
        Shape shape = new Shape(extents);
        long count;
        if (axes == null) {
            count = FileChecks.size(name, extents);
        } else {
            long size = FileChecks.spectralSize(name, extents);
            checkAxes(axes, shape, name);
            count = count(true, name);
            checkKept(name, count, size);
        }
        float[] decoded = values.decode(axes != null, precision, name, count);
        try {
            return new FrqEntry(name, shape, axes, precision, decoded);
        } catch (IllegalArgumentException e) {
            // A weighted order also limits the shell of the last coefficient.
            throw misfit(name, e);
        }
    }

    private FrqEntry bareEntry(int index) throws MalformedModelException {
        FrequencyAxes axes = flag(Flag.SPECTRAL) ? axes(index) : null;
        Precision precision = precision(index);
        String label = "number " + index;
        long count = count(axes != null, label);
        if (axes != null) {
            checkKept(label, count, Long.MAX_VALUE);
        }
        float[] decoded = values.decode(axes != null, precision, label, count);
        return new FrqEntry(null, null, axes, precision, decoded);
    }

    private static void checkKept(String label, long kept, long size)
            throws MalformedModelException {
        if (kept < 1 || kept > size) {
            throw new MalformedModelException(
                    "expected tensor "
                            + label
                            + " to keep 1 to "
                            + (size == Long.MAX_VALUE ? "all" : size)
                            + " coefficients but found "
                            + kept);
        }
    }

    private FrequencyAxes axes(int index) throws MalformedModelException {
        Optional<TensorStart> start = version > FrqFrame.PLAIN ? start(index) : Optional.empty();
        FrequencyAxes axes = withoutStart(index);
        return start.map(axes::startingAt).orElse(axes);
    }

    private Optional<TensorStart> start(int index) throws MalformedModelException {
        if (flag(Flag.SEEDED)) {
            return Optional.of(new TensorStart.Seeded(seed(index)));
        }
        return version == FrqFrame.IDENTITY && flag(Flag.IDENTITY)
                ? Optional.of(TensorStart.IDENTITY)
                : Optional.empty();
    }

    private int seed(int index) throws MalformedModelException {
        if (flag(Flag.NEXT_SEED)) {
            return ++lastSeed;
        }
        int seed = (int) code.direct(Integer.SIZE);
        if (seed == lastSeed + 1) {
            throw new MalformedModelException(
                    "the seed of tensor " + index + " is the next one but is not encoded as such");
        }
        lastSeed = seed;
        return seed;
    }

    private FrequencyAxes withoutStart(int index) throws MalformedModelException {
        if (flag(Flag.OWN_AXES)) {
            return FrequencyAxes.OWN;
        }
        if (version > FrqFrame.PLAIN) {
            lastAxes = repeatedOrNewAxes(index);
            return lastAxes;
        }
        return newAxes(index);
    }

    private FrequencyAxes repeatedOrNewAxes(int index) throws MalformedModelException {
        if (flag(Flag.SAME_AXES)) {
            if (lastAxes.equals(FrequencyAxes.OWN)) {
                throw new MalformedModelException(
                        "tensor "
                                + index
                                + " repeats the axes of a previous tensor, but all previous tensors"
                                + " have their own axes");
            }
            return lastAxes;
        }
        FrequencyAxes axes = newAxes(index);
        if (axes.equals(lastAxes)) {
            throw new MalformedModelException(
                    "the axes of tensor "
                            + index
                            + " repeat previous ones but are not encoded as a repeat");
        }
        return axes;
    }

    private FrequencyAxes newAxes(int index) throws MalformedModelException {
        String what = " of tensor " + index;
        int rank = upTo(FileChecks.MAX_RANK, models.counts, "rank of the axes" + what);
        long[] split = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            split[axis] = code.number(models.extents(axis), "extent of an axis" + what);
        }
        int count = upTo(FileChecks.MAX_RANK, models.counts, "number of weights" + what);
        List<Integer> weights = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            weights.add(upTo(ZigzagOrder.MAX_WEIGHT, models.counts, "weight" + what));
        }
        if (weights.contains(0) || rank > 0 && count > 0 && count != rank) {
            throw new MalformedModelException(
                    "expected one zigzag weight from 1 to "
                            + ZigzagOrder.MAX_WEIGHT
                            + " for each axis"
                            + what
                            + " but found "
                            + weights);
        }
        FrequencyAxes axes = new FrequencyAxes(new Shape(split), weights);
        if (axes.equals(FrequencyAxes.OWN) || axes.weights().size() != count) {
            throw new MalformedModelException("the axes" + what + " have a shorter encoding");
        }
        return axes;
    }

    private static void checkAxes(FrequencyAxes axes, Shape shape, String label)
            throws MalformedModelException {
        try {
            axes.check(shape);
        } catch (IllegalArgumentException e) {
            throw misfit(label, e);
        }
    }

    private static MalformedModelException misfit(String label, IllegalArgumentException cause) {
        return new MalformedModelException(
                "the axes of tensor " + label + " do not fit it: " + cause.getMessage(), cause);
    }

    private Precision precision(int index) throws MalformedModelException {
        if (flag(Flag.HALF)) {
            return Precision.FLOAT16;
        }
        if (!flag(Flag.STEPS)) {
            return Precision.FLOAT32;
        }
        int exponent = code.tree(models.stepExponents, 0, Byte.SIZE);
        int fraction = (int) code.direct(Precision.FRACTION);
        if (exponent == 0 || exponent == 0xff) {
            throw new MalformedModelException(
                    "expected a step of tensor "
                            + index
                            + " with an exponent from 1 to 254 but found "
                            + exponent);
        }
        return Precision.ofStepBits(exponent << Precision.FRACTION | fraction);
    }

    private String name(int index) throws MalformedModelException {
        int shared = upTo(lastName.length, models.shared, "shared start of name " + index);
        int more = upTo(FrqLimits.NAME_BYTES - shared, models.lengths, "length of name " + index);
        nameBytesLeft -= shared + more;
        if (nameBytesLeft < 0) {
            throw new MalformedModelException(
                    "expected names of at most " + FrqLimits.ALL_NAMES_BYTES + " bytes in all");
        }
        byte[] name = Arrays.copyOf(lastName, shared + more);
        int last = 0;
        for (int i = shared; i < name.length; i++) {
            last = code.tree(models.letters(last), 0, Byte.SIZE);
            name[i] = (byte) last;
        }
        if (more > 0 && shared < lastName.length && name[shared] == lastName[shared]) {
            throw new MalformedModelException(
                    "name " + index + " shares more bytes with the previous one than encoded");
        }
        lastName = name;
        return FileChecks.utf8(name, index);
    }

    private long[] extents(String name) throws MalformedModelException {
        boolean sameRank = flag(Flag.SAME_RANK);
        int rank = lastExtents.length;
        if (!sameRank) {
            rank = upTo(FileChecks.MAX_RANK, models.counts, "rank of tensor " + name);
            checkChanged(rank, lastExtents.length, "rank of tensor " + name);
        }
        long[] extents = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            if (sameRank && code.bit(models.sameExtent, FrqModels.context(axis)) == 1) {
                extents[axis] = lastExtents[axis];
                continue;
            }
            extents[axis] = code.number(models.extents(axis), "extent of tensor " + name);
            if (sameRank) {
                checkChanged(extents[axis], lastExtents[axis], "extent of tensor " + name);
            }
        }
        lastExtents = extents;
        return extents;
    }

    private long count(boolean spectral, String label) throws MalformedModelException {
        int kind = spectral ? 1 : 0;
        if (!flag(Flag.sameCount(spectral))) {
            String what = "number of values of tensor " + label;
            long count = code.number(models.counts, what);
            checkChanged(count, lastCount[kind], what);
            lastCount[kind] = count;
        }
        return lastCount[kind];
    }

    /** Rejects a repeated number that is not encoded as "same". */
    private static void checkChanged(long number, long last, String what)
            throws MalformedModelException {
        if (number == last) {
            throw new MalformedModelException(
                    "the " + what + " repeats the previous one but is not encoded as a repeat");
        }
    }
}
