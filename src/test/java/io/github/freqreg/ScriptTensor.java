package io.github.freqreg;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/**
 * A tensor of a TorchScript archive: a view of a storage, in elements.
 *
 * <p>Attributes that hold the same object are tied: the archive holds the tensor once.
 *
 * @param storage the storage
 * @param offset the position of the first element
 * @param shape the shape
 * @param strides the distance of neighbours along each axis
 */
public record ScriptTensor(Storage storage, long offset, long[] shape, long[] strides) {

    /**
     * A record of the archive. Tensors that hold the same object share it.
     *
     * @param type the class that the pickle names, such as {@code FloatStorage}
     * @param count the number of elements
     * @param bytes the elements, little-endian
     */
    public record Storage(String type, long count, byte[] bytes) {

        /** Makes a storage of float32. */
        public static Storage of(float... values) {
            ByteBuffer buffer = little(values.length * Float.BYTES);
            for (float value : values) {
                buffer.putFloat(value);
            }
            return new Storage("FloatStorage", values.length, buffer.array());
        }

        /** Makes a storage of int64. */
        public static Storage of(long... values) {
            ByteBuffer buffer = little(values.length * Long.BYTES);
            for (long value : values) {
                buffer.putLong(value);
            }
            return new Storage("LongStorage", values.length, buffer.array());
        }

        private static ByteBuffer little(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** Makes a contiguous tensor of float32. */
    public static ScriptTensor of(float[] values, long... shape) {
        return contiguous(Storage.of(values), shape);
    }

    /** Makes a contiguous tensor of int64. */
    public static ScriptTensor of(long[] values, long... shape) {
        return contiguous(Storage.of(values), shape);
    }

    /** Makes a contiguous tensor at the start of a storage. */
    public static ScriptTensor contiguous(Storage storage, long... shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return new ScriptTensor(storage, 0, shape, strides);
    }

    /** Makes a contiguous tensor of float32 with normal values of a standard deviation. */
    public static ScriptTensor random(Random random, double deviation, long... shape) {
        float[] values = new float[Math.toIntExact(count(shape))];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return of(values, shape);
    }

    /** Returns the elements of a contiguous float32 tensor. */
    public float[] toFloatArray() {
        float[] values = new float[Math.toIntExact(count(shape))];
        ByteBuffer.wrap(storage.bytes())
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(Math.toIntExact(offset), values);
        return values;
    }

    private static long count(long... shape) {
        long count = 1;
        for (long extent : shape) {
            count *= extent;
        }
        return count;
    }
}
