package io.github.freqreg.format;

import java.io.ByteArrayOutputStream;

/**
 * An adaptive binary range encoder, specified in the package documentation. {@link RangeDecoder} is
 * its inverse.
 *
 * <p>The interval is {@code [low, low + range)}; each bit selects its lower or upper part. Output
 * bytes are held back while a carry can still reach them.
 *
 * @see <a href="https://www.7-zip.org/sdk.html">The range coder of LZMA, after G. N. N. Martin</a>
 */
final class RangeEncoder {

    /** The most direct bits that are coded at once. */
    static final int CHUNK = 16;

    /** A smaller range is scaled up by 256, which outputs a byte. */
    static final int TOP = 1 << 24;

    private static final long MASK = 0xffffffffL;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long low;
    private int range = -1;
    private int held;
    private long heldCount = 1;

    /** Encodes a bit in a context. */
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

    /** Encodes bits without a context, the highest first. */
    void direct(long value, int bits) {
        for (int left = bits; left > 0; left -= Math.min(left, CHUNK)) {
            int chunk = Math.min(left, CHUNK);
            range >>>= chunk;
            low += (value >>> (left - chunk) & (1L << chunk) - 1) * (range & MASK);
            normalize();
        }
    }

    /** Encodes a value bit by bit, the highest first, each in the context of the bits before it. */
    void tree(BitModels models, int first, int value, int bits) {
        int node = 1;
        for (int i = bits - 1; i >= 0; i--) {
            int bit = value >>> i & 1;
            bit(models, first + node, bit);
            node = 2 * node + bit;
        }
    }

    /**
     * Encodes a number of 0 or more as an adaptive Elias gamma code of the number plus one: the
     * count of bits after the highest in unary, then these bits.
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
        // Unsigned. After a chunk the range can need two bytes.
        while ((range & MASK) < TOP) {
            range <<= Byte.SIZE;
            shift();
        }
    }

    /** Outputs the highest byte of low, or holds it back while a carry may still change it. */
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

    /** Returns the number of bytes so far, including those held back. */
    int size() {
        return out.size() + Math.toIntExact(heldCount) - 1;
    }

    /** Ends the code with the number in the interval that has the most trailing zero bytes. */
    byte[] finish() {
        int zeros = zerosAtEnd(low, range);
        low = end(low, range, zeros);
        for (int i = 0; i < 1 + Integer.BYTES; i++) {
            shift();
        }
        // The first byte is always 0, and the decoder reads zeros past the end.
        byte[] bytes = out.toByteArray();
        byte[] code = new byte[bytes.length - 1 - zeros];
        System.arraycopy(bytes, 1, code, 0, code.length);
        return code;
    }

    /** Returns the most trailing zero bytes, up to four, of a number in an interval. */
    static int zerosAtEnd(long low, int range) {
        int zeros = Integer.BYTES;
        while (end(low, range, zeros) < low) {
            zeros--;
        }
        return zeros;
    }

    /** Returns the largest number of an interval with so many trailing zero bytes. */
    static long end(long low, int range, int zeros) {
        return low + (range & MASK) - 1 >>> 8 * zeros << 8 * zeros;
    }
}
