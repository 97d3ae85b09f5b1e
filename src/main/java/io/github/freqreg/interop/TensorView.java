package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.format.checks.FileChecks;
import java.util.List;
import java.util.Map;

/**
 * A tensor as the pickle of a TorchScript archive describes it.
 *
 * @param storage the storage
 * @param offset the position of its first element there
 * @param extents the shape
 * @param strides the distance of neighbours along each axis
 */
record TensorView(Pickled.Persistent storage, long offset, List<Long> extents, List<Long> strides) {

    private static final String DENSE = "torch._utils _rebuild_tensor_v2";

    private static final Map<String, DataType> TYPES =
            Map.of(
                    "torch FloatStorage", DataType.FLOAT32,
                    "torch DoubleStorage", DataType.FLOAT64,
                    "torch HalfStorage", DataType.FLOAT16,
                    "torch BFloat16Storage", DataType.BFLOAT16,
                    "torch LongStorage", DataType.INT64,
                    "torch IntStorage", DataType.INT32,
                    "torch ShortStorage", DataType.INT16,
                    "torch CharStorage", DataType.INT8,
                    "torch ByteStorage", DataType.UINT8,
                    "torch BoolStorage", DataType.BOOLEAN);

    /** Returns whether a call makes a dense tensor. */
    static boolean isTensor(Pickled.Call call) {
        return call.calls(DENSE);
    }

    /** Reads the arguments of the call that makes a tensor. */
    static TensorView of(String name, Pickled.Call call) throws MalformedModelException {
        List<?> arguments = call.arguments;
        if (arguments.size() >= 6
                && arguments.get(0) instanceof Pickled.Persistent storage
                && arguments.get(1) instanceof Long offset
                && storage.id instanceof List<?> id
                && id.size() == 5
                && id.get(1) instanceof Pickled.Global
                && id.get(2) instanceof String) {
            List<Long> extents = numbers(arguments.get(2));
            List<Long> strides = numbers(arguments.get(3));
            if (extents.size() == strides.size() && extents.size() <= FileChecks.MAX_RANK) {
                FileChecks.size(name, extents.stream().mapToLong(Long::longValue).toArray());
                return new TensorView(storage, offset, extents, strides);
            }
        }
        throw new MalformedModelException("the pickle describes tensor " + name + " wrongly");
    }

    private static List<Long> numbers(Object value) throws MalformedModelException {
        if (!(value instanceof List<?> list)
                || list.size() > FileChecks.MAX_RANK
                || !list.stream().allMatch(Long.class::isInstance)) {
            throw new MalformedModelException(
                    "expected the shape and strides of a tensor to be at most "
                            + FileChecks.MAX_RANK
                            + " integers");
        }
        return list.stream().map(Long.class::cast).toList();
    }

    /** Returns the name of the storage's type in the pickle. */
    private Pickled.Global element() {
        return (Pickled.Global) ((List<?>) storage.id).get(1);
    }

    /** Returns the data type, or unknown if DJL has none. */
    DataType type() {
        return TYPES.getOrDefault(element().name, DataType.UNKNOWN);
    }

    /** Returns the record of the storage. */
    String record() {
        return "data/" + ((List<?>) storage.id).get(2);
    }
}
