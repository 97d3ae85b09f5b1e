package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.checks.FileChecks;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A validated array of a file that no engine has seen yet.
 *
 * @param name the name, not empty
 * @param type the type of the elements
 * @param shape the shape, with extents of 0 or more
 * @param bytes the elements, row-major and little-endian, and nothing else
 */
record RawArray(String name, ElementType type, Shape shape, ByteBuffer bytes) {

    private static final int MAX_NAME_BYTES = 1 << 10;

    /** The readers parse 18 digits. */
    private static final long MAX_EXTENT = 999_999_999_999_999_999L;

    private static final int MAX_ARRAYS = 1 << 16;

    /** Makes an array whose shape, type and bytes fit each other. */
    static RawArray of(String name, ElementType type, long[] extents, ByteBuffer bytes)
            throws MalformedModelException {
        checkShape(name, extents);
        long size = FileChecks.size(name, extents);
        int width = type.bytes();
        if (size > Integer.MAX_VALUE || size * width != bytes.remaining()) {
            throw new MalformedModelException(
                    "expected "
                            + size
                            + " elements of "
                            + width
                            + " bytes in array "
                            + name
                            + " of shape "
                            + new Shape(extents)
                            + " but found "
                            + bytes.remaining()
                            + " bytes");
        }
        return new RawArray(name, type, new Shape(extents), bytes);
    }

    /** Rejects a rank or an extent above the limits; only empty arrays have such extents. */
    static void checkShape(String name, long[] extents) throws MalformedModelException {
        if (extents.length > FileChecks.MAX_RANK) {
            throw new MalformedModelException(
                    "expected at most "
                            + FileChecks.MAX_RANK
                            + " axes of array "
                            + name
                            + " but found "
                            + extents.length);
        }
        for (long extent : extents) {
            if (extent > MAX_EXTENT) {
                throw new MalformedModelException(
                        "expected extents of at most "
                                + MAX_EXTENT
                                + " of array "
                                + name
                                + " but found "
                                + extent);
            }
        }
        FileChecks.size(name, extents);
    }

    /** Rejects a name that is empty, too long, not valid Unicode or already in the set; adds it. */
    static void checkName(String name, Set<String> names) throws MalformedModelException {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > MAX_NAME_BYTES) {
            throw new MalformedModelException(
                    "expected a name of 1 to "
                            + MAX_NAME_BYTES
                            + " bytes but found one of "
                            + length);
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
            throw new MalformedModelException("the name " + name + " has an unpaired surrogate");
        }
        if (!names.add(name)) {
            throw new MalformedModelException("the name " + name + " appears twice");
        }
        if (names.size() > MAX_ARRAYS) {
            throw new MalformedModelException(
                    "expected at most " + MAX_ARRAYS + " arrays but found more");
        }
    }

    /** Returns this array under another name; it shares the buffer of its elements. */
    RawArray withName(String other) {
        return new RawArray(other, type, shape, bytes);
    }

    /** Returns this array with its elements in another order of bytes. */
    RawArray withBytes(ByteBuffer ordered) {
        return new RawArray(name, type, shape, ordered);
    }

    /** Rejects NaN and infinity. */
    void checkFinite() throws MalformedModelException {
        ByteBuffer in = elements();
        for (int i = 0; type.isFloating() && in.hasRemaining(); i++) {
            double value = type.real(in);
            if (!Double.isFinite(value)) {
                throw new MalformedModelException(
                        "expected finite values but value "
                                + i
                                + " of array "
                                + name
                                + " is "
                                + value);
            }
        }
    }

    /** Rejects booleans other than 0 and 1, and uint64 that int64 lacks. */
    void checkValues() throws MalformedModelException {
        boolean bool = type == ElementType.BOOL;
        ByteBuffer in = elements();
        while ((bool || type == ElementType.UINT64) && in.hasRemaining()) {
            int index = in.position() / type.bytes();
            long value = type.integer(in);
            if (bool ? value > 1 : value < 0) {
                throw new MalformedModelException(
                        "expected "
                                + (bool ? "0 or 1" : "at most 2^63 - 1")
                                + " but value "
                                + index
                                + " of array "
                                + name
                                + " is "
                                + Long.toUnsignedString(value));
            }
        }
    }

    private ByteBuffer elements() {
        return bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Creates the engine's array. */
    NDArray toArray(NDManager manager) {
        Buffer values = type.isNative() ? bytes.duplicate() : converted();
        NDArray array = manager.create(values, shape, type.engineType());
        array.setName(name);
        return array;
    }

    private Buffer converted() {
        ByteBuffer in = elements();
        int count = in.remaining() / type.bytes();
        switch (type.engineType()) {
            case FLOAT32 -> {
                FloatBuffer floats = FloatBuffer.allocate(count);
                while (in.hasRemaining()) {
                    floats.put((float) type.real(in));
                }
                return floats.flip();
            }
            case INT32 -> {
                IntBuffer integers = IntBuffer.allocate(count);
                while (in.hasRemaining()) {
                    integers.put((int) type.integer(in));
                }
                return integers.flip();
            }
            default -> {
                LongBuffer integers = LongBuffer.allocate(count);
                while (in.hasRemaining()) {
                    integers.put(type.integer(in));
                }
                return integers.flip();
            }
        }
    }
}
