package io.github.freqreg.format;

import java.io.ByteArrayOutputStream;

/**
 * An adaptive binary range coder, see the package's description. {@link RangeDecoder} is its
 * inverse.
 *
 * <p>The interval is {@code [low, low + range)}; a bit takes the lower or the upper part of it. A
 * carry goes into bytes that are held back until no carry can reach them.
 *
 * @see <a href="https://www.7-zip.org/sdk.html">The range coder of LZMA, after G. N. N. Martin</a>
 */
final class RangeEncoder {

    /** The most bits that are coded at once without a model. */
    static final int CHUNK = 16;

    /** Below it the range is made 256 times larger, by a byte. */
    static final int TOP = 1 << 24;

    private static final long MASK = 0xffffffffL;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long low;
    private int range = -1;
    private int held;
    private long heldCount = 1;

    /** Codes a bit by what its context has learned. */
    void bit(BitModels models, int context, int bit) {
        int bound = (range >>> BitModels.PRECISION) * models.zero(context);
        if (bit == 0) {
            range = bound;
        } else {
            low += bound & MASK;
            range -= bound;
        }
        models.update(context, bit);
        normalize();
    }

    /** Codes bits that are as likely 0 as 1, the highest first. */
    void direct(long value, int bits) {
        for (int left = bits; left > 0; left -= Math.min(left, CHUNK)) {
            int chunk = Math.min(left, CHUNK);
            range >>>= chunk;
            low += (value >>> (left - chunk) & (1L << chunk) - 1) * (range & MASK);
            normalize();
        }
    }

    /** Codes the bits of a value, the highest first, each in the context of those before it. */
    void tree(BitModels models, int first, int value, int bits) {
        int node = 1;
        for (int i = bits - 1; i >= 0; i--) {
            int bit = value >>> i & 1;
            bit(models, first + node, bit);
            node = 2 * node + bit;
        }
    }

    /**
     * Codes a number of 0 or more: how many bits follow the highest bit of the number plus one, as
     * that many ones and a zero, and then these bits.
     */
    void number(BitModels models, long value) {
        long next = value + 1;
        int bits = Long.SIZE - 1 - Long.numberOfLeadingZeros(next);
        for (int i = 0; i < bits; i++) {
            bit(models, i, 1);
        }
        if (bits < Long.SIZE - 1) {
            bit(models, bits, 0);
        }
        direct(next, bits);
    }

    private void normalize() {
        // Unsigned; after a chunk the range can be two bytes short.
        while ((range & MASK) < TOP) {
            range <<= Byte.SIZE;
            shift();
        }
    }

    /** Moves the highest byte of low out, or holds it back while a carry may still come. */
    private void shift() {
        if (low < 0xff000000L || low > MASK) {
            int carry = (int) (low >>> Integer.SIZE);
            int next = held + carry;
            for (; heldCount > 0; heldCount--) {
                out.write(next);
                next = 0xff + carry;
            }
            held = (int) (low >>> 24) & 0xff;
        }
        heldCount++;
        low = low << Byte.SIZE & MASK;
    }

    /** The bytes so far, those held back included. */
    int size() {
        return out.size() + Math.toIntExact(heldCount) - 1;
    }

    /** Ends the code with the number of the interval that has the most zero bytes at its end. */
    byte[] finish() {
        int zeros = zerosAtEnd(low, range);
        low = end(low, range, zeros);
        for (int i = 0; i < 1 + Integer.BYTES; i++) {
            shift();
        }
        // The first byte is always 0, and the decoder reads zeros behind the end.
        byte[] bytes = out.toByteArray();
        byte[] code = new byte[bytes.length - 1 - zeros];
        System.arraycopy(bytes, 1, code, 0, code.length);
        return code;
    }

    /** How many zero bytes the number of an interval can have among its last four. */
    static int zerosAtEnd(long low, int range) {
        int zeros = Integer.BYTES;
        while (end(low, range, zeros) < low) {
            zeros--;
        }
        return zeros;
    }

    /** The largest number of an interval with so many zero bytes. */
    static long end(long low, int range, int zeros) {
        return low + (range & MASK) - 1 >>> 8 * zeros << 8 * zeros;
    }
}
