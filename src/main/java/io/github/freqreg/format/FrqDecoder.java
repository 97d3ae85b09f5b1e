package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.format.Precision.Kind;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.ZigzagOrder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the content of a file of version 2, see the package's description. */
final class FrqDecoder implements FrqDecoder {

    private static final int FIRST = 1 << 12;

    private final RangeDecoder code;
    private final FrqModels models = new FrqModels();
    private final List<Integer> ends = new ArrayList<>();
    private byte[] lastName = {};
    private long[] lastExtents = {};
    private final long[] lastCount = new long[2];
    private boolean named;
    private int namesLeft = FrqLimits.NAMES;

    FrqDecoder(ByteBuffer in) throws MalformedModelException {
        code = new RangeDecoder(in);
    }

    /** {@inheritDoc} */
    @Override
    public FrqDocument decode() throws MalformedModelException {
        List<Shape> inputs = inputs();
        int count = upTo(FrqLimits.TENSORS, models.counts, "number of tensors");
        named = flag(Flag.NAMED);
        if (!named && count == 0) {
            throw new MalformedModelException("expected tensors in a file without names");
        }
        int fingerprint = named ? 0 : (int) code.direct(Integer.SIZE);
        ends.add(code.size());
        List<FrqEntry> tensors = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            FrqEntry tensor = tensor(i);
            if (named && !names.add(tensor.name())) {
                throw new MalformedModelException("tensor " + tensor.name() + " appears twice");
            }
            tensors.add(tensor);
            ends.add(code.size());
        }
        code.expectEnd();
        return named
                ? new FrqDocument(inputs, tensors)
                : new FrqDocument(inputs, tensors, fingerprint);
    }

    /** {@inheritDoc} */
    @Override
    public List<Integer> ends() {
        return ends;
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
            long[] extents = new long[upTo(FrqLimits.RANK, models.counts, "rank of " + what)];
            for (int axis = 0; axis < extents.length; axis++) {
                extents[axis] = code.number(models.extents(axis), "extent of " + what) - 1;
            }
            inputs.add(new Shape(extents));
        }
        return inputs;
    }

    private FrqEntry tensor(int index) throws MalformedModelException {
        boolean spectral = flag(Flag.SPECTRAL);
        FrequencyAxes axes = spectral ? axes(index) : null;
        Precision precision = precision(index);
        String name = null;
        Shape shape = null;
        long stored = 0;
        if (named) {
            name = name(index);
            long[] extents = extents(name);
            stored = FrqChecks.size(name, extents, spectral);
            shape = new Shape(extents);
            if (spectral) {
                checkAxes(axes, shape, name);
            }
        }
        String label = named ? name : "number " + index;
        if (spectral || !named) {
            long size = stored;
            stored = count(spectral, label);
            if (spectral && (stored < 1 || named && stored > size)) {
                throw new MalformedModelException(
                        "expected tensor "
                                + label
                                + " to keep 1 to "
                                + (named ? size : "all")
                                + " coefficients but found "
                                + stored);
            }
        }
        float[] values =
                precision.kind() == Kind.STEPS
                        ? multiples(precision, label, stored)
                        : values(spectral, precision.kind() == Kind.FLOAT16, label, stored);
        try {
            return new FrqEntry(name, shape, axes, precision, values);
        } catch (IllegalArgumentException e) {
            // In a weighted order the shell of the last coefficient has a limit too.
            throw misfit(label, e);
        }
    }

    private FrequencyAxes axes(int index) throws MalformedModelException {
        if (flag(Flag.OWN_AXES)) {
            return FrequencyAxes.OWN;
        }
        String what = " of tensor " + index;
        long[] split = new long[upTo(FrqLimits.RANK, models.counts, "rank of the axes" + what)];
        for (int axis = 0; axis < split.length; axis++) {
            split[axis] = code.number(models.extents(axis), "extent of an axis" + what);
        }
        int count = upTo(FrqLimits.RANK, models.counts, "number of weights" + what);
        List<Integer> weights = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            weights.add(upTo(ZigzagOrder.MAX_WEIGHT, models.counts, "weight" + what));
        }
        if (weights.contains(0) || split.length > 0 && count > 0 && count != split.length) {
            throw new MalformedModelException(
                    "expected a weight from 1 to "
                            + ZigzagOrder.MAX_WEIGHT
                            + " for each axis"
                            + what
                            + " but found "
                            + weights);
        }
        FrequencyAxes axes =
                new FrequencyAxes(split.length == 0 ? null : new Shape(split), weights);
        checkSaidShortest(
                !axes.equals(FrequencyAxes.OWN) && axes.weights().size() == count, "axes" + what);
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
        int more = upTo(FrqLimits.NAME - shared, models.lengths, "length of name " + index);
        namesLeft -= shared + more;
        if (namesLeft < 0) {
            throw new MalformedModelException(
                    "expected names of at most " + FrqLimits.NAMES + " bytes in all");
        }
        byte[] name = Arrays.copyOf(lastName, shared + more);
        int last = 0;
        for (int i = shared; i < name.length; i++) {
            last = code.tree(models.letters(last), 0, Byte.SIZE);
            name[i] = (byte) last;
        }
        checkSaidShortest(
                more == 0 || shared == lastName.length || name[shared] != lastName[shared],
                "shared start of name " + index);
        lastName = name;
        return FrqChecks.text(name, index);
    }

    private long[] extents(String name) throws MalformedModelException {
        boolean same = flag(Flag.SAME_RANK);
        int rank =
                same
                        ? lastExtents.length
                        : upTo(FrqLimits.RANK, models.counts, "rank of tensor " + name);
        checkSaidShortest(same || rank != lastExtents.length, "rank of tensor " + name);
        long[] extents = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            boolean sameExtent = same && code.bit(models.sameExtent, FrqModels.context(axis)) == 1;
            extents[axis] =
                    sameExtent
                            ? lastExtents[axis]
                            : code.number(models.extents(axis), "extent of tensor " + name);
            checkSaidShortest(
                    !same || sameExtent || extents[axis] != lastExtents[axis],
                    "extent of tensor " + name);
        }
        lastExtents = extents;
        return extents;
    }

    private long count(boolean spectral, String label) throws MalformedModelException {
        int kind = spectral ? 1 : 0;
        Flag flag = spectral ? Flag.SAME_COUNT_OF_COEFFICIENTS : Flag.SAME_COUNT;
        if (!flag(flag)) {
            long count = code.number(models.counts, "number of values of tensor " + label);
            checkSaidShortest(count != lastCount[kind], "number of values of tensor " + label);
            lastCount[kind] = count;
        }
        return lastCount[kind];
    }

    /** There is one way to say a thing: as the one before, where it is. */
    private static void checkSaidShortest(boolean shortest, String what)
            throws MalformedModelException {
        if (!shortest) {
            throw new MalformedModelException(
                    "the " + what + " is as the one before, but not said to be so");
        }
    }

    private float[] multiples(Precision precision, String label, long count)
            throws MalformedModelException {
        long most = (code.remaining() + 8L) * FrqLimits.MULTIPLES_A_BYTE;
        checkCount(count, Math.min(most, FrqLimits.MULTIPLES), label);
        MultipleModels contexts = models.multiples;
        contexts.start();
        // Zeros take next to nothing: no more is allocated than is read, or twice as much.
        float[] values = new float[(int) Math.min(count, FIRST)];
        for (int i = 0; i < count; i++) {
            if (i == values.length) {
                values = Arrays.copyOf(values, (int) Math.min(count, 2L * i));
            }
            int multiple = multiple(contexts);
            if (Math.abs(multiple) > Precision.MAX_MULTIPLE) {
                throw new MalformedModelException(
                        "expected multiples of at most "
                                + Precision.MAX_MULTIPLE
                                + " but value "
                                + i
                                + " of tensor "
                                + label
                                + " is "
                                + multiple);
            }
            values[i] = multiple * precision.step();
            FrqChecks.finite(values[i], i, label);
        }
        return values;
    }

    private int multiple(MultipleModels contexts) throws MalformedModelException {
        int bits = 0;
        while (bits < MultipleModels.CLASSES - 1 && code.bit(contexts.ofClass(bits), 0) == 1) {
            bits++;
        }
        boolean negative = bits > 0 && code.direct(1) == 1;
        int magnitude = bits > 0 ? 1 : 0;
        if (bits > 1) {
            magnitude = 2 | code.bit(contexts.seconds(), bits);
            magnitude = magnitude << bits - 2 | (int) code.direct(bits - 2);
        }
        contexts.update(magnitude);
        return negative ? -magnitude : magnitude;
    }

    private float[] values(boolean spectral, boolean half, String label, long count)
            throws MalformedModelException {
        // Each value takes 11 or 24 bits beside its exponent's; eight bytes may be in the coder.
        checkCount(count, (code.remaining() + 8L) * Byte.SIZE / (half ? 11 : 24), label);
        BitModels exponents = models.exponents(spectral, half);
        float[] values = new float[(int) count];
        for (int i = 0; i < values.length; i++) {
            if (half) {
                int bits = code.tree(exponents, 0, 5) << 10;
                int rest = (int) code.direct(11);
                values[i] =
                        Float16Utils.halfToFloat(
                                (short) (bits | (rest & 0x400) << 5 | rest & 0x3ff));
            } else {
                int bits = code.tree(exponents, 0, 8) << 23;
                int rest = (int) code.direct(24);
                values[i] = Float.intBitsToFloat(bits | rest >>> 23 << 31 | rest & 0x7fffff);
            }
            FrqChecks.finite(values[i], i, label);
        }
        return values;
    }

    private void checkCount(long count, long most, String label) throws MalformedModelException {
        if (count > most) {
            throw new MalformedModelException(
                    "expected "
                            + count
                            + " values of tensor "
                            + label
                            + " but only "
                            + code.remaining()
                            + " bytes are left");
        }
    }
}
