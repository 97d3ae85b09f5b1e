package io.github.freqreg.format;

import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.format.Precision.Kind;

/** Writes files of version 2 or 3 symbol by symbol, including files that no encoder would write. */
final class CodeBytes {

    private final RangeEncoder code = new RangeEncoder();
    private final FrqModels models = new FrqModels();

    CodeBytes flag(Flag flag, boolean set) {
        code.bit(models.flags, flag.ordinal(), set ? 1 : 0);
        return this;
    }

    CodeBytes count(long value) {
        code.number(models.counts, value);
        return this;
    }

    CodeBytes extent(int axis, long value) {
        code.number(models.extents(axis), value);
        return this;
    }

    /** Writes how many bytes a name shares with the previous one, and how many follow. */
    CodeBytes lengths(long shared, long more) {
        return shared(shared).more(more);
    }

    CodeBytes shared(long value) {
        code.number(models.shared, value);
        return this;
    }

    private CodeBytes more(long value) {
        code.number(models.lengths, value);
        return this;
    }

    /** Writes a file up to the head of its only tensor; it has names and no inputs. */
    private CodeBytes oneTensor() {
        return count(0).count(1).flag(Flag.NAMED, true);
    }

    /** Writes a file up to the name of its only tensor, which is stored as elements. */
    CodeBytes elements(Kind kind) {
        return oneTensor().nextElements(kind);
    }

    /** Writes a file up to the name of its only tensor, stored as coefficients on its own axes. */
    CodeBytes coefficients(Kind kind) {
        oneTensor().flag(Flag.SPECTRAL, true).flag(Flag.OWN_AXES, true);
        return kind(kind);
    }

    /** Writes a file up to the axes of its only tensor, which are not its own. */
    CodeBytes otherAxes() {
        return oneTensor().flag(Flag.SPECTRAL, true).flag(Flag.OWN_AXES, false);
    }

    /** Writes a file of version 3 up to the axes of its only tensor, with a seed in full. */
    CodeBytes seed(int seed) {
        oneTensor().flag(Flag.SPECTRAL, true).flag(Flag.SEEDED, true).flag(Flag.NEXT_SEED, false);
        code.direct(seed, Integer.SIZE);
        return this;
    }

    /** Writes a file of version 4 up to the precision of its only tensor, an identity. */
    CodeBytes identity() {
        return oneTensor()
                .flag(Flag.SPECTRAL, true)
                .flag(Flag.SEEDED, false)
                .flag(Flag.IDENTITY, true)
                .flag(Flag.OWN_AXES, true);
    }

    /** Writes the head of a spectral tensor of version 3 with the next seed, up to its axes. */
    CodeBytes nextSeed() {
        return flag(Flag.SPECTRAL, true).flag(Flag.SEEDED, true).flag(Flag.NEXT_SEED, true);
    }

    /** Writes weighted axes of version 3: not the tensor's own, not repeated, not split. */
    CodeBytes newAxes(int... weights) {
        flag(Flag.OWN_AXES, false).flag(Flag.SAME_AXES, false).count(0).count(weights.length);
        for (int weight : weights) {
            count(weight);
        }
        return this;
    }

    /** Writes the head of a tensor of elements up to its name, or to its step. */
    CodeBytes nextElements(Kind kind) {
        return flag(Flag.SPECTRAL, false).kind(kind);
    }

    CodeBytes kind(Kind kind) {
        flag(Flag.HALF, kind == Kind.FLOAT16);
        return kind == Kind.FLOAT16 ? this : flag(Flag.STEPS, kind == Kind.STEPS);
    }

    /** Writes the stored bits of a step. */
    CodeBytes step(int exponent, int fraction) {
        code.tree(models.stepExponents, 0, exponent, Byte.SIZE);
        code.direct(fraction, Precision.FRACTION);
        return this;
    }

    /** Writes a name of one byte. */
    CodeBytes name(int letter) {
        lengths(0, 1);
        code.tree(models.letters(0), 0, letter, Byte.SIZE);
        return this;
    }

    CodeBytes shape(long... extents) {
        flag(Flag.SAME_RANK, false).count(extents.length);
        for (int axis = 0; axis < extents.length; axis++) {
            extent(axis, extents[axis]);
        }
        return this;
    }

    /** Writes an extent that equals that of the previous tensor. */
    CodeBytes sameExtent(int axis) {
        code.bit(models.sameExtent, axis, 1);
        return this;
    }

    /** Writes a float16 of a tensor of elements, by its bits. */
    CodeBytes half(int bits) {
        code.tree(models.exponents(false, Kind.FLOAT16), 0, bits >> 10 & 31, 5);
        code.direct(bits >> 15 << 10 | bits & 1023, 11);
        return this;
    }

    /** Writes the first multiple of a tensor. */
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

    /** Writes the first multiples of a tensor, all 0. */
    CodeBytes zeros(int count) {
        models.multiples.start();
        for (int i = 0; i < count; i++) {
            code.bit(models.multiples.ofClass(0), 0, 0);
            models.multiples.update(0);
        }
        return this;
    }

    /** Ends the code and frames it with the correct checksum. */
    byte[] seal() {
        return seal(2);
    }

    /** Ends the code and frames it as a version. */
    byte[] seal(int version) {
        return new FileBytes().bytes('F', 'R', 'Q', version).raw(code.finish()).seal();
    }
}
