package io.github.freqreg.format;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.format.Precision.Kind;
import io.github.freqreg.format.checks.FileChecks;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import io.github.freqreg.spectrum.ZigzagOrder;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes the content of a file in version 2, 3 or 4: the heads of its entries here, their values
 * in {@link ValueEncoder}.
 */
final class FrqEncoder {

    private final RangeEncoder code = new RangeEncoder();
    private final FrqModels models = new FrqModels();
    private final ValueEncoder values = new ValueEncoder(code, models);
    private final FrqDocument document;
    private final boolean named;
    private final byte version;
    private int lastSeed;
    private FrequencyAxes lastAxes = FrequencyAxes.OWN;
    private int nameBytes;
    private byte[] lastName = {};
    private long[] lastExtents = {};
    private final long[] lastCount = new long[2];

    /**
     * Starts to encode.
     *
     * @param document the content
     * @param version of the content, from 2 to 4
     */
    FrqEncoder(FrqDocument document, byte version) {
        this.document = document;
        this.version = version;
        named = document.isNamed();
    }

    byte[] encode() {
        List<FrqEntry> entries = document.entries();
        if (entries.size() > FrqLimits.ENTRIES) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.ENTRIES
                            + " tensors but the network has "
                            + entries.size());
        }
        inputs(document.inputs());
        code.number(models.counts, entries.size());
        flag(Flag.NAMED, named);
        if (!named) {
            code.direct(document.fingerprint(), Integer.SIZE);
        }
        entries.forEach(this::entry);
        byte[] content = code.finish();
        ValueEncoder.checkBytes(content.length, () -> "its " + entries.size() + " tensors");
        return content;
    }

    private void flag(Flag flag, boolean set) {
        code.bit(models.flags, flag.ordinal(), set ? 1 : 0);
    }

    private void inputs(List<Shape> inputs) {
        if (inputs.size() > FrqLimits.INPUTS) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.INPUTS
                            + " inputs but the network has "
                            + inputs.size());
        }
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
        if (shape.dimension() > FileChecks.MAX_RANK) {
            throw new IllegalArgumentException(
                    what
                            + " has rank "
                            + shape.dimension()
                            + " but a file holds at most "
                            + FileChecks.MAX_RANK);
        }
    }

    private void entry(FrqEntry entry) {
        flag(Flag.SPECTRAL, entry.spectral());
        if (entry.spectral()) {
            axes(entry.label(), entry.axes());
        }
        precision(entry.precision());
        if (named) {
            name(entry.name());
            checkRank("Tensor " + entry.name(), entry.shape());
            extents(entry.shape().getShape());
        }
        if (entry.spectral() || !named) {
            count(entry.spectral(), entry.values().length);
        }
        values.encode(entry);
    }

    private void axes(String label, FrequencyAxes axes) {
        if (version > FrqFrame.PLAIN) {
            start(axes.start());
        }
        FrequencyAxes withoutStart = axes.withoutStart();
        boolean own = withoutStart.equals(FrequencyAxes.OWN);
        flag(Flag.OWN_AXES, own);
        if (own) {
            return;
        }
        if (version > FrqFrame.PLAIN && sameAxes(withoutStart)) {
            return;
        }
        long[] split = {};
        if (axes.split() != null) {
            checkRank("A split shape", axes.split());
            split = axes.split().getShape();
        }
        checkAxes(label, split, axes.weights());
        code.number(models.counts, split.length);
        for (int axis = 0; axis < split.length; axis++) {
            code.number(models.extents(axis), split[axis]);
        }
        code.number(models.counts, axes.weights().size());
        for (int weight : axes.weights()) {
            code.number(models.counts, weight);
        }
    }

    /** Encodes whether axes are repeated, and returns it. */
    private boolean sameAxes(FrequencyAxes axes) {
        boolean same = axes.equals(lastAxes);
        flag(Flag.SAME_AXES, same);
        lastAxes = axes;
        return same;
    }

    private void start(@Nullable TensorStart start) {
        if (start instanceof TensorStart.Seeded seeded) {
            flag(Flag.SEEDED, true);
            seed(seeded.seed());
            return;
        }
        flag(Flag.SEEDED, false);
        if (version == FrqFrame.IDENTITY) {
            flag(Flag.IDENTITY, start != null);
        }
    }

    private void seed(int seed) {
        flag(Flag.NEXT_SEED, seed == lastSeed + 1);
        if (seed != lastSeed + 1) {
            code.direct(seed, Integer.SIZE);
        }
        lastSeed = seed;
    }

    /** Checks the axes of an entry without a shape; if it has one, its constructor did. */
    private static void checkAxes(String label, long[] split, List<Integer> weights) {
        int count = weights.size();
        boolean fits =
                count <= FileChecks.MAX_RANK
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
        nameBytes += name.length;
        if (nameBytes > FrqLimits.ALL_NAMES_BYTES) {
            throw new IllegalArgumentException(
                    "A file holds names of at most " + FrqLimits.ALL_NAMES_BYTES + " bytes in all");
        }
        int mismatch = Arrays.mismatch(name, lastName);
        int shared = mismatch < 0 ? name.length : mismatch;
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
            throw new IllegalArgumentException("The name " + name + " has no UTF-8 encoding", e);
        }
        if (utf8.length > FrqLimits.NAME_BYTES) {
            throw new IllegalArgumentException(
                    "A name has at most "
                            + FrqLimits.NAME_BYTES
                            + " bytes of UTF-8 but found "
                            + utf8.length
                            + ": "
                            + name);
        }
        return utf8;
    }

    private void extents(long[] extents) {
        boolean sameRank = extents.length == lastExtents.length;
        flag(Flag.SAME_RANK, sameRank);
        if (!sameRank) {
            code.number(models.counts, extents.length);
        }
        for (int axis = 0; axis < extents.length; axis++) {
            boolean sameExtent = sameRank && extents[axis] == lastExtents[axis];
            if (sameRank) {
                code.bit(models.sameExtent, FrqModels.context(axis), sameExtent ? 1 : 0);
            }
            if (!sameExtent) {
                code.number(models.extents(axis), extents[axis]);
            }
        }
        lastExtents = extents;
    }

    private void count(boolean spectral, int count) {
        int kind = spectral ? 1 : 0;
        flag(Flag.sameCount(spectral), count == lastCount[kind]);
        if (count != lastCount[kind]) {
            code.number(models.counts, count);
        }
        lastCount[kind] = count;
    }
}
