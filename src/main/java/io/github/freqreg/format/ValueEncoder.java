package io.github.freqreg.format;

import ai.djl.util.Float16Utils;
import io.github.freqreg.format.Precision.Kind;
import java.util.function.Supplier;

/** Encodes the values of entries, in the precision of each. */
final class ValueEncoder {

    private final RangeEncoder code;
    private final FrqModels models;

    ValueEncoder(RangeEncoder code, FrqModels models) {
        this.code = code;
        this.models = models;
    }

    void encode(FrqEntry entry) {
        if (entry.precision().kind() == Kind.STEPS) {
            multiples(entry);
        } else {
            floats(entry);
        }
    }

    private void floats(FrqEntry entry) {
        Kind kind = entry.precision().kind();
        BitModels exponents = models.exponents(entry.spectral(), kind);
        for (int i = 0; i < entry.values().length; i++) {
            float value = entry.values()[i];
            if (kind == Kind.FLOAT16) {
                short half = Float16Utils.floatToHalf(value);
                checkFinite(entry, i, Float16Utils.halfToFloat(half));
                code.tree(exponents, 0, half >> 10 & 0x1f, 5);
                code.direct((half & 0x8000) >> 5 | half & 0x3ff, 11);
            } else {
                checkFinite(entry, i, value);
                int bits = Float.floatToRawIntBits(value);
                code.tree(exponents, 0, bits >> 23 & 0xff, 8);
                code.direct(bits >>> 31 << 23 | bits & 0x7fffff, 24);
            }
            checkBytes(code.size(), () -> "tensor " + entry.label());
        }
    }

    private void multiples(FrqEntry entry) {
        Precision precision = entry.precision();
        models.multiples.start();
        checkMultiples(entry.label(), entry.values().length);
        for (int i = 0; i < entry.values().length; i++) {
            float value = entry.values()[i];
            checkFinite(entry, i, value);
            if (!precision.holds(value)) {
                throw new IllegalArgumentException(
                        "Value "
                                + i
                                + " of tensor "
                                + entry.label()
                                + " is "
                                + value
                                + ", which is too large for "
                                + precision);
            }
            multiple((int) precision.multiple(value));
            checkBytes(code.size(), () -> "tensor " + entry.label());
        }
    }

    static void checkMultiples(String label, int count) {
        if (count > FrqLimits.MULTIPLES) {
            throw new IllegalArgumentException(
                    "A file holds at most "
                            + FrqLimits.MULTIPLES
                            + " quantised values of a tensor but "
                            + label
                            + " has "
                            + count);
        }
    }

    private void multiple(int multiple) {
        MultipleModels contexts = models.multiples;
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

    /** Fails early if the file would be too large to be read again. */
    static void checkBytes(long bytes, Supplier<String> with) {
        if (bytes > FrqDocument.MAX_BYTES - FrqFrame.BYTES) {
            throw new IllegalArgumentException(
                    "With "
                            + with.get()
                            + " the file would exceed "
                            + FrqDocument.MAX_BYTES
                            + " bytes");
        }
    }

    private static void checkFinite(FrqEntry entry, int index, float stored) {
        if (!Float.isFinite(stored)) {
            throw new IllegalArgumentException(
                    "Value "
                            + index
                            + " of tensor "
                            + entry.label()
                            + " is "
                            + entry.values()[index]
                            + ", which "
                            + (entry.precision().kind() == Kind.FLOAT16 ? "float16" : "a file")
                            + " cannot hold");
        }
    }
}
