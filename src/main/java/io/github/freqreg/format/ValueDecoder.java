package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.Precision.Kind;
import io.github.freqreg.format.checks.FileChecks;
import java.util.Arrays;

/**
 * Decodes what {@link ValueEncoder} wrote.
 *
 * <p>It allocates no more values than the remaining bytes can encode.
 */
final class ValueDecoder {

    /** The first allocation for multiples. */
    private static final int FIRST = 1 << 12;

    /** Bytes of the code that the range decoder may have taken in already. */
    private static final long READ_AHEAD = 8;

    private final RangeDecoder code;
    private final FrqModels models;

    ValueDecoder(RangeDecoder code, FrqModels models) {
        this.code = code;
        this.models = models;
    }

    float[] decode(boolean spectral, Precision precision, String label, long count)
            throws MalformedModelException {
        return precision.kind() == Kind.STEPS
                ? multiples(precision.step(), label, count)
                : floats(models.exponents(spectral, precision.kind()), precision, label, count);
    }

    private float[] floats(BitModels exponents, Precision precision, String label, long count)
            throws MalformedModelException {
        boolean half = precision.kind() == Kind.FLOAT16;
        // At least the direct bits of each value must be left.
        int directBits = half ? 11 : 24;
        checkCount(count, (code.remaining() + READ_AHEAD) * Byte.SIZE / directBits, label);
        float[] values = new float[(int) count];
        for (int i = 0; i < values.length; i++) {
            if (half) {
                int bits = code.tree(exponents, 0, 5) << 10;
                int rest = (int) code.direct(directBits);
                values[i] =
                        Float16Utils.halfToFloat(
                                (short) (bits | (rest & 0x400) << 5 | rest & 0x3ff));
            } else {
                int bits = code.tree(exponents, 0, 8) << 23;
                int rest = (int) code.direct(directBits);
                values[i] = Float.intBitsToFloat(bits | rest >>> 23 << 31 | rest & 0x7fffff);
            }
            FileChecks.checkFinite(values[i], i, label);
        }
        return values;
    }

    private float[] multiples(float step, String label, long count) throws MalformedModelException {
        long most = (code.remaining() + READ_AHEAD) * FrqLimits.MULTIPLES_PER_BYTE;
        checkCount(count, Math.min(most, FrqLimits.MULTIPLES), label);
        models.multiples.start();
        // Zeros take almost no bytes, so the array grows only as values are decoded.
        float[] values = new float[(int) Math.min(count, FIRST)];
        for (int i = 0; i < count; i++) {
            if (i == values.length) {
                values = Arrays.copyOf(values, (int) Math.min(count, 2L * i));
            }
            int multiple = multiple();
            if (Math.abs(multiple) > Precision.MAX_MULTIPLE) {
                throw new MalformedModelException(
                        "expected at most "
                                + Precision.MAX_MULTIPLE
                                + " quantisation steps but value "
                                + i
                                + " of tensor "
                                + label
                                + " has "
                                + multiple);
            }
            values[i] = multiple * step;
            FileChecks.checkFinite(values[i], i, label);
        }
        return values;
    }

    private int multiple() throws MalformedModelException {
        MultipleModels contexts = models.multiples;
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
