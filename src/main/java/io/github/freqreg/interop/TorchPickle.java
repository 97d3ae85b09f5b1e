package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.checks.FileChecks;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle of a checkpoint: defines the names that it may use, and turns what it builds
 * into tensors.
 *
 * <p>The names are those of PyTorch's own restricted reader ({@code weights_only=True}), as far as
 * dictionaries of tensors need them.
 */
final class TorchPickle implements PickleMachine.World {

    private static final String SPARSE = "torch.sparse_coo";

    private final byte[] pickle;
    private final StorageReader storages;

    TorchPickle(byte[] pickle, StorageReader.Storages storages) {
        this.pickle = pickle;
        this.storages = new StorageReader(storages);
    }

    /** The functions that a pickle may call. */
    private enum Function {
        ORDERED_DICT("collections OrderedDict"),
        SIZE("torch Size"),
        LAYOUT("torch.serialization _get_layout"),
        TENSOR("torch._utils _rebuild_tensor_v2"),
        SPARSE_TENSOR("torch._utils _rebuild_sparse_tensor"),
        PARAMETER("torch._utils _rebuild_parameter");

        private final String global;

        Function(String global) {
            this.global = global;
        }
    }

    /** Returns the tensors by name, in the order of the pickle. */
    Map<String, TorchTensor> read() throws IOException, MalformedModelException {
        Object value = new PickleMachine(pickle, this).run();
        if (!(value instanceof Map<?, ?> dictionary)) {
            throw new MalformedModelException(
                    "expected a dictionary of tensors but found " + describe(value));
        }
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
            String name = (String) entry.getKey();
            tensors.put(name, tensor(name, entry.getValue()));
        }
        return tensors;
    }

    private TorchTensor tensor(String name, Object value)
            throws IOException, MalformedModelException {
        if (value instanceof StridedView dense) {
            return storages.dense(name, dense);
        }
        if (value instanceof SparseView sparse) {
            return storages.sparse(name, sparse);
        }
        throw new MalformedModelException(
                "expected " + name + " to be a tensor but found " + describe(value));
    }

    /**
     * Describes a value for a message; of a collection, which can contain itself, only its type.
     */
    private static String describe(Object value) {
        if (value instanceof String || value instanceof Number) {
            return value.toString();
        }
        return value == PickleMachine.NONE ? "None" : value.getClass().getSimpleName();
    }

    @Override
    public Object global(String name) throws MalformedModelException {
        for (Function function : Function.values()) {
            if (function.global.equals(name)) {
                return function;
            }
        }
        for (TorchStorage.Element element : TorchStorage.Element.values()) {
            if (element.global().equals(name)) {
                return element;
            }
        }
        throw new MalformedModelException(
                "the pickle asks for " + name.replace(' ', '.') + ", which is not allowed");
    }

    /** Declares a storage: the id is the tuple ("storage", type, key, device, count). */
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
                    "expected the key of a storage to be a number but found " + key);
        }
        TorchStorage.Element element = (TorchStorage.Element) parts.get(1);
        long count = count(parts.get(4));
        if (count > TorchCheckpoint.MAX_BYTES / element.bytes()) {
            throw new MalformedModelException(
                    "expected at most "
                            + TorchCheckpoint.MAX_BYTES
                            + " bytes in storage "
                            + key
                            + " but it has "
                            + count
                            + " elements");
        }
        return new TorchStorage(key, element, count);
    }

    @Override
    public Object call(Object function, List<?> arguments) throws MalformedModelException {
        return switch ((Function) function) {
            case ORDERED_DICT -> {
                arguments("OrderedDict", arguments, 0, 0);
                yield new LinkedHashMap<>();
            }
            case SIZE -> extents(arguments("Size", arguments, 1, 1).get(0));
            case LAYOUT -> arguments("_get_layout", arguments, 1, 1).get(0);
            case PARAMETER -> arguments("_rebuild_parameter", arguments, 3, 3).get(0);
            case TENSOR -> dense(arguments("_rebuild_tensor_v2", arguments, 6, 7));
            case SPARSE_TENSOR -> sparse(arguments("_rebuild_sparse_tensor", arguments, 2, 2));
        };
    }

    /** Builds a dense tensor from (storage, offset, size, stride, …). */
    private static StridedView dense(List<?> arguments) throws MalformedModelException {
        return StridedView.of(
                (TorchStorage) arguments.get(0),
                count(arguments.get(1)),
                checkSize(extents(arguments.get(2))),
                extents(arguments.get(3)));
    }

    /** Builds a sparse tensor from (layout, (indices, values, size, …)). */
    private static SparseView sparse(List<?> arguments) throws MalformedModelException {
        if (!SPARSE.equals(arguments.get(0))) {
            throw new MalformedModelException(
                    "expected the layout " + SPARSE + " but found " + describe(arguments.get(0)));
        }
        List<?> parts = arguments("a sparse tensor", (List<?>) arguments.get(1), 3, 4);
        return SparseView.of(
                (StridedView) parts.get(0),
                (StridedView) parts.get(1),
                checkSize(extents(parts.get(2))));
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

    /** Returns extents or strides, from a tuple or from the Size that was made of one. */
    private static long[] extents(Object value) throws MalformedModelException {
        if (value instanceof long[] size) {
            return size;
        }
        List<?> list = (List<?>) value;
        if (list.size() > FileChecks.MAX_RANK) {
            throw new MalformedModelException(
                    "expected a rank of at most "
                            + FileChecks.MAX_RANK
                            + " but found "
                            + list.size());
        }
        long[] extents = new long[list.size()];
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = count(list.get(axis));
        }
        return extents;
    }

    /** Checks that the product of the extents fits 63 bits, even without those that are 0. */
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
}
