package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Copies the tensors of a checkpoint out of its storages, as float32.
 *
 * <p>Archive entries may share bytes and tensors may share storages, so the sum of all bytes read
 * and copied is limited too.
 */
final class StorageReader {

    private static final long MAX_TOTAL_BYTES = 2 * TorchCheckpoint.MAX_BYTES;

    private final Storages storages;
    private final ByteOrder order;
    private final Map<String, byte[]> read = new HashMap<>();
    private final Map<Object, TorchTensor> copied = new HashMap<>();
    private long totalBytes;

    /**
     * Makes a reader.
     *
     * @param storages the bytes of the storages
     * @param order the byte order of their elements
     */
    StorageReader(Storages storages, ByteOrder order) {
        this.storages = storages;
        this.order = order;
    }

    /** Reads the bytes of storages. */
    @FunctionalInterface
    interface Storages {

        /** Returns the bytes of the storage with a key. */
        byte[] get(String key) throws IOException, MalformedModelException;
    }

    /** Copies a dense tensor, or returns the copy if it is tied to one that was copied before. */
    TorchTensor dense(String name, StridedView view) throws IOException, MalformedModelException {
        TorchTensor tied = copied.get(view.identity());
        if (tied != null) {
            return tied;
        }
        TorchTensor copy = new TorchTensor(new Shape(view.extents()), null, floats(name, view));
        copied.put(view.identity(), copy);
        return copy;
    }

    /** Copies a sparse tensor and sorts its values by position. */
    TorchTensor sparse(String name, SparseView view) throws IOException, MalformedModelException {
        float[] values = floats(name, view.values());
        ByteBuffer indices = bytes(name, view.indices().storage());
        TreeMap<Long, Float> sorted = new TreeMap<>();
        for (int i = 0; i < values.length; i++) {
            if (sorted.put(position(name, view, indices, i), values[i]) != null) {
                throw new MalformedModelException(
                        "index " + i + " of the sparse tensor " + name + " appears twice");
            }
        }
        long[] positions = new long[values.length];
        float[] ordered = new float[values.length];
        int at = 0;
        for (Map.Entry<Long, Float> entry : sorted.entrySet()) {
            positions[at] = entry.getKey();
            ordered[at++] = entry.getValue();
        }
        return new TorchTensor(new Shape(view.extents()), positions, ordered);
    }

    /**
     * Returns the row-major position in the dense tensor of the stored value with a given number.
     */
    private static long position(String name, SparseView view, ByteBuffer indices, int value)
            throws MalformedModelException {
        StridedView coordinates = view.indices();
        long count = coordinates.extents()[1];
        long position = 0;
        for (int axis = 0; axis < view.extents().length; axis++) {
            long at = coordinates.position(axis * count + value);
            long index = indices.getLong(Math.toIntExact(at * Long.BYTES));
            if (index < 0 || index >= view.extents()[axis]) {
                throw new MalformedModelException(
                        "expected the index of stored value "
                                + value
                                + " along axis "
                                + axis
                                + " of "
                                + name
                                + " to be 0 to "
                                + (view.extents()[axis] - 1)
                                + " but found "
                                + index);
            }
            position = position * view.extents()[axis] + index;
        }
        return position;
    }

    private float[] floats(String name, StridedView view)
            throws IOException, MalformedModelException {
        ByteBuffer bytes = bytes(name, view.storage());
        addBytes(view.size() * Float.BYTES);
        float[] values = new float[Math.toIntExact(view.size())];
        TorchElement element = view.storage().element();
        for (int i = 0; i < values.length; i++) {
            int at = Math.toIntExact(view.position(i) * element.bytes());
            values[i] =
                    element.isFloating()
                            ? element.floating(bytes, at)
                            : exact(name, element.integer(bytes, at));
            if (!Float.isFinite(values[i])) {
                throw new MalformedModelException(
                        "expected finite values but value "
                                + i
                                + " of "
                                + name
                                + " is "
                                + values[i]
                                + (element == TorchElement.FLOAT64 ? " as float32" : ""));
            }
        }
        return values;
    }

    private static float exact(String name, long value) throws MalformedModelException {
        // Long.MAX_VALUE rounds to 2⁶³, which casts back to Long.MAX_VALUE.
        if (value == Long.MAX_VALUE || (long) (float) value != value) {
            throw new MalformedModelException(
                    "the integer " + value + " of " + name + " has no exact float32");
        }
        return value;
    }

    private ByteBuffer bytes(String name, TorchStorage storage)
            throws IOException, MalformedModelException {
        byte[] bytes = read.get(storage.key());
        if (bytes == null) {
            bytes = storages.get(storage.key());
            read.put(storage.key(), bytes);
            addBytes(bytes.length);
        }
        if (storage.bytes() != bytes.length) {
            throw new MalformedModelException(
                    "expected "
                            + storage.count()
                            + " elements of "
                            + storage.element().bytes()
                            + " bytes in storage "
                            + storage.key()
                            + " of "
                            + name
                            + " but found "
                            + bytes.length
                            + " bytes");
        }
        return ByteBuffer.wrap(bytes).order(order);
    }

    private void addBytes(long bytes) throws MalformedModelException {
        totalBytes += bytes;
        if (totalBytes > MAX_TOTAL_BYTES) {
            throw new MalformedModelException(
                    "the tensors take more than " + MAX_TOTAL_BYTES + " bytes");
        }
    }
}
