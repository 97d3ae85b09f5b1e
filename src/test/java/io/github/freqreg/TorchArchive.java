package io.github.freqreg;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a TorchScript archive without PyTorch.
 *
 * <p>The format is PyTorch's own: a zip with source code, and a pickle of the module, whose tensors
 * are views of storages, which are records of their own.
 */
public final class TorchArchive {

    /** The version of the format without operators that later versions changed. */
    private static final String VERSION = "10\n";

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    private final Map<String, StringBuilder> sources = new LinkedHashMap<>();
    private final Map<String, String> definitions = new LinkedHashMap<>();
    private final Map<String, byte[]> data = new LinkedHashMap<>();
    private final Map<Object, Integer> memo = new IdentityHashMap<>();

    private TorchArchive() {}

    /**
     * Writes an archive of a linear layer {@code x · weight + bias}.
     *
     * @param file the path
     * @param weight (inputs, outputs), row by row
     * @param bias one number for each output
     */
    public static void write(Path file, float[] weight, float[] bias) throws IOException {
        int outputs = bias.length;
        write(
                file,
                new ScriptModule("__torch__.Net")
                        .parameter(
                                "weight", ScriptTensor.of(weight, weight.length / outputs, outputs))
                        .parameter("bias", ScriptTensor.of(bias, outputs))
                        .forward("return torch.add(torch.matmul(x, self.weight), self.bias)"));
    }

    /** Writes the archive of a module. */
    public static void write(Path file, ScriptModule module) throws IOException {
        Files.write(file, bytes(module));
    }

    /** Returns the bytes of the archive of a module. */
    public static byte[] bytes(ScriptModule module) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        write(new TorchArchive().records(module), bytes);
        return bytes.toByteArray();
    }

    /** Writes records as a zip archive without compression. */
    public static void write(Map<String, byte[]> records, OutputStream out) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> record : records.entrySet()) {
                CRC32 checksum = new CRC32();
                checksum.update(record.getValue());
                ZipEntry entry = new ZipEntry(record.getKey());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(record.getValue().length);
                entry.setCrc(checksum.getValue());
                zip.putNextEntry(entry);
                zip.write(record.getValue());
                zip.closeEntry();
            }
        }
    }

    /** Returns the records of the archive of a module, by name. */
    public static Map<String, byte[]> recordsOf(ScriptModule module) throws IOException {
        return new TorchArchive().records(module);
    }

    private Map<String, byte[]> records(ScriptModule module) throws IOException {
        pickle.write(new byte[] {(byte) 0x80, 2});
        value(module);
        pickle.write('.');
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("net/data.pkl", pickle.toByteArray());
        sources.forEach(
                (name, source) ->
                        records.put(
                                "net/code/" + name,
                                source.toString().getBytes(StandardCharsets.UTF_8)));
        records.put("net/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        records.putAll(data);
        records.put("net/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        records.put("net/version", VERSION.getBytes(StandardCharsets.US_ASCII));
        return records;
    }

    private void value(Object value) throws IOException {
        if (value instanceof ScriptModule module) {
            if (!recall(module)) {
                module(module);
            }
        } else if (value instanceof ScriptTensor tensor) {
            if (!recall(tensor)) {
                tensor(tensor);
            }
        } else if (value instanceof Boolean flag) {
            pickle.write(flag ? 0x88 : 0x89);
        } else if (value instanceof Integer number) {
            number(number);
        } else if (value instanceof Double number) {
            pickle.write('G');
            pickle.write(ByteBuffer.allocate(Double.BYTES).putDouble(number).array());
        } else if (value instanceof String string) {
            string(string);
        } else {
            text("(");
            for (Object each : (List<?>) value) {
                value(each);
            }
            text("t");
        }
    }

    /** Refers to an object that was written before. */
    private boolean recall(Object value) throws IOException {
        Integer key = memo.get(value);
        if (key != null) {
            pickle.write('j');
            number4(key);
        }
        return key != null;
    }

    private void memoize(Object value) throws IOException {
        memo.put(value, memo.size());
        pickle.write('r');
        number4(memo.size() - 1);
    }

    /** Writes a module: an object of its class, whose state is a dictionary. */
    private void module(ScriptModule module) throws IOException {
        define(module);
        int dot = module.type().lastIndexOf('.');
        text(
                "c"
                        + module.type().substring(0, dot)
                        + "\n"
                        + module.type().substring(dot + 1)
                        + "\n)");
        pickle.write(0x81);
        text("}(");
        for (Map.Entry<String, Object> attribute : module.attributes().entrySet()) {
            string(attribute.getKey());
            value(attribute.getValue());
        }
        text("ub");
        memoize(module);
    }

    private void define(ScriptModule module) {
        module.functions().forEach(this::define);
        define(module.type(), module.source());
    }

    /** Adds a class or function to the source file of its package. */
    private void define(String name, String source) {
        String before = definitions.putIfAbsent(name, source);
        if (before == null) {
            String folder = name.substring(0, name.lastIndexOf('.')).replace('.', '/');
            sources.computeIfAbsent(folder + ".py", file -> new StringBuilder()).append(source);
        } else if (!before.equals(source)) {
            throw new IllegalArgumentException(
                    "Expected one definition of " + name + " but found " + source);
        }
    }

    /** Writes a call of the function that rebuilds a tensor: storage, offset, shape, strides. */
    private void tensor(ScriptTensor tensor) throws IOException {
        text("ctorch._utils\n_rebuild_tensor_v2\n(");
        if (!recall(tensor.storage())) {
            storage(tensor.storage());
        }
        number(tensor.offset());
        numbers(tensor.shape());
        numbers(tensor.strides());
        pickle.write(0x89);
        text("ccollections\nOrderedDict\n)RtR");
        memoize(tensor);
    }

    private void storage(ScriptTensor.Storage storage) throws IOException {
        String key = Integer.toString(data.size());
        data.put("net/data/" + key, storage.bytes());
        text("(");
        string("storage");
        text("ctorch\n" + storage.type() + "\n");
        string(key);
        string("cpu");
        number(storage.count());
        text("tQ");
        memoize(storage);
    }

    private void numbers(long... values) throws IOException {
        text("(");
        for (long value : values) {
            number(value);
        }
        text("t");
    }

    private void text(String codes) throws IOException {
        pickle.write(codes.getBytes(StandardCharsets.UTF_8));
    }

    private void string(String value) throws IOException {
        pickle.write('X');
        number4(value.length());
        text(value);
    }

    private void number(long value) throws IOException {
        pickle.write('J');
        number4(Math.toIntExact(value));
    }

    private void number4(int value) throws IOException {
        pickle.write(
                ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }
}
