package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.Collection;
import java.util.List;

/**
 * Checks that the tensors of a TorchScript archive lie within their storages, and the storages
 * within their records. LibTorch does not check it, and reads other memory.
 */
final class StorageBounds {

    private static final int COUNT = 4;

    private final TorchRecords records;
    private final String folder;

    /**
     * Prepares to check a pickle.
     *
     * @param records of the archive
     * @param folder of the pickle's storages
     */
    StorageBounds(TorchRecords records, String folder) {
        this.records = records;
        this.folder = folder;
    }

    /** Checks all tensors among the values of the pickle. */
    void check(Collection<Object> values) throws MalformedModelException {
        for (Object value : values) {
            if (value instanceof PickleNode.Call call && TensorView.isTensor(call)) {
                TensorView view = TensorView.of("of the archive", call);
                long count = count(view);
                if (view.extents().stream().allMatch(extent -> extent > 0)
                        && !(view.offset() >= 0 && last(view) < count)) {
                    throw new MalformedModelException(
                            "the pickle describes a tensor that is larger than its storage");
                }
            }
        }
    }

    /** Returns the number of elements of a view's storage, which its record has. */
    private long count(TensorView view) throws MalformedModelException {
        List<?> id = (List<?>) view.storage().id;
        String record = folder + id.get(2);
        if (id.get(COUNT) instanceof Long count
                && count >= 0
                && (count == 0
                        || records.has(record) && count <= records.size(record) / bytes(view))) {
            return count;
        }
        throw new MalformedModelException(
                "the pickle describes the storage " + PickledValues.line(record) + " wrongly");
    }

    private static int bytes(TensorView view) {
        return switch (view.typeName()) {
            case "torch ComplexDoubleStorage" -> 16;
            case "torch ComplexFloatStorage" -> 8;
            case "torch ComplexHalfStorage" -> 4;
            default -> view.element().map(TorchElement::bytes).orElse(1);
        };
    }

    /** Returns the position of the last element in the storage; a large number if there is none. */
    private static long last(TensorView view) {
        try {
            long last = view.offset();
            for (int axis = 0; axis < view.extents().size(); axis++) {
                long stride = view.strides().get(axis);
                if (stride < 0) {
                    return Long.MAX_VALUE;
                }
                long steps = view.extents().get(axis) - 1;
                last = Math.addExact(last, Math.multiplyExact(stride, steps));
            }
            return last;
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }
}
