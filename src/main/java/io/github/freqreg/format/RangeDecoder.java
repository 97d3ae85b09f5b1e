package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;

/** Decodes what {@link RangeEncoder} wrote. Up to four zero bytes are read past the end. */
final class RangeDecoder {

    private static final long MASK = 0xffffffffL;
    private static final int MAX_ZEROS = Integer.BYTES;

    private final ByteBuffer in;
    private int code;
    private int window;
    private int range = -1;
    private int zeros;

    RangeDecoder(ByteBuffer in) throws MalformedModelException {
        this.in = in;
        for (int i = 0; i < Integer.BYTES; i++) {
            code = code << Byte.SIZE | next();
        }
    }

    private int next() throws MalformedModelException {
        if (in.hasRemaining()) {
            int next = in.get() & 0xff;
            window = window << Byte.SIZE | next;
            return next;
        }
        window <<= Byte.SIZE;
        if (++zeros > MAX_ZEROS) {
            throw new MalformedModelException("expected more bytes before the checksum");
        }
        return 0;
    }

    int bit(BitModels models, int context) throws MalformedModelException {
        int bound = (range >>> BitModels.PRECISION) * models.zero(context);
        int bit;
        if (Integer.compareUnsigned(code, bound) < 0) {
            range = bound;
            bit = 0;
        } else {
            code -= bound;
            range -= bound;
            bit = 1;
        }
        models.update(context, bit);
        normalize();
        return bit;
    }

    long direct(int bits) throws MalformedModelException {
        long value = 0;
        for (int left = bits; left > 0; left -= Math.min(left, RangeEncoder.CHUNK)) {
            int chunk = Math.min(left, RangeEncoder.CHUNK);
            range >>>= chunk;
            long part = (code & MASK) / (range & MASK);
            if (part >>> chunk != 0) {
                throw new MalformedModelException(
                        "the range code is corrupt: no encoder writes these bytes");
            }
            code -= (int) (part * (range & MASK));
            value = value << chunk | part;
            normalize();
        }
        return value;
    }

    int tree(BitModels models, int first, int bits) throws MalformedModelException {
        int node = 1;
        for (int i = 0; i < bits; i++) {
            node = 2 * node + bit(models, first + node);
        }
        return node - (1 << bits);
    }

    /** Decodes a number, and rejects one of 2⁶³ or more. */
    long number(BitModels models, String what) throws MalformedModelException {
        int bits = 0;
        while (bits < Long.SIZE - 1 && bit(models, bits) == 1) {
            bits++;
        }
        long value = (1L << bits | direct(bits)) - 1;
        if (value < 0) {
            throw new MalformedModelException("the " + what + " does not fit 63 bits");
        }
        return value;
    }

    private void normalize() throws MalformedModelException {
        while ((range & MASK) < RangeEncoder.TOP) {
            range <<= Byte.SIZE;
            code = code << Byte.SIZE | next();
        }
    }

    /** Checks that the code ends as the encoder ends it, so that a content has one encoding. */
    void expectEnd() throws MalformedModelException {
        if (in.hasRemaining()) {
            throw new MalformedModelException(
                    "expected the checksum after the last tensor but found "
                            + in.remaining()
                            + " more bytes");
        }
        // The window is the start of the interval plus the distance of the code from it.
        long low = window - code & MASK;
        if (zeros != RangeEncoder.zerosAtEnd(low, range)
                || window != (int) RangeEncoder.end(low, range, zeros)) {
            throw new MalformedModelException(
                    "the code ends in bytes that no encoder writes after the last tensor");
        }
    }

    /** Returns the number of bytes not read yet. */
    int remaining() {
        return in.remaining();
    }

    /** Returns the number of bytes that the encoder had written at this point. */
    int size() {
        return in.position() + zeros - Integer.BYTES;
    }
}
