package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The names that a checkpoint's pickle may use, and the tensors they build.
 *
 * <p>The list follows PyTorch's own reader for weights alone ({@code weights_only=True}), cut to
 * dictionaries of tensors.
 */
final class TorchPickle implements PickleMachine.World {

    private static final String SPARSE = "torch.sparse_coo";

    private final byte[] pickle;
    private final Storages storages;
    private final Map<String, byte[]> read = new HashMap<>();
    private long taken;

    TorchPickle(byte[] pickle, Storages storages) {
        this.pickle = pickle;
        this.storages = storages;
    }

    /** Gives the bytes of a storage. */
    @FunctionalInterface
    interface Storages {

        byte[] get(String key) throws IOException, MalformedModelException;
    }

    /** What a pickle may call. */
    private enum Function {
        ORDERED_DICT("collections OrderedDict"),
        SIZE("torch Size"),
        LAYOUT("torch.serialization _get_layout"),
        TENSOR("torch._utils _rebuild_tensor_v2"),
        SPARSE_TENSOR("torch._utils _rebuild_sparse_tensor"),
        PARAMETER("torch._utils _rebuild_parameter");

        private final String name;

        Function(String name) {
            this.name = name;
        }
    }

    /** The types of storage, with the bytes of an element. */
    private enum Element {
        FLOAT("torch FloatStorage", Float.BYTES),
        HALF("torch HalfStorage", Short.BYTES),
        LONG("torch LongStorage", Long.BYTES);

        private final String name;
        private final int bytes;

        Element(String name, int bytes) {
            this.name = name;
            this.bytes = bytes;
        }
    }

    private record Storage(String key, Element element, long count) {}

    /** A view of a storage. */
    private record Dense(Storage storage, long offset, long[] extents, long[] strides) {

        long size() {
            return size(extents);
        }

        static long size(long[] extents) {
            long size = 1;
            for (long extent : extents) {
                size *= extent;
            }
            return size;
        }
    }

    private record Sparse(Dense indices, Dense values, long[] extents) {}

    /** Reads the tensors. */
    Map<String, TorchTensor> read() throws IOException, MalformedModelException {
        Object value = new PickleMachine(pickle, this).run();
        if (!(value instanceof Map<?, ?> dictionary)) {
            throw new MalformedModelException(
                    "expected a dictionary of tensors but found " + describe(value));
        }
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
            String name = (String) entry.getKey();
            if (entry.getValue() instanceof Dense dense) {
                tensors.put(name, dense(name, dense));
            } else if (entry.getValue() instanceof Sparse sparse) {
                tensors.put(name, sparse(name, sparse));
            } else {
                throw new MalformedModelException(
                        "expected "
                                + name
                                + " to be a tensor but found "
                                + describe(entry.getValue()));
            }
        }
        return tensors;
    }

    /** Texts and numbers as they are; of a collection, which can hold itself, its kind alone. */
    private static String describe(Object value) {
        if (value instanceof String || value instanceof Number) {
            return value.toString();
        }
        return value == PickleMachine.NONE ? "None" : value.getClass().getSimpleName();
    }

    /** {@inheritDoc} */
    @Override
    public Object global(String name) throws MalformedModelException {
        for (Function function : Function.values()) {
            if (function.name.equals(name)) {
                return function;
            }
        }
        for (Element element : Element.values()) {
            if (element.name.equals(name)) {
                return element;
            }
        }
        throw new MalformedModelException(
                "the pickle asks for " + name.replace(' ', '.') + ", which is not allowed");
    }

    /** {@inheritDoc} */
    @Override
    public Object persistent(Object id) throws MalformedModelException {
        List<?> parts = arguments("a storage", (List<?>) id, 5, 5);
        if (!"storage".equals(parts.get(0))) {
            throw new MalformedModelException(
                    "expected a storage but found " + describe(parts.get(0)));
        }
        String key = (String) parts.get(2);
        if (!key.matches("[0-9]{1,9}")) {
            throw new MalformedModelException(
                    "expected a storage's key to be a number but found " + key);
        }
        Element element = (Element) parts.get(1);
        long count = count(parts.get(4));
        if (count > TorchCheckpoint.MAX_BYTES / element.bytes) {
            throw new MalformedModelException(
                    "expected at most "
                            + TorchCheckpoint.MAX_BYTES
                            + " bytes in storage "
                            + key
                            + " but it has "
                            + count
                            + " elements");
        }
        return new Storage(key, element, count);
    }

    /** {@inheritDoc} */
    @Override
    public Object call(Object function, List<?> arguments) throws MalformedModelException {
        switch ((Function) function) {
            case ORDERED_DICT:
                arguments("OrderedDict", arguments, 0, 0);
                return new LinkedHashMap<>();
            case SIZE:
                return extents(arguments("Size", arguments, 1, 1).get(0));
            case LAYOUT:
                return arguments("_get_layout", arguments, 1, 1).get(0);
            case PARAMETER:
                return arguments("_rebuild_parameter", arguments, 3, 3).get(0);
            case TENSOR:
                arguments("_rebuild_tensor_v2", arguments, 6, 7);
                return dense(
                        (Storage) arguments.get(0),
                        count(arguments.get(1)),
                        checkSize(extents(arguments.get(2))),
                        extents(arguments.get(3)));
            default:
                arguments("_rebuild_sparse_tensor", arguments, 2, 2);
                if (!SPARSE.equals(arguments.get(0))) {
                    throw new MalformedModelException(
                            "expected the layout "
                                    + SPARSE
                                    + " but found "
                                    + describe(arguments.get(0)));
                }
                List<?> parts = arguments("a sparse tensor", (List<?>) arguments.get(1), 3, 4);
                return sparse(
                        (Dense) parts.get(0),
                        (Dense) parts.get(1),
                        checkSize(extents(parts.get(2))));
        }
    }

    private static List<?> arguments(String what, List<?> arguments, int least, int most)
            throws MalformedModelException {
        if (arguments.size() < least || arguments.size() > most) {
            throw new MalformedModelException(
                    "expected "
                            + least
                            + (most == least ? "" : " to " + most)
                            + " arguments of "
                            + what
                            + " but found "
                            + arguments.size());
        }
        return arguments;
    }

    private static long count(Object value) throws MalformedModelException {
        long count = (Long) value;
        if (count < 0) {
            throw new MalformedModelException("expected a count of 0 or more but found " + count);
        }
        return count;
    }

    /** Extents or strides: from a tuple, or from a Size that was made of one. */
    private static long[] extents(Object value) throws MalformedModelException {
        if (value instanceof long[] done) {
            return done;
        }
        List<?> list = (List<?>) value;
        if (list.size() > FrqLimits.RANK) {
            throw new MalformedModelException(
                    "expected a rank of at most " + FrqLimits.RANK + " but found " + list.size());
        }
        long[] extents = new long[list.size()];
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = count(list.get(axis));
        }
        return extents;
    }

    /** Checks that the number of elements fits 63 bits, whatever extents are 0. */
    private static long[] checkSize(long[] extents) throws MalformedModelException {
        long size = 1;
        for (long extent : extents) {
            long factor = Math.max(1, extent);
            if (Math.multiplyHigh(size, factor) != 0 || size * factor < 0) {
                throw new MalformedModelException(
                        "the shape " + Arrays.toString(extents) + " is too large");
            }
            size *= factor;
        }
        return extents;
    }

    /** Checks that a view stays inside of its storage. */
    private static Dense dense(Storage storage, long offset, long[] extents, long[] strides)
            throws MalformedModelException {
        if (extents.length != strides.length) {
            throw new MalformedModelException(
                    "expected a stride for each of "
                            + Arrays.toString(extents)
                            + " but found "
                            + Arrays.toString(strides));
        }
        Dense dense = new Dense(storage, offset, extents, strides);
        // Views may repeat elements (stride 0); a tensor is not to be larger than its storage.
        boolean fits =
                dense.size() <= storage.count && (dense.size() == 0 || offset < storage.count);
        long last = offset;
        for (int axis = 0; fits && dense.size() > 0 && axis < extents.length; axis++) {
            // Nothing here is above the storage's count, 2³⁰, so nothing can overflow.
            long reach = extents[axis] - 1;
            fits = reach == 0 || strides[axis] <= storage.count;
            last += fits ? reach * strides[axis] : 0;
            fits &= last < storage.count;
        }
        if (!fits || dense.size() > 0 && last >= storage.count) {
            throw new MalformedModelException(
                    "a tensor of shape "
                            + Arrays.toString(extents)
                            + ", strides "
                            + Arrays.toString(strides)
                            + " and offset "
                            + offset
                            + " does not fit its storage of "
                            + storage.count
                            + " elements");
        }
        return dense;
    }

    private static Sparse sparse(Dense indices, Dense values, long[] extents)
            throws MalformedModelException {
        boolean fits =
                indices.storage.element == Element.LONG
                        && indices.extents.length == 2
                        && values.extents.length == 1
                        && indices.extents[0] == extents.length
                        && indices.extents[1] == values.extents[0]
                        && values.storage.element != Element.LONG;
        if (!fits) {
            throw new MalformedModelException(
                    "a sparse tensor of shape "
                            + Arrays.toString(extents)
                            + " cannot have indices of shape "
                            + Arrays.toString(indices.extents)
                            + " and values of shape "
                            + Arrays.toString(values.extents));
        }
        return new Sparse(indices, values, extents);
    }

    /** Entries may share bytes and tensors storages, so what they take is summed up. */
    private void take(long bytes) throws MalformedModelException {
        taken += bytes;
        if (taken > 2 * TorchCheckpoint.MAX_BYTES) {
            throw new MalformedModelException(
                    "the tensors take more than " + 2 * TorchCheckpoint.MAX_BYTES + " bytes");
        }
    }

    private ByteBuffer bytes(String name, Storage storage)
            throws IOException, MalformedModelException {
        byte[] bytes = read.get(storage.key);
        if (bytes == null) {
            bytes = storages.get(storage.key);
            read.put(storage.key, bytes);
            take(bytes.length);
        }
        if (storage.count != bytes.length / storage.element.bytes
                || bytes.length % storage.element.bytes != 0) {
            throw new MalformedModelException(
                    "expected "
                            + storage.count
                            + " elements of "
                            + storage.element.bytes
                            + " bytes in storage "
                            + storage.key
                            + " of "
                            + name
                            + " but found "
                            + bytes.length
                            + " bytes");
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private TorchTensor dense(String name, Dense dense)
            throws IOException, MalformedModelException {
        float[] values = floats(name, dense);
        return new TorchTensor(new Shape(dense.extents), null, values);
    }

    private float[] floats(String name, Dense dense) throws IOException, MalformedModelException {
        ByteBuffer bytes = bytes(name, dense.storage);
        take(dense.size() * Float.BYTES);
        float[] values = new float[Math.toIntExact(dense.size())];
        Element element = dense.storage.element;
        for (int i = 0; i < values.length; i++) {
            int at = Math.toIntExact(position(dense, i) * element.bytes);
            switch (element) {
                case FLOAT:
                    values[i] = bytes.getFloat(at);
                    break;
                case HALF:
                    values[i] = Float16Utils.halfToFloat(bytes.getShort(at));
                    break;
                default:
                    long whole = bytes.getLong(at);
                    values[i] = whole;
                    // The largest of all long numbers is 2⁶³ as a float, and back again.
                    if (whole == Long.MAX_VALUE || (long) values[i] != whole) {
                        throw new MalformedModelException(
                                "float32 does not hold the integer " + whole + " of " + name);
                    }
            }
            if (!Float.isFinite(values[i])) {
                throw new MalformedModelException(
                        "expected finite values but value "
                                + i
                                + " of "
                                + name
                                + " is "
                                + values[i]);
            }
        }
        return values;
    }

    /** Where an element, given by its row-major number, stands in the storage. */
    private static long position(Dense dense, long number) {
        long rest = number;
        long position = dense.offset;
        for (int axis = dense.extents.length - 1; axis >= 0; axis--) {
            position += rest % dense.extents[axis] * dense.strides[axis];
            rest /= dense.extents[axis];
        }
        return position;
    }

    private TorchTensor sparse(String name, Sparse sparse)
            throws IOException, MalformedModelException {
        float[] values = floats(name, sparse.values);
        ByteBuffer indices = bytes(name, sparse.indices.storage);
        TreeMap<Long, Float> sorted = new TreeMap<>();
        for (int i = 0; i < values.length; i++) {
            long position = 0;
            for (int axis = 0; axis < sparse.extents.length; axis++) {
                long number = (long) axis * values.length + i;
                long index =
                        indices.getLong(
                                Math.toIntExact(position(sparse.indices, number) * Long.BYTES));
                if (index < 0 || index >= sparse.extents[axis]) {
                    throw new MalformedModelException(
                            "expected index "
                                    + i
                                    + " of axis "
                                    + axis
                                    + " of "
                                    + name
                                    + " to be 0 to "
                                    + (sparse.extents[axis] - 1)
                                    + " but found "
                                    + index);
                }
                position = position * sparse.extents[axis] + index;
            }
            if (sorted.put(position, values[i]) != null) {
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
        return new TorchTensor(new Shape(sparse.extents), positions, ordered);
    }
}
