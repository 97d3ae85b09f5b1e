package io.github.freqreg.interop.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Writes values as {@code torch.save(value, file)} does.
 *
 * <p>Maps become dictionaries, {@code null} becomes None, and {@link Tensor}s and {@link Instance}s
 * what they describe.
 */
public final class TorchSave {

    private final PickleWriter out = new PickleWriter().op(0x80, 2);

    private TorchSave() {}

    /**
     * A tensor: a view of a storage.
     *
     * @param storage the name of the storage's class
     * @param key the key of the storage
     * @param content the bytes of the storage
     * @param width the bytes of an element, as the storage counts them
     * @param offset the first element
     * @param shape the shape
     * @param strides the distance of neighbours along each axis
     */
    public record Tensor(
            String storage,
            String key,
            byte[] content,
            int width,
            int offset,
            int[] shape,
            int[] strides) {

        /** A vector that fills a storage. */
        public static Tensor vector(String storage, String key, byte[] content, int width) {
            int[] shape = {content.length / width};
            return new Tensor(storage, key, content, width, 0, shape, new int[] {1});
        }

        /** A float32 vector that fills a storage. */
        public static Tensor floats(String key, float... values) {
            return vector("FloatStorage", key, PickleWriter.floats(values), Float.BYTES);
        }

        /** An int64 scalar. */
        public static Tensor scalar(String key, long value) {
            byte[] content = bytes(8, its -> its.putLong(value));
            return new Tensor("LongStorage", key, content, 8, 0, new int[0], new int[0]);
        }

        /** The same elements, read through another view. */
        public Tensor view(int from, int[] extents, int[] steps) {
            return new Tensor(storage, key, content, width, from, extents, steps);
        }
    }

    /** A tensor with an explicit type, as PyTorch writes types without a storage class. */
    public record TypedTensor(Tensor untyped, String type) {}

    /** The persistent id of a storage whose entry is not written. */
    public record Storage(String type, String key, int count) {}

    /** What a function of {@code torch._utils} or another module returns. */
    public record Call(String module, String function, List<?> arguments) {}

    /** An object of a class with attributes. */
    public record Instance(String module, String name, Map<String, ?> attributes) {}

    /** A class, function or data type. */
    public record Global(String module, String name) {}

    /** Returns little-endian bytes. */
    public static byte[] bytes(int length, Consumer<ByteBuffer> put) {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        put.accept(buffer);
        return buffer.array();
    }

    /** Returns a dictionary in the given order. */
    public static Map<Object, Object> dictionary(Object... keysAndValues) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    /** Writes a value to a pickle and its storages. */
    public static PickleWriter save(Object value) {
        TorchSave save = new TorchSave();
        save.write(value);
        return save.out.op('.');
    }

    public static Path save(Object value, Path file) throws IOException {
        return save(value).write(file);
    }

    private void write(Object value) {
        if (value == null) {
            out.op('N');
        } else if (value instanceof String text) {
            out.text(text);
        } else if (value instanceof Integer number) {
            out.integer(number);
        } else if (value instanceof Long number) {
            out.op(0x8a, 8).bytes(bytes(8, its -> its.putLong(number)));
        } else if (value instanceof Boolean flag) {
            out.op(flag ? 0x88 : 0x89);
        } else if (value instanceof Double number) {
            out.op('G').bytes(ByteBuffer.allocate(8).putDouble(number).array());
        } else if (value instanceof Map<?, ?> map) {
            out.op('}', '(');
            map.forEach(
                    (key, each) -> {
                        write(key);
                        write(each);
                    });
            out.op('u');
        } else if (value instanceof int[] tuple) {
            out.tuple(tuple);
        } else if (value instanceof List<?> list) {
            out.op(']', '(');
            list.forEach(this::write);
            out.op('e');
        } else {
            writeObject(value);
        }
    }

    private void writeObject(Object value) {
        if (value instanceof Global global) {
            out.global(global.module(), global.name());
        } else if (value instanceof Instance instance) {
            out.global(instance.module(), instance.name()).op(')', 0x81);
            write(instance.attributes());
            out.op('b');
        } else if (value instanceof Call call) {
            out.global(call.module(), call.function()).op('(');
            call.arguments().forEach(this::write);
            out.op('t', 'R');
        } else if (value instanceof Storage storage) {
            out.op('(').text("storage").global("torch", storage.type()).text(storage.key());
            out.text("cpu").integer(storage.count()).op('t', 'Q');
        } else if (value instanceof TypedTensor typed) {
            rebuild("_rebuild_tensor_v3", "torch.storage", typed.untyped());
            out.global("torch", typed.type()).op('t', 'R');
        } else {
            rebuild("_rebuild_tensor_v2", "torch", (Tensor) value);
            out.op('t', 'R');
        }
    }

    /** Begins the call of a function, up to the arguments that all have. */
    private void rebuild(String function, String module, Tensor tensor) {
        out.storage(tensor.key(), tensor.content());
        out.global("torch._utils", function).op('(', '(').text("storage");
        out.global(module, tensor.storage()).text(tensor.key()).text("cpu");
        out.integer(tensor.content().length / tensor.width()).op('t', 'Q');
        out.integer(tensor.offset()).tuple(tensor.shape()).tuple(tensor.strides()).op(0x89);
        out.global("collections", "OrderedDict").op(')', 'R');
    }
}
