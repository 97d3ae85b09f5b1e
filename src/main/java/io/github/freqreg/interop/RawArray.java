package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * An array of a file that has been checked, before an engine makes anything of it.
 *
 * @param name not empty
 * @param type one of {@link #TYPES}
 * @param shape of its elements, each extent 0 or more
 * @param bytes exactly those of the elements, row-major and little-endian
 */
record RawArray(String name, DataType type, Shape shape, ByteBuffer bytes) {

    /** What both kinds of file have a name for, and bfloat16, which only safetensors have. */
    static final Set<DataType> TYPES =
            Set.of(
                    DataType.FLOAT16,
                    DataType.BFLOAT16,
                    DataType.FLOAT32,
                    DataType.FLOAT64,
                    DataType.UINT8,
                    DataType.INT8,
                    DataType.INT32,
                    DataType.INT64);

    /** Checks what a file gives, and takes it. */
    static RawArray of(String name, DataType type, long[] extents, ByteBuffer bytes)
            throws MalformedModelException {
        checkRank(name, extents);
        long size = FrqChecks.size(name, extents, false);
        long width = type.getNumOfBytes();
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

    /** Refuses more axes than files hold. */
    static void checkRank(String name, long[] extents) throws MalformedModelException {
        if (extents.length > FrqLimits.RANK) {
            throw new MalformedModelException(
                    "expected at most "
                            + FrqLimits.RANK
                            + " axes of array "
                            + name
                            + " but found "
                            + extents.length);
        }
    }

    /** Refuses a name that is empty, too long, no Unicode, or there already; notes it. */
    static void checkName(String name, Set<String> names) throws MalformedModelException {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > FrqLimits.NAME) {
            throw new MalformedModelException(
                    "expected a name of 1 to "
                            + FrqLimits.NAME
                            + " bytes but found one of "
                            + length);
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
            throw new MalformedModelException("the name " + name + " has half a letter of Unicode");
        }
        if (!names.add(name)) {
            throw new MalformedModelException("the name " + name + " appears twice");
        }
        if (names.size() > FrqLimits.TENSORS) {
            throw new MalformedModelException(
                    "expected at most " + FrqLimits.TENSORS + " arrays but found more");
        }
    }

    /** Refuses NaN and infinity. */
    void checkFinite() throws MalformedModelException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; type.isFloating() && in.hasRemaining(); i++) {
            double value =
                    switch (type) {
                        case FLOAT16 -> Float16Utils.halfToFloat(in.getShort());
                        // The upper half of a float32.
                        case BFLOAT16 -> Float.intBitsToFloat(in.getShort() << Short.SIZE);
                        case FLOAT32 -> in.getFloat();
                        default -> in.getDouble();
                    };
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

    /** Makes the engine's array of it; DJL 0.36 ends the whole process where one is bfloat16. */
    NDArray toArray(NDManager manager) {
        NDArray array =
                type == DataType.BFLOAT16
                        ? manager.create(widened(), shape, DataType.FLOAT32)
                        : manager.create(bytes.duplicate(), shape, type);
        array.setName(name);
        return array;
    }

    /** A bfloat16 is the upper half of a float32. */
    private FloatBuffer widened() {
        ShortBuffer halves = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        FloatBuffer floats = FloatBuffer.allocate(halves.remaining());
        while (halves.hasRemaining()) {
            floats.put(Float.intBitsToFloat(halves.get() << Short.SIZE));
        }
        return floats.flip();
    }
}
