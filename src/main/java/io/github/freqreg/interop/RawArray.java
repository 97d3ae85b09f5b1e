package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.format.checks.FileChecks;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A validated array of a file that no engine has seen yet.
 *
 * @param name the name, not empty
 * @param type the type of the elements, one of {@link #TYPES}
 * @param shape the shape, with extents of 0 or more
 * @param bytes the elements, row-major and little-endian, and nothing else
 */
record RawArray(String name, DataType type, Shape shape, ByteBuffer bytes) {

    /** The types that safetensors and npy both have, and bfloat16, which only safetensors has. */
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

    private static final int MAX_NAME_BYTES = 1 << 10;
    private static final int MAX_ARRAYS = 1 << 16;

    /** Makes an array whose shape, type and bytes fit each other. */
    static RawArray of(String name, DataType type, long[] extents, ByteBuffer bytes)
            throws MalformedModelException {
        checkRank(name, extents);
        long size = FileChecks.size(name, extents);
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

    /** Rejects a rank above the limit. */
    static void checkRank(String name, long[] extents) throws MalformedModelException {
        if (extents.length > FileChecks.MAX_RANK) {
            throw new MalformedModelException(
                    "expected at most "
                            + FileChecks.MAX_RANK
                            + " axes of array "
                            + name
                            + " but found "
                            + extents.length);
        }
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

    /** Rejects NaN and infinity. */
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

    /** Creates the engine's array; bfloat16, with which DJL 0.36 can crash, becomes float32. */
    NDArray toArray(NDManager manager) {
        NDArray array =
                type == DataType.BFLOAT16
                        ? manager.create(widened(), shape, DataType.FLOAT32)
                        : manager.create(bytes.duplicate(), shape, type);
        array.setName(name);
        return array;
    }

    /** Converts bfloat16, the upper half of a float32, to float32. */
    private FloatBuffer widened() {
        ShortBuffer halves = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        FloatBuffer floats = FloatBuffer.allocate(halves.remaining());
        while (halves.hasRemaining()) {
            floats.put(Float.intBitsToFloat(halves.get() << Short.SIZE));
        }
        return floats.flip();
    }
}
