package io.github.freqreg.format;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.format.Precision.Kind;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.ZigzagOrder;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes the content of a file of version 2, see the package's description. */
final class FrqEncoder {

    private final RangeEncoder code = new RangeEncoder();
    private final FrqModels models = new FrqModels();
    private final FrqDocument document;
    private final boolean named;
    private int names;
    private byte[] lastName = {};
    private long[] lastExtents = {};
    private final long[] lastCount = new long[2];

    FrqEncoder(FrqDocument document) {
        this.document = document;
        // Looks at every tensor, so it is asked once.
        named = document.isNamed();
    }

    byte[] encode() {
        if (document.entries().size() > FrqLimits.TENSORS) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.TENSORS
                            + " tensors but the network has "
                            + document.entries().size());
        }
        if (document.inputs().size() > FrqLimits.INPUTS) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.INPUTS
                            + " inputs but the network has "
                            + document.inputs().size());
        }
        inputs(document.inputs());
        code.number(models.counts, document.entries().size());
        flag(Flag.NAMED, named);
        if (!named) {
            code.direct(document.fingerprint(), Integer.SIZE);
        }
        document.entries().forEach(this::tensor);
        byte[] content = code.finish();
        checkBytes(content.length, "its " + document.entries().size() + " tensors");
        return content;
    }

    private void flag(Flag flag, boolean set) {
        code.bit(models.flags, flag.ordinal(), set ? 1 : 0);
    }

    private void inputs(List<Shape> inputs) {
        code.number(models.counts, inputs.size());
        for (Shape shape : inputs) {
            checkRank("An input", shape);
            code.number(models.counts, shape.dimension());
            for (int axis = 0; axis < shape.dimension(); axis++) {
                long extent = shape.get(axis);
                if (extent == Long.MAX_VALUE) {
                    throw new IllegalArgumentException(
                            "An input has the shape "
                                    + shape
                                    + " but a file holds extents from -1 to 2^63 - 2");
                }
                code.number(models.extents(axis), extent + 1);
            }
        }
    }

    private static void checkRank(String what, Shape shape) {
        if (shape.dimension() > FrqLimits.RANK) {
            throw new IllegalArgumentException(
                    what
                            + " has rank "
                            + shape.dimension()
                            + " but a file holds at most "
                            + FrqLimits.RANK);
        }
    }

    private void tensor(FrqEntry tensor) {
        flag(Flag.SPECTRAL, tensor.spectral());
        if (tensor.spectral()) {
            axes(tensor);
        }
        precision(tensor.precision());
        if (named) {
            name(tensor.name());
            extents(tensor);
        }
        if (tensor.spectral() || !named) {
            count(tensor);
        }
        values(tensor);
    }

    private void axes(FrqEntry tensor) {
        FrequencyAxes axes = tensor.axes();
        boolean own = axes.equals(FrequencyAxes.OWN);
        flag(Flag.OWN_AXES, own);
        if (own) {
            return;
        }
        long[] split = axes.split() == null ? new long[0] : axes.split().getShape();
        if (axes.split() != null) {
            checkRank("A split shape", axes.split());
        }
        checkAxes(tensor.label(), split, axes.weights());
        code.number(models.counts, split.length);
        for (int axis = 0; axis < split.length; axis++) {
            code.number(models.extents(axis), split[axis]);
        }
        code.number(models.counts, axes.weights().size());
        for (int weight : axes.weights()) {
            code.number(models.counts, weight);
        }
    }

    /** Those of a tensor with a shape fit it; one without is checked here alone. */
    private static void checkAxes(String label, long[] split, List<Integer> weights) {
        int count = weights.size();
        boolean fits =
                count <= FrqLimits.RANK
                        && (split.length == 0 || count == 0 || count == split.length)
                        && weights.stream().allMatch(w -> w >= 1 && w <= ZigzagOrder.MAX_WEIGHT)
                        && Arrays.stream(split).allMatch(extent -> extent >= 0);
        if (!fits) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + label
                            + " has the split shape "
                            + Arrays.toString(split)
                            + " and the weights "
                            + weights
                            + " but a file holds extents of 0 or more, and a weight from 1 to "
                            + ZigzagOrder.MAX_WEIGHT
                            + " for each axis");
        }
    }

    private void precision(Precision precision) {
        boolean half = precision.kind() == Kind.FLOAT16;
        flag(Flag.HALF, half);
        if (half) {
            return;
        }
        flag(Flag.STEPS, precision.kind() == Kind.STEPS);
        if (precision.kind() == Kind.STEPS) {
            int bits = precision.stepBits();
            code.tree(models.stepExponents, 0, bits >> Precision.FRACTION, Byte.SIZE);
            code.direct(bits & (1 << Precision.FRACTION) - 1, Precision.FRACTION);
        }
    }

    private void name(String text) {
        byte[] name = utf8(text);
        names += name.length;
        if (names > FrqLimits.NAMES) {
            throw new IllegalArgumentException(
                    "A file holds names of at most " + FrqLimits.NAMES + " bytes in all");
        }
        int shared = Arrays.mismatch(name, lastName);
        shared = shared < 0 ? name.length : shared;
        code.number(models.shared, shared);
        code.number(models.lengths, name.length - shared);
        int last = 0;
        for (int i = shared; i < name.length; i++) {
            int letter = name[i] & 0xff;
            code.tree(models.letters(last), 0, letter, Byte.SIZE);
            last = letter;
        }
        lastName = name;
    }

    private static byte[] utf8(String name) {
        byte[] utf8;
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
            utf8 = Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("The name " + name + " cannot be UTF-8", e);
        }
        if (utf8.length > FrqLimits.NAME) {
            throw new IllegalArgumentException(
                    "A name has at most "
                            + FrqLimits.NAME
                            + " bytes of UTF-8 but found "
                            + utf8.length
                            + ": "
                            + name);
        }
        return utf8;
    }

    private void extents(FrqEntry tensor) {
        long[] extents = tensor.shape().getShape();
        checkRank("Tensor " + tensor.name(), tensor.shape());
        boolean same = extents.length == lastExtents.length;
        flag(Flag.SAME_RANK, same);
        if (!same) {
            code.number(models.counts, extents.length);
        }
        for (int axis = 0; axis < extents.length; axis++) {
            boolean sameExtent = same && extents[axis] == lastExtents[axis];
            if (same) {
                code.bit(models.sameExtent, FrqModels.context(axis), sameExtent ? 1 : 0);
            }
            if (!sameExtent) {
                code.number(models.extents(axis), extents[axis]);
            }
        }
        lastExtents = extents;
    }

    private void count(FrqEntry tensor) {
        int kind = tensor.spectral() ? 1 : 0;
        int count = tensor.values().length;
        Flag flag = tensor.spectral() ? Flag.SAME_COUNT_OF_COEFFICIENTS : Flag.SAME_COUNT;
        flag(flag, count == lastCount[kind]);
        if (count != lastCount[kind]) {
            code.number(models.counts, count);
        }
        lastCount[kind] = count;
    }

    private void values(FrqEntry tensor) {
        if (tensor.precision().kind() == Kind.STEPS) {
            multiples(tensor);
            return;
        }
        boolean halves = tensor.precision().kind() == Kind.FLOAT16;
        BitModels exponents = models.exponents(tensor.spectral(), halves);
        for (int i = 0; i < tensor.values().length; i++) {
            float value = tensor.values()[i];
            if (halves) {
                short half = Float16Utils.floatToHalf(value);
                checkFinite(tensor, i, Float16Utils.halfToFloat(half));
                code.tree(exponents, 0, half >> 10 & 0x1f, 5);
                code.direct((half & 0x8000) >> 5 | half & 0x3ff, 11);
            } else {
                checkFinite(tensor, i, value);
                int bits = Float.floatToRawIntBits(value);
                code.tree(exponents, 0, bits >> 23 & 0xff, 8);
                code.direct(bits >>> 31 << 23 | bits & 0x7fffff, 24);
            }
            checkBytes(code.size(), "tensor " + tensor.label());
        }
    }

    private static void checkBytes(long bytes, String tensors) {
        if (bytes > FrqDocument.MAX_BYTES - FrqLimits.FRAME) {
            throw new IllegalArgumentException(
                    "With "
                            + tensors
                            + " the file would have more than the "
                            + FrqDocument.MAX_BYTES
                            + " bytes that are written at most");
        }
    }

    private void multiples(FrqEntry tensor) {
        Precision precision = tensor.precision();
        MultipleModels contexts = models.multiples;
        contexts.start();
        if (tensor.values().length > FrqLimits.MULTIPLES) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.MULTIPLES
                            + " rounded numbers of a tensor but "
                            + tensor.label()
                            + " has "
                            + tensor.values().length);
        }
        for (int i = 0; i < tensor.values().length; i++) {
            float value = tensor.values()[i];
            checkFinite(tensor, i, value);
            if (!precision.holds(value)) {
                throw new IllegalArgumentException(
                        "Value "
                                + i
                                + " of tensor "
                                + tensor.label()
                                + " is "
                                + value
                                + ", which is too large for "
                                + precision);
            }
            multiple(contexts, (int) precision.multiple(value));
            checkBytes(code.size(), "tensor " + tensor.label());
        }
    }

    private void multiple(MultipleModels contexts, int multiple) {
        int magnitude = Math.abs(multiple);
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(magnitude);
        for (int i = 0; i < bits; i++) {
            code.bit(contexts.ofClass(i), 0, 1);
        }
        if (bits < MultipleModels.CLASSES - 1) {
            code.bit(contexts.ofClass(bits), 0, 0);
        }
        if (bits > 0) {
            code.direct(multiple < 0 ? 1 : 0, 1);
        }
        if (bits > 1) {
            code.bit(contexts.seconds(), bits, magnitude >> bits - 2 & 1);
            code.direct(magnitude & (1 << bits - 2) - 1, bits - 2);
        }
        contexts.update(magnitude);
    }

    private static void checkFinite(FrqEntry tensor, int index, float stored) {
        if (!Float.isFinite(stored)) {
            throw new IllegalArgumentException(
                    "Value "
                            + index
                            + " of tensor "
                            + tensor.label()
                            + " is "
                            + tensor.values()[index]
                            + ", which "
                            + (tensor.precision().kind() == Kind.FLOAT16 ? "float16" : "a file")
                            + " cannot hold");
        }
    }
}
