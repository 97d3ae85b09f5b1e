package io.github.freqreg.interop.torch;

import static io.github.freqreg.interop.torch.TorchSave.dictionary;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.torch.TorchSave.Call;
import io.github.freqreg.interop.torch.TorchSave.Global;
import io.github.freqreg.interop.torch.TorchSave.Instance;
import io.github.freqreg.interop.torch.TorchSave.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The network among the other values of a checkpoint, its names, and the formats of old. */
class TorchPartsTest {

    private static final Map<Object, Object> NET =
            dictionary("w", Tensor.floats("0", 1, 2), "n", Tensor.scalar("1", 7));

    private static final Map<Object, Object> OTHER = dictionary("w", Tensor.floats("2", 3, 4));

    @TempDir private Path folder;

    private TorchCheckpoint read(Object value) throws IOException, MalformedModelException {
        return TorchCheckpoint.read(TorchSave.save(value, folder.resolve("c.pt")));
    }

    private TorchCheckpoint read(Object value, String part)
            throws IOException, MalformedModelException {
        return TorchCheckpoint.read(TorchSave.save(value, folder.resolve("c.pt")), part);
    }

    private String refused(Object value) {
        return assertThrows(MalformedModelException.class, () -> read(value)).getMessage();
    }

    private static void assertIsNet(TorchCheckpoint checkpoint) {
        assertEquals(List.of("w", "n"), List.copyOf(checkpoint.getTensors().keySet()));
        assertArrayEquals(new float[] {1, 2}, checkpoint.getTensors().get("w").values());
        assertArrayEquals(new float[] {7}, checkpoint.getTensors().get("n").values());
    }

    /** The state of Adam as PyTorch saves it, with tensors under numbers. */
    private static Map<Object, Object> adam() {
        Map<Object, Object> moments =
                dictionary(
                        "step", Tensor.scalar("10", 9),
                        "exp_avg", Tensor.floats("11", 5, 6),
                        "exp_avg_sq", Tensor.floats("12", 7, 8));
        return dictionary(
                "state",
                dictionary(0, moments),
                "param_groups",
                List.of(
                        dictionary(
                                "lr", 1e-3, "betas", List.of(0.9, 0.999), "params", List.of(0))));
    }

    @Test
    void theNetworkOfATrainingScriptIsFound() throws Exception {
        Map<Object, Object> checkpoint =
                dictionary(
                        "epoch",
                        5,
                        "arch",
                        "resnet18",
                        "best_acc1",
                        Tensor.scalar("20", 71),
                        "args",
                        new Instance("argparse", "Namespace", Map.of("lr", 0.1)),
                        "loss",
                        new Call(
                                "numpy.core.multiarray",
                                "scalar",
                                List.of(
                                        new Call("numpy", "dtype", List.of("f8", false, true)),
                                        new Call(
                                                "_codecs",
                                                "encode",
                                                List.of("abcdefgh", "latin1")))),
                        "scheduler",
                        dictionary("last_epoch", 5, "base_lrs", List.of(0.1)),
                        "seed",
                        -1L,
                        "amp",
                        null,
                        "resumed",
                        false,
                        "dtype",
                        new Global("torch", "float16"),
                        "optimizer",
                        adam(),
                        "state_dict",
                        NET);
        TorchCheckpoint read = read(checkpoint);
        assertIsNet(read);
        assertEquals("state_dict", read.getPart());
        assertEquals("", read.getPrefix());
        assertEquals(List.of(), read.getOtherParts());
        assertEquals("read the part state_dict", read.describe());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "state_dict",
                "model",
                "model_state_dict",
                "model_state",
                "module",
                "net",
                "net_state_dict",
                "network",
                "generator",
                "params",
                "anything"
            })
    void aSinglePartIsFoundUnderAnyName(String name) throws Exception {
        TorchCheckpoint read = read(dictionary("epoch", 5, "optim", adam(), name, NET));
        assertIsNet(read);
        assertEquals(name, read.getPart());
    }

    @Test
    void aStateDictionaryIsReadAsAWhole() throws Exception {
        TorchCheckpoint read = read(NET);
        assertIsNet(read);
        assertEquals("", read.getPart());
        assertEquals("", read.describe());
        assertEquals(3, read.countElements());
    }

    @Test
    void aPartMayBeNestedDeeper() throws Exception {
        Object ordered = new Call("collections", "defaultdict", List.of());
        TorchCheckpoint read =
                read(dictionary("empty", ordered, "state", dictionary("step", 3, "model", NET)));
        assertIsNet(read);
        assertEquals("state.model", read.getPart());
    }

    @ParameterizedTest
    @CsvSource({
        "model, ema, model",
        "model_ema, model, model",
        "params_ema, params, params",
        "discriminator, generator, generator",
        "net, state_dict, state_dict",
        "encoder, model_state_dict, model_state_dict"
    })
    void theDocumentedNameIsPreferredAndTheOtherIsTold(String other, String second, String best)
            throws Exception {
        String rest = other.equals(best) ? second : other;
        TorchCheckpoint read =
                read(
                        dictionary(
                                other,
                                other.equals(best) ? NET : OTHER,
                                second,
                                second.equals(best) ? NET : OTHER));
        assertIsNet(read);
        assertEquals(best, read.getPart());
        assertEquals(List.of(rest), read.getOtherParts());
        assertEquals("read the part " + best + "; did not read " + rest, read.describe());
    }

    @Test
    void theFirstKeyDecidesBetweenNestedParts() throws Exception {
        Map<Object, Object> checkpoint =
                dictionary(
                        "ema", dictionary("state_dict", OTHER),
                        "model", dictionary("weights", NET));
        TorchCheckpoint read = read(checkpoint);
        assertIsNet(read);
        assertEquals("model.weights", read.getPart());
        assertArrayEquals(
                new float[] {3, 4},
                read(checkpoint, "ema.state_dict").getTensors().get("w").values());
    }

    @Test
    void severalPartsWithoutAPreferredNameMustBeChosen() throws Exception {
        Map<Object, Object> checkpoint = dictionary("encoder", OTHER, "decoder", NET);
        String message = refused(checkpoint);
        assertTrue(message.contains("but found encoder, decoder; name the part to read"), message);
        TorchCheckpoint read = read(checkpoint, "decoder");
        assertIsNet(read);
        assertEquals(List.of("encoder"), read.getOtherParts());
    }

    @Test
    void aPartThatIsNotThereIsRefusedWithTheOthers() {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> read(dictionary("model", NET, "ema", OTHER), "mdoel"));
        assertTrue(
                e.getMessage().contains("expected a part mdoel but found model, ema"),
                e.getMessage());
        MalformedModelException none =
                assertThrows(
                        MalformedModelException.class, () -> read(dictionary("epoch", 1), "net"));
        assertTrue(
                none.getMessage().endsWith("but found none that can be a network"),
                none.getMessage());
    }

    @Test
    void aNamedPartMustHaveNamesAndTensors() {
        Map<Object, Object> checkpoint =
                dictionary("model", NET, "log", dictionary(0, 1), "run", dictionary("lr", 0.1));
        MalformedModelException keys =
                assertThrows(MalformedModelException.class, () -> read(checkpoint, "log"));
        assertTrue(
                keys.getMessage().contains("the keys of log to be names of tensors but found 0"),
                keys.getMessage());
        MalformedModelException values =
                assertThrows(MalformedModelException.class, () -> read(checkpoint, "run"));
        assertTrue(
                values.getMessage().contains("expected lr to be a tensor of real numbers"),
                values.getMessage());
    }

    @Test
    void aPickledNetworkIsRefusedByTheNameOfItsClass() {
        Instance net =
                new Instance("torchvision.models.resnet", "ResNet", Map.of("training", true));
        String whole = refused(net);
        assertTrue(whole.contains("but found torchvision.models.resnet.ResNet; save"), whole);
        assertTrue(whole.endsWith("torch.save(net.state_dict(), path)"), whole);
        String part = refused(dictionary("epoch", 5, "model", net));
        assertTrue(
                part.contains("found epoch: 5, model: torchvision.models.resnet.ResNet; save"),
                part);
        String inside =
                refused(dictionary("model", dictionary("w", Tensor.floats("0", 1), "q", net)));
        assertTrue(
                inside.contains("expected q to be a tensor of real numbers but found torchvision"),
                inside);
    }

    @Test
    void aTorchScriptArchiveIsNamed() {
        String message = refused(new Instance("__torch__.net", "Net", Map.of()));
        assertTrue(message.contains("a TorchScript archive of __torch__.net.Net"), message);
    }

    /** Every dictionary holds the next one 16 times, so there are 16^7 paths to the last. */
    @Test
    void thePathsToADictionaryAreBounded() throws Exception {
        int levels = 7;
        PickleWriter writer = new PickleWriter().op(0x80, 2);
        for (int level = 0; level < levels; level++) {
            writer.op('}', '(').text("k0");
        }
        writer.op('}').text("w");
        writer.tensor(
                "FloatStorage", "0", 1, PickleWriter.floats(4), 0, new int[] {1}, new int[] {1});
        writer.op('s');
        for (int level = 0; level < levels; level++) {
            writer.op('q', level);
            for (int i = 1; i < 16; i++) {
                writer.text("k" + i).op('h', level);
            }
            writer.op('u');
        }
        Path file = writer.op('.').write(folder.resolve("paths.pt"));
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(file));
        assertTrue(
                e.getMessage().contains("k0.k0.k0.k0.k0.k0.k0, k0.k0.k0.k0.k0.k0.k1, "),
                e.getMessage());
        assertTrue(e.getMessage().endsWith("; name the part to read"), e.getMessage());
    }

    @Test
    void messagesAreOneShortLine() {
        String message = refused(dictionary("a\nb", "c\n".repeat(5000)));
        assertEquals(1, message.lines().count());
        assertTrue(message.length() < 600, message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."})
    void prefixesOfWrappersAreRemoved(String prefix) throws Exception {
        Map<Object, Object> wrapped = dictionary();
        NET.forEach((name, tensor) -> wrapped.put(prefix + name, tensor));
        TorchCheckpoint read = read(dictionary("model", wrapped));
        assertIsNet(read);
        assertEquals(prefix, read.getPrefix());
        assertEquals(
                "read the part model; removed the prefix " + prefix + " from all names",
                read.describe());
    }

    @ParameterizedTest
    @ValueSource(strings = {"module.", "other.w", "module"})
    void aPrefixThatNotAllNamesHaveStays(String other) throws Exception {
        TorchCheckpoint read =
                read(dictionary("module.w", Tensor.floats("0", 1), other, Tensor.floats("1", 2)));
        assertEquals("", read.getPrefix());
        assertEquals(List.of("module.w", other), List.copyOf(read.getTensors().keySet()));
    }

    @Test
    void aNameMayHaveAtMost1024Characters() throws Exception {
        String longest = "n".repeat(1024);
        assertTrue(
                read(dictionary(longest, Tensor.scalar("0", 1))).getTensors().containsKey(longest));
        String message = refused(dictionary(longest + "n", Tensor.scalar("0", 1)));
        assertTrue(message.contains("names of at most 1024 characters but found nnn"), message);
        assertTrue(message.length() < 400, message);
    }

    @Test
    void largeIntegersAndLongTextsMayStandBesideTheNetwork() throws Exception {
        PickleWriter writer = new PickleWriter().op(0x80, 2, '}', '(').text("seed").op(0x8a, 17);
        writer.bytes(new byte[16]).op(1).text("config").text("c".repeat(100_000));
        writer.text("net").op('}').text("w");
        writer.tensor(
                "FloatStorage", "0", 1, PickleWriter.floats(4), 0, new int[] {1}, new int[] {1});
        Path file = writer.op('s', 'u', '.').write(folder.resolve("seed.pt"));
        assertEquals("net", TorchCheckpoint.read(file).getPart());
    }

    @Test
    void extraStateIsSkipped() throws Exception {
        Map<Object, Object> net = dictionary("fc._extra_state", dictionary("scale", 2));
        net.putAll(NET);
        net.put("_extra_state", new Instance("io", "BytesIO", Map.of()));
        assertIsNet(read(dictionary("net", net)));
    }

    @Test
    void aDictionaryThatHoldsItselfIsRead() throws Exception {
        // d = {}; d["self"] = d; d["net"] = {"w": …}
        PickleWriter writer = new PickleWriter().op(0x80, 2, '}', 'q', 0, '(').text("self");
        writer.op('h', 0).text("net").op('}').text("w");
        writer.tensor(
                "FloatStorage", "0", 1, PickleWriter.floats(4), 0, new int[] {1}, new int[] {1});
        Path file = writer.op('s', 'u', '.').write(folder.resolve("self.pt"));
        TorchCheckpoint read = TorchCheckpoint.read(file);
        assertEquals("net", read.getPart());
        assertArrayEquals(new float[] {4}, read.getTensors().get("w").values());
    }

    @Test
    void aDictionaryUnderTwoKeysIsFoundUnderBoth() throws Exception {
        PickleWriter writer = new PickleWriter().op(0x80, 2, '}', '(').text("model").op('}');
        writer.op('q', 0).text("w");
        writer.tensor(
                "FloatStorage", "0", 1, PickleWriter.floats(4), 0, new int[] {1}, new int[] {1});
        writer.op('s').text("best").op('h', 0, 'u', '.');
        Path file = writer.write(folder.resolve("twice.pt"));
        assertEquals("model", TorchCheckpoint.read(file).getPart());
        assertEquals(List.of("best"), TorchCheckpoint.read(file).getOtherParts());
        assertArrayEquals(
                new float[] {4}, TorchCheckpoint.read(file, "best").getTensors().get("w").values());
    }

    @Test
    void tiedTensorsAreOne() throws Exception {
        int[] square = {2, 2};
        int[] rows = {2, 1};
        Tensor table = Tensor.floats("0", 1, 2, 3, 4).view(0, square, rows);
        TorchCheckpoint read =
                read(
                        dictionary(
                                "embedding",
                                table,
                                "bias",
                                Tensor.floats("1", 5),
                                "output",
                                table,
                                "transposed",
                                table.view(0, square, new int[] {1, 2}),
                                "first",
                                table.view(0, new int[] {2}, new int[] {1}),
                                "last",
                                table));
        assertEquals(List.of(List.of("embedding", "output", "last")), read.getTies());
        Map<String, TorchTensor> tensors = read.getTensors();
        assertSame(tensors.get("embedding"), tensors.get("output"));
        assertArrayEquals(new float[] {1, 3, 2, 4}, tensors.get("transposed").values());
        assertEquals(4 + 1 + 4 + 2, read.countElements());
        assertEquals("tied embedding, output, last", read.describe());
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = read.toArrays(manager);
            assertEquals(
                    List.copyOf(tensors.keySet()), arrays.stream().map(NDArray::getName).toList());
            assertEquals(arrays.get(0), arrays.get(2));
            arrays.get(0).muli(2);
            assertArrayEquals(new float[] {2, 4, 6, 8}, arrays.get(2).toFloatArray());
            assertArrayEquals(new float[] {1, 3, 2, 4}, arrays.get(3).toFloatArray());
        }
    }

    @Test
    void tiedScalarsAndEmptyTensorsAreOneToo() throws Exception {
        Tensor count = Tensor.scalar("0", 3);
        Tensor empty = Tensor.floats("1");
        TorchCheckpoint read = read(dictionary("a", count, "b", count, "c", empty, "d", empty));
        assertEquals(List.of(List.of("a", "b"), List.of("c", "d")), read.getTies());
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = read.toArrays(manager);
            assertEquals(0, arrays.get(1).getShape().dimension());
            assertEquals(3, arrays.get(1).getFloat());
            assertEquals(0, arrays.get(3).size());
        }
    }

    @ParameterizedTest
    @CsvSource({
        // torch.save with _use_new_zipfile_serialization=False begins with its magic number.
        "80028a0a6cfc9c46f9206aa850192e8002, older pickle",
        "80048a0a6cfc9c46f9206aa850192e8004, older pickle"
    })
    void theFormatBefore16IsRefusedWithAWayOut(String start, String format) throws Exception {
        byte[] bytes = HexFormat.of().parseHex(start);
        Path file = Files.write(folder.resolve("legacy.pth"), Arrays.copyOf(bytes, 4000));
        String message =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(file))
                        .getMessage();
        assertTrue(message.startsWith(file + ": expected a zip archive"), message);
        assertTrue(message.contains(format), message);
        assertTrue(
                message.endsWith("torch.save(torch.load(path, map_location='cpu'), path)"),
                message);
    }

    @Test
    void tarArchivesAreRefusedWithAWayOut() throws Exception {
        byte[] tar = new byte[1024];
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        Path file = Files.write(folder.resolve("tar.pth"), tar);
        String message =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(file))
                        .getMessage();
        assertTrue(message.contains("older tar archive; save it anew in PyTorch"), message);
        assertTrue(message.contains("weights_only=False"), message);
    }

    @Test
    void aPointerOfGitLfsIsNamed() throws Exception {
        Path file = folder.resolve("lfs.pt");
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        assertTrue(
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(file))
                        .getMessage()
                        .endsWith("found a pointer of Git LFS; run git lfs pull"));
    }

    @Test
    void arraysAreReadFromTheBinFilesOfHuggingFace() throws Exception {
        Path file = TorchSave.save(NET, folder.resolve("pytorch_model.bin"));
        assertTrue(ArrayFile.isReadable(file));
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, file);
            assertArrayEquals(new float[] {1, 2}, arrays.get(0).toFloatArray());
            assertEquals("n", arrays.get(1).getName());
        }
    }
}
