package io.github.freqreg;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a TorchScript archive without PyTorch: a linear layer {@code x · weight + bias}.
 *
 * <p>The format is PyTorch's own: a zip with source code, and a pickle of the module, whose tensors
 * are records of their own.
 */
public final class TorchArchive {

    private static final String CODE =
            """
            class Net(Module):
              __parameters__ = ["weight", "bias", ]
              __buffers__ = []
              weight : Tensor
              bias : Tensor
              training : bool
              def forward(self: __torch__.Net, x: Tensor) -> Tensor:
                return torch.add(torch.matmul(x, self.weight), self.bias)
            """;

    private TorchArchive() {}

    /**
     * Writes an archive.
     *
     * @param file the path
     * @param weight (inputs, outputs), row by row
     * @param bias one number for each output
     */
    public static void write(Path file, float[] weight, float[] bias) throws IOException {
        int outputs = bias.length;
        int inputs = weight.length / outputs;
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            put(zip, "net/data.pkl", pickle(inputs, outputs));
            put(zip, "net/code/__torch__.py", CODE.getBytes(StandardCharsets.UTF_8));
            put(zip, "net/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "net/data/0", bytes(weight));
            put(zip, "net/data/1", bytes(bias));
            put(zip, "net/version", "3\n".getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer buffer =
                ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    /** The module: an object with three attributes. */
    private static byte[] pickle(int inputs, int outputs) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x80, 2});
        text(out, "c__torch__\nNet\n)");
        out.write(0x81);
        text(out, "}(");
        string(out, "weight");
        tensor(out, "0", inputs, outputs);
        string(out, "bias");
        tensor(out, "1", outputs);
        string(out, "training");
        out.write(0x89);
        text(out, "ub.");
        return out.toByteArray();
    }

    /** A call of the function that rebuilds a tensor: storage, offset, shape, strides. */
    private static void tensor(ByteArrayOutputStream out, String key, int... shape)
            throws IOException {
        int size = 1;
        for (int extent : shape) {
            size *= extent;
        }
        text(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
        string(out, "storage");
        text(out, "ctorch\nFloatStorage\n");
        string(out, key);
        string(out, "cpu");
        number(out, size);
        text(out, "tQ");
        number(out, 0);
        text(out, "(");
        for (int extent : shape) {
            number(out, extent);
        }
        text(out, "t(");
        for (int i = 0; i < shape.length; i++) {
            number(out, i == shape.length - 1 ? 1 : shape[shape.length - 1]);
        }
        text(out, "t");
        out.write(0x89);
        text(out, "ccollections\nOrderedDict\n)RtR");
    }

    private static void text(ByteArrayOutputStream out, String codes) throws IOException {
        out.write(codes.getBytes(StandardCharsets.UTF_8));
    }

    private static void string(ByteArrayOutputStream out, String value) throws IOException {
        out.write('X');
        number4(out, value.length());
        text(out, value);
    }

    private static void number(ByteArrayOutputStream out, int value) throws IOException {
        out.write('J');
        number4(out, value);
    }

    private static void number4(ByteArrayOutputStream out, int value) throws IOException {
        out.write(
                ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }
}
