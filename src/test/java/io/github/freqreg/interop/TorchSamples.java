package io.github.freqreg.interop;

import static io.github.freqreg.format.Sample.patched;

import io.github.freqreg.format.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The PyTorch checkpoints of {@code src/test/resources/malformed}; {@link TorchCheckpointTest}
 * breaks the rules in more ways.
 */
final class TorchSamples {

    private static final byte[] TWO = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};

    private final List<Sample> samples = new ArrayList<>();

    private TorchSamples() {}

    static List<Sample> all() throws IOException {
        TorchSamples all = new TorchSamples();
        all.torch();
        return all.samples;
    }

    private void good(String name, byte[] bytes, String holds) {
        samples.add(Sample.good(name, bytes, holds));
    }

    private void bad(String name, byte[] bytes, String why, String message) {
        samples.add(Sample.bad(name, bytes, why, message));
    }

    private void unsupported(String name, byte[] bytes, String why, String message) {
        samples.add(Sample.unsupported(name, bytes, why, message));
    }

    private static PickleWriter start() {
        return new PickleWriter().op(0x80, 2, '}', '(');
    }

    private static PickleWriter tensor(PickleWriter writer, int count, int extent, byte[] content) {
        int[] shape = {extent};
        int[] strides = {1};
        return writer.text("w").tensor("FloatStorage", "0", count, content, 0, shape, strides);
    }

    private void torch() throws IOException {
        byte[] whole = tensor(start(), 2, 2, TWO).op('u', '.').zip();
        good("state-dict.pt", whole, "A state dictionary with a tensor w of two float32.");
        bad(
                "cut.pt",
                Arrays.copyOf(whole, whole.length / 2),
                "The second half is missing, including the directory of the zip archive.",
                "expected a zip archive written by torch.save");
        bad(
                "storage.pt",
                tensor(start(), 2, 3, TWO).op('u', '.').zip(),
                "A tensor has 3 elements but its storage has 2.",
                "does not fit");
        bad(
                "storage-bytes.pt",
                tensor(start(), 3, 2, TWO).op('u', '.').zip(),
                "A storage of 3 float32 has 8 bytes.",
                "elements of 4 bytes");
        bad(
                "nan.pt",
                tensor(start(), 2, 2, patched(TWO, 2, 0xc0, 0x7f)).op('u', '.').zip(),
                "A value is NaN.",
                "finite");
        bad(
                "pickle-cut.pt",
                start().op('X', 9, 0, 0, 0).zip(),
                "The pickle ends inside a string.",
                "expected a string of at most");
        bad(
                "not-a-tensor.pt",
                start().text("w").op('N', 'u', '.').zip(),
                "The entry w is None instead of a tensor.",
                "to be a tensor");
        unsupported(
                "code.pt",
                new PickleWriter()
                        .op(0x80, 2)
                        .global("os", "system")
                        .text("exit")
                        .op(0x85, 'R', '.')
                        .zip(),
                "The pickle calls os.system, which must not run.",
                "the pickle asks for os.system, which is not allowed");
        unsupported(
                "protocol.pt",
                new PickleWriter().op(0x80, 5, '}', '.').zip(),
                "The pickle has protocol 5; PyTorch writes 2.",
                "expected pickle protocol 2 but found 5");
        unsupported(
                "compressed.pt",
                tensor(start(), 2, 2, TWO).op('u', '.').compressed().zip(),
                "The entries are compressed, which PyTorch never does.",
                "to be stored, but it is compressed");
    }
}
