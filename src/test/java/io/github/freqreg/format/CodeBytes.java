package io.github.freqreg.format;

import io.github.freqreg.format.FrqModels.Flag;

/** Writes files of version 2 symbol by symbol, also those that no encoder would write. */
final class CodeBytes {

    private final RangeEncoder code = new RangeEncoder();
    private final FrqModels models = new FrqModels();

    CodeBytes flag(Flag flag, boolean set) {
        code.bit(models.flags, flag.ordinal(), set ? 1 : 0);
        return this;
    }

    CodeBytes number(String models, long value) {
        code.number(
                switch (models) {
                    case "counts" -> this.models.counts;
                    case "lengths" -> this.models.lengths;
                    case "shared" -> this.models.shared;
                    case "extents1" -> this.models.extents(1);
                    default -> this.models.extents(0);
                },
                value);
        return this;
    }

    /** A file without inputs, up to the name of its first and only tensor. */
    CodeBytes tensor(boolean spectral, boolean half) {
        return oneTensor().kind(spectral, half);
    }

    private CodeBytes oneTensor() {
        return number("counts", 0).number("counts", 1).flag(Flag.NAMED, true);
    }

    /** A file up to the step of its first and only tensor. */
    CodeBytes multiples(boolean spectral) {
        oneTensor().flag(Flag.SPECTRAL, spectral);
        return flag(Flag.HALF, false).flag(Flag.STEPS, true);
    }

    /** A file up to the axes of its first and only tensor, which are not its own. */
    CodeBytes axes() {
        return oneTensor().flag(Flag.SPECTRAL, true).flag(Flag.OWN_AXES, false);
    }

    /** The first multiple of a tensor. */
    CodeBytes multiple(int multiple) {
        int magnitude = Math.abs(multiple);
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(magnitude);
        MultipleModels contexts = models.multiples;
        contexts.start();
        for (int i = 0; i < bits; i++) {
            code.bit(contexts.ofClass(i), 0, 1);
        }
        if (bits < MultipleModels.CLASSES - 1) {
            code.bit(contexts.ofClass(bits), 0, 0);
        }
        code.direct(multiple < 0 ? 1 : 0, 1);
        code.bit(contexts.seconds(), bits, magnitude >> bits - 2 & 1);
        code.direct(magnitude & (1 << bits - 2) - 1, bits - 2);
        return this;
    }

    /** A tensor along its own axes, of float16 or float32. */
    CodeBytes kind(boolean spectral, boolean half) {
        flag(Flag.SPECTRAL, spectral);
        if (spectral) {
            flag(Flag.OWN_AXES, true);
        }
        flag(Flag.HALF, half);
        return half ? this : flag(Flag.STEPS, false);
    }

    /** The step of multiples, by its stored bits. */
    CodeBytes step(int exponent, int fraction) {
        code.tree(models.stepExponents, 0, exponent, Byte.SIZE);
        code.direct(fraction, Precision.FRACTION);
        return this;
    }

    /** A name of one byte. */
    CodeBytes name(int letter) {
        number("shared", 0).number("lengths", 1);
        code.tree(models.letters(0), 0, letter, Byte.SIZE);
        return this;
    }

    CodeBytes shape(long... extents) {
        flag(Flag.SAME_RANK, false).number("counts", extents.length);
        for (int axis = 0; axis < extents.length; axis++) {
            code.number(models.extents(axis), extents[axis]);
        }
        return this;
    }

    /** An extent like that of the tensor before. */
    CodeBytes same(int axis) {
        code.bit(models.sameExtent, axis, 1);
        return this;
    }

    CodeBytes half(int bits) {
        code.tree(models.exponents(false, true), 0, bits >> 10 & 31, 5);
        code.direct(bits >> 15 << 10 | bits & 1023, 11);
        return this;
    }

    /** The first multiples of a tensor, all 0. */
    CodeBytes zeros(int count) {
        models.multiples.start();
        for (int i = 0; i < count; i++) {
            code.bit(models.multiples.ofClass(0), 0, 0);
            models.multiples.update(0);
        }
        return this;
    }

    byte[] seal() {
        return new FileBytes().bytes('F', 'R', 'Q', 2).raw(code.finish()).seal();
    }
}
