package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.checks.FileChecks;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A tensor as the pickle of a TorchScript archive describes it.
 *
 * @param storage the storage
 * @param offset the position of its first element there
 * @param extents the shape
 * @param strides the distance of neighbours along each axis
 */
record TensorView(
        PickleNode.Persistent storage, long offset, List<Long> extents, List<Long> strides) {

    private static final String DENSE = "torch._utils _rebuild_tensor_v2";

    /** The positions in the identifier of a storage: type, key, device. */
    private static final int TYPE = 1;

    private static final int KEY = 2;
    private static final int DEVICE = 3;

    /** Returns whether a call makes a dense tensor. */
    static boolean isTensor(PickleNode.Call call) {
        return call.calls(DENSE);
    }

    /** Reads the arguments of the call that makes a tensor. */
    static TensorView of(String name, PickleNode.Call call) throws MalformedModelException {
        List<?> arguments = call.arguments;
        if (arguments.size() >= 6
                && arguments.get(0) instanceof PickleNode.Persistent storage
                && arguments.get(1) instanceof Long offset
                && storage.id instanceof List<?> id
                && id.size() == 5
                && id.get(TYPE) instanceof PickleNode.Global
                && id.get(KEY) instanceof String
                && id.get(DEVICE) instanceof String) {
            List<Long> extents = numbers(arguments.get(2));
            List<Long> strides = numbers(arguments.get(3));
            if (extents.size() == strides.size()) {
                FileChecks.size(
                        PickledValues.line(name),
                        extents.stream().mapToLong(Long::longValue).toArray());
                return new TensorView(storage, offset, extents, strides);
            }
        }
        throw new MalformedModelException(
                "the pickle describes tensor " + PickledValues.line(name) + " wrongly");
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

    /**
     * Returns a value that two tensors have in common if they are tied: if they are one object or
     * show the same elements in the same way.
     *
     * @param tensor the call that this view was read from
     */
    Object tie(PickleNode.Call tensor) {
        // All tensors of a skeleton show one element, without being tied.
        boolean expanded = false;
        for (int axis = 0; axis < extents.size(); axis++) {
            expanded |= strides.get(axis) == 0 && extents.get(axis) > 1;
        }
        return expanded ? tensor : this;
    }

    private List<?> identifier() {
        return (List<?>) storage.id;
    }

    /** Returns the class of the storage. */
    String typeName() {
        return ((PickleNode.Global) identifier().get(TYPE)).name;
    }

    /** Returns the type of the elements, if it is known. */
    Optional<TorchElement> element() {
        return TorchElement.of(typeName());
    }

    /** Returns the identifier of a storage of the same type on the same device. */
    List<Object> storage(String key, long count) {
        List<Object> other = new ArrayList<>(identifier());
        other.set(KEY, key);
        other.set(other.size() - 1, count);
        return Collections.unmodifiableList(other);
    }

    /** Returns what storages must have in common to be shared by tensors. */
    List<Object> kind() {
        return List.of(identifier().get(TYPE), identifier().get(DEVICE));
    }
}
