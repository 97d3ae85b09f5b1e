package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UTFDataFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads the bytes of a file, and reports what was expected where something else is. */
final class CheckedInput {

    private final ByteBuffer in;

    /** The offset of the last value. */
    private int at;

    CheckedInput(byte[] bytes) {
        in = ByteBuffer.wrap(bytes);
    }

    int offset() {
        return in.position();
    }

    byte readByte() throws MalformedModelException {
        need(1);
        return in.get();
    }

    char readChar() throws MalformedModelException {
        need(Character.BYTES);
        return in.getChar();
    }

    int readInt() throws MalformedModelException {
        need(Integer.BYTES);
        return in.getInt();
    }

    long readLong() throws MalformedModelException {
        need(Long.BYTES);
        return in.getLong();
    }

    /** Reads characters of one byte. */
    String bytes(int length) throws MalformedModelException {
        need(length);
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Reads a text in Java's modified UTF-8, with its length in two bytes before it. */
    String text() throws IOException, MalformedModelException {
        int start = in.position();
        int length = Character.BYTES + readChar();
        skip(length - Character.BYTES);
        at = start;
        try {
            InputStream bytes = new ByteArrayInputStream(in.array(), start, length);
            return new DataInputStream(bytes).readUTF();
        } catch (UTFDataFormatException e) {
            throw refusal("a text in modified UTF-8", "other bytes");
        }
    }

    /** Reads a number of things of at least one byte each. */
    int count(String what) throws MalformedModelException {
        int count = readInt();
        check(
                count >= 0 && count <= in.remaining(),
                "a number of " + what + " of at most " + in.remaining(),
                count);
        return count;
    }

    void skip(long length) throws MalformedModelException {
        need(length);
        in.position((int) (in.position() + length));
    }

    private void need(long length) throws MalformedModelException {
        at = in.position();
        check(in.remaining() >= length, length + " more bytes", in.remaining());
    }

    void expectEnd() throws MalformedModelException {
        at = in.position();
        check(in.remaining() == 0, "the end of the file", in.remaining() + " more bytes");
    }

    void expect(String what, long expected, long found) throws MalformedModelException {
        check(found == expected, what + " " + expected, found);
    }

    void expect(String expected, String found) throws MalformedModelException {
        check(found.equals(expected), expected, '"' + found + '"');
    }

    /**
     * Checks the last value.
     *
     * @param holds whether it is valid
     * @param expected what is valid
     * @param found the value
     */
    void check(boolean holds, String expected, Object found) throws MalformedModelException {
        if (!holds) {
            throw refusal(expected, found);
        }
    }

    private MalformedModelException refusal(String expected, Object found) {
        return new MalformedModelException(
                "byte " + at + ": expected " + expected + " but found " + found);
    }
}
