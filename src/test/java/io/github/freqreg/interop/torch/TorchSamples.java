package io.github.freqreg.interop.torch;

import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.interop.torch.TorchSave.dictionary;

import io.github.freqreg.format.Sample;
import io.github.freqreg.interop.torch.TorchSave.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The PyTorch checkpoints of {@code src/test/resources/malformed}; {@link TorchCheckpointTest}
 * breaks the rules in more ways.
 */
public final class TorchSamples {

    private static final byte[] TWO = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40};

    private final List<Sample> samples = new ArrayList<>();

    private TorchSamples() {}

    public static List<Sample> all() throws IOException {
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
        trainingScripts();
        types();
        unsupported(
                "compressed.pt",
                tensor(start(), 2, 2, TWO).op('u', '.').compressed().zip(),
                "The entries are compressed, which PyTorch never does.",
                "to be stored, but it is compressed");
    }

    private void trainingScripts() throws IOException {
        Tensor w = Tensor.vector("FloatStorage", "0", TWO, 4);
        Map<Object, Object> net = dictionary("module.w", w);
        Object arguments = new TorchSave.Instance("argparse", "Namespace", Map.of("lr", 0.1));
        good(
                "training.pt",
                TorchSave.save(dictionary("epoch", 5, "args", arguments, "model", net)).zip(),
                "A checkpoint of a training script: an epoch, arguments, and a state dictionary"
                        + " with the prefix of DataParallel.");
        bad(
                "two-parts.pt",
                TorchSave.save(dictionary("encoder", net, "decoder", net)).zip(),
                "Two state dictionaries, neither with a usual name.",
                "but found encoder, decoder; name the part to read");
        unsupported(
                "pickled-network.pt",
                TorchSave.save(new TorchSave.Instance("nets", "Net", Map.of("w", w))).zip(),
                "The network itself is pickled, not its state dictionary.",
                "but found nets.Net; save the network's tensors alone");
        unsupported(
                "torchscript.pt",
                TorchSave.save(new TorchSave.Instance("__torch__.nets", "Net", Map.of())).zip(),
                "The pickle of a TorchScript archive.",
                "found a TorchScript archive of __torch__.nets.Net");
        byte[] legacy = {(byte) 0x80, 2, (byte) 0x8a, 10, 'l', -4, -100, 'F', -7, ' ', 'j', -88};
        unsupported(
                "legacy.pt",
                patched(Arrays.copyOf(legacy, 64), 12, 0x50, 0x19, 0x2e),
                "The format of PyTorch before version 1.6.",
                "found an older pickle; save it anew in PyTorch: torch.save(torch.load(path");
    }

    private void types() throws IOException {
        byte[] big = {0x3f, (byte) 0x80, 0, 0};
        Tensor one = Tensor.vector("FloatStorage", "0", big, 4);
        good(
                "big-endian.pt",
                TorchSave.save(dictionary("w", one)).byteOrder("big").zip(),
                "A big-endian float32.");
        Tensor half = Tensor.vector("BFloat16Storage", "0", new byte[] {(byte) 0x80, 0x3f}, 2);
        good("bfloat16.pt", TorchSave.save(dictionary("w", half)).zip(), "A bfloat16.");
        bad(
                "byte-order.pt",
                TorchSave.save(dictionary("w", one)).byteOrder("middle").zip(),
                "The byte order is neither little nor big.",
                "expected the byte order little or big but found middle");
        bad(
                "untyped.pt",
                TorchSave.save(
                                dictionary(
                                        "w",
                                        new TorchSave.TypedTensor(
                                                new Tensor(
                                                        "UntypedStorage",
                                                        "0",
                                                        new byte[7],
                                                        1,
                                                        0,
                                                        new int[] {2},
                                                        new int[] {1}),
                                                "float32")))
                        .zip(),
                "A tensor of two float32 has an untyped storage of 7 bytes.",
                "does not fit its storage of 1 elements");
        bad(
                "float64-range.pt",
                TorchSave.save(
                                dictionary(
                                        "w",
                                        Tensor.vector(
                                                "DoubleStorage",
                                                "0",
                                                TorchSave.bytes(8, b -> b.putDouble(1e300)),
                                                8)))
                        .zip(),
                "A float64 is too large for float32.",
                "value 0 of w is Infinity as float32");
        unsupported(
                "complex.pt",
                TorchSave.save(
                                dictionary(
                                        "w",
                                        Tensor.vector("ComplexFloatStorage", "0", new byte[8], 8)))
                        .zip(),
                "A tensor of complex numbers.",
                "found a tensor of torch.ComplexFloatStorage; convert it in PyTorch");
    }
}
