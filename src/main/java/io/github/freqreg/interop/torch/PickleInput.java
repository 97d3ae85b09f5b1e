package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a pickle, read as the arguments of its instructions.
 *
 * <p>At the end of the bytes the methods throw {@link java.nio.BufferUnderflowException}.
 */
final class PickleInput {

    private static final int MAX_LINE = 255;

    private final ByteBuffer in;

    PickleInput(byte[] pickle) {
        in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    int position() {
        return in.position();
    }

    boolean isAtEnd() {
        return !in.hasRemaining();
    }

    int unsignedByte() {
        return in.get() & 0xff;
    }

    int unsignedShort() {
        return in.getShort() & 0xffff;
    }

    int int32() {
        return in.getInt();
    }

    /** Reads a float64, the only big-endian number of the format. */
    double float64() {
        return Double.longBitsToDouble(Long.reverseBytes(in.getLong()));
    }

    /** Reads a signed integer with its length in the first byte. */
    Number integer() {
        byte[] bytes = new byte[unsignedByte()];
        for (int i = bytes.length - 1; i >= 0; i--) {
            bytes[i] = in.get();
        }
        if (bytes.length == 0) {
            return 0L;
        }
        BigInteger value = new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    /** Reads a UTF-8 string with its length in the first four bytes. */
    String string() throws MalformedModelException {
        int length = int32();
        if (length < 0 || length > in.remaining()) {
            throw new MalformedModelException(
                    "expected a string of at most "
                            + in.remaining()
                            + " bytes but found "
                            + Integer.toUnsignedString(length));
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Reads ASCII up to the end of the line. */
    String line() throws MalformedModelException {
        StringBuilder line = new StringBuilder();
        for (byte next = in.get(); next != '\n'; next = in.get()) {
            if (next < ' ' || line.length() > MAX_LINE) {
                throw new MalformedModelException(
                        "the pickle has a global name that is not ASCII or too long");
            }
            line.append((char) next);
        }
        return line.toString();
    }
}
