package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.checks.FileChecks;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the pickle of a checkpoint: defines the names that it may use, and what they build.
 *
 * <p>The names with a meaning are those of PyTorch's own restricted reader ({@code
 * weights_only=True}), as far as dictionaries of tensors need them. Other classes and functions
 * become a {@link PickledObject}, which holds nothing but the name, so that a checkpoint may have
 * them beside the weights. Functions with which a pickle attacks its reader are rejected.
 */
final class TorchPickle implements PickleMachine.World {

    private static final String SPARSE = "torch.sparse_coo";

    /** Modules that run programs or code, or change files. No honest checkpoint calls them. */
    private static final Set<String> REFUSED_MODULES =
            Set.of(
                    "os",
                    "posix",
                    "nt",
                    "subprocess",
                    "sys",
                    "shutil",
                    "socket",
                    "runpy",
                    "pty",
                    "importlib",
                    "ctypes",
                    "webbrowser");

    private static final Set<String> REFUSED_BUILTINS =
            Set.of("eval", "exec", "execfile", "compile", "open", "__import__");

    private final byte[] pickle;

    TorchPickle(byte[] pickle) {
        this.pickle = pickle;
    }

    /** The functions that a pickle may call. */
    private enum Function {
        ORDERED_DICT("collections OrderedDict"),
        DEFAULT_DICT("collections defaultdict"),
        SIZE("torch Size"),
        LAYOUT("torch.serialization _get_layout"),
        TENSOR("torch._utils _rebuild_tensor_v2"),
        TYPED_TENSOR("torch._utils _rebuild_tensor_v3"),
        SPARSE_TENSOR("torch._utils _rebuild_sparse_tensor"),
        PARAMETER("torch._utils _rebuild_parameter"),
        PARAMETER_WITH_STATE("torch._utils _rebuild_parameter_with_state"),
        QUANTIZED_TENSOR("torch._utils _rebuild_qtensor"),
        SUBCLASS("torch._tensor _rebuild_from_type_v2");

        private final String global;

        Function(String global) {
            this.global = global;
        }
    }

    /** Runs the pickle and returns its value, whose tensors are views of storages. */
    Object read() throws MalformedModelException {
        return new PickleMachine(pickle, this).run();
    }

    @Override
    public Object global(String name) throws MalformedModelException {
        for (Function function : Function.values()) {
            if (function.global.equals(name)) {
                return function;
            }
        }
        Optional<TorchElement> element = TorchElement.of(name);
        if (element.isPresent()) {
            return element.get();
        }
        String dotted = name.replace(' ', '.');
        if (isRefused(name.substring(0, name.indexOf(' ')), dotted)) {
            throw new MalformedModelException(
                    "the pickle asks for " + dotted + ", which is not allowed");
        }
        return new PickledObject(dotted);
    }

    private static boolean isRefused(String module, String name) {
        boolean builtin = module.equals("builtins") || module.equals("__builtin__");
        return REFUSED_MODULES.contains(module.split("\\.", 2)[0])
                || builtin && REFUSED_BUILTINS.contains(name.substring(module.length() + 1));
    }

    /** Declares a storage: the id is the tuple ("storage", type, key, device, count). */
    @Override
    public Object persistent(Object id) throws MalformedModelException {
        List<?> parts = arguments("a storage", (List<?>) id, 5, 5);
        if (!"storage".equals(parts.get(0))) {
            throw new MalformedModelException(
                    "expected a storage but found " + PickledValues.describe(parts.get(0)));
        }
        if (parts.get(1) instanceof PickledObject unknown) {
            return unknown;
        }
        String key = (String) parts.get(2);
        if (!key.matches("[0-9]{1,9}")) {
            throw new MalformedModelException(
                    "expected the key of a storage to be a number but found "
                            + PickledValues.line(key));
        }
        TorchElement element = (TorchElement) parts.get(1);
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
        return new TorchStorage(key, element, count * element.bytes());
    }

    @Override
    public Object call(Object function, List<?> arguments) throws MalformedModelException {
        if (function instanceof PickledObject unknown) {
            return new PickledObject(unknown.type());
        }
        return switch ((Function) function) {
            case ORDERED_DICT -> {
                arguments("OrderedDict", arguments, 0, 0);
                yield new LinkedHashMap<>();
            }
            case DEFAULT_DICT -> {
                arguments("defaultdict", arguments, 0, 1);
                yield new LinkedHashMap<>();
            }
            case SIZE -> extents(arguments("Size", arguments, 1, 1).get(0));
            case LAYOUT -> arguments("_get_layout", arguments, 1, 1).get(0);
            case PARAMETER -> arguments("_rebuild_parameter", arguments, 3, 3).get(0);
            case PARAMETER_WITH_STATE ->
                    arguments("_rebuild_parameter_with_state", arguments, 4, 4).get(0);
            case TENSOR -> dense(arguments("_rebuild_tensor_v2", arguments, 6, 7));
            case TYPED_TENSOR -> typed(arguments("_rebuild_tensor_v3", arguments, 7, 8));
            case SPARSE_TENSOR -> sparse(arguments("_rebuild_sparse_tensor", arguments, 2, 2));
            case QUANTIZED_TENSOR -> unread((PickledObject) arguments.get(0));
            case SUBCLASS -> subclass(arguments("_rebuild_from_type_v2", arguments, 4, 4));
        };
    }

    /** Calls the class. */
    @Override
    public Object create(Object type, List<?> arguments) throws MalformedModelException {
        return call(type, arguments);
    }

    /** Ignores the attributes of a dictionary, such as a state dictionary's metadata. */
    @Override
    public void setState(Object object, Object state) throws MalformedModelException {
        boolean known =
                object instanceof Map<?, ?>
                        || object instanceof StridedView
                        || object instanceof SparseView
                        || object instanceof UnreadTensor
                        || object instanceof PickledObject;
        if (!known) {
            throw new MalformedModelException(
                    "the pickle sets attributes of " + PickledValues.describe(object));
        }
    }

    /** Builds a dense tensor from (storage, offset, size, stride, …). */
    private static Object dense(List<?> arguments) throws MalformedModelException {
        Object storage = arguments.get(0);
        if (storage instanceof PickledObject unknown) {
            return unread(unknown);
        }
        if (arguments.size() == 7 && isNegated(arguments.get(6))) {
            return new UnreadTensor("negated elements");
        }
        return view((TorchStorage) storage, arguments);
    }

    /** Returns a tensor of an unknown storage class or data type. */
    private static UnreadTensor unread(PickledObject type) {
        return new UnreadTensor(type.type());
    }

    /** Returns whether the metadata of a tensor says that its storage has the negated values. */
    private static boolean isNegated(Object metadata) {
        return metadata instanceof Map<?, ?> flags && Boolean.TRUE.equals(flags.get("neg"));
    }

    /** Builds a dense tensor of (storage, offset, size, stride, gradient, hooks, type, …). */
    private static Object typed(List<?> arguments) throws MalformedModelException {
        for (Object each : List.of(arguments.get(0), arguments.get(6))) {
            if (each instanceof PickledObject unknown) {
                return unread(unknown);
            }
        }
        TorchStorage storage = (TorchStorage) arguments.get(0);
        return view(storage.as((TorchElement) arguments.get(6)), arguments);
    }

    private static StridedView view(TorchStorage storage, List<?> arguments)
            throws MalformedModelException {
        return StridedView.of(
                storage,
                count(arguments.get(1)),
                checkSize(extents(arguments.get(2))),
                extents(arguments.get(3)));
    }

    /** Builds a tensor of a subclass, or with attributes, from (function, type, arguments, …). */
    private Object subclass(List<?> arguments) throws MalformedModelException {
        if (arguments.get(0) == Function.SUBCLASS) {
            throw new MalformedModelException("the pickle nests _rebuild_from_type_v2");
        }
        return call(arguments.get(0), (List<?>) arguments.get(2));
    }

    /** Builds a sparse tensor from (layout, (indices, values, size, …)). */
    private static Object sparse(List<?> arguments) throws MalformedModelException {
        if (!SPARSE.equals(arguments.get(0))) {
            throw new MalformedModelException(
                    "expected the layout "
                            + SPARSE
                            + " but found "
                            + PickledValues.describe(arguments.get(0)));
        }
        List<?> parts = arguments("a sparse tensor", (List<?>) arguments.get(1), 3, 4);
        if (parts.get(1) instanceof UnreadTensor unread) {
            return unread;
        }
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
