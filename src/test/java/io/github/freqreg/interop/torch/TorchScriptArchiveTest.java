package io.github.freqreg.interop.torch;

import static io.github.freqreg.interop.torch.TorchScriptOperator.CONVOLUTION;
import static io.github.freqreg.interop.torch.TorchScriptOperator.EMBEDDING;
import static io.github.freqreg.interop.torch.TorchScriptOperator.LINEAR;
import static io.github.freqreg.interop.torch.TorchScriptOperator.NORMALIZATION;
import static io.github.freqreg.interop.torch.TorchScriptOperator.RECURRENT;
import static io.github.freqreg.interop.torch.TorchScriptOperator.TRANSPOSED_CONVOLUTION;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Pair;
import com.google.common.jimfs.Jimfs;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The parameters of TorchScript archives, and the operators that take them. */
class TorchScriptArchiveTest {

    private static final String NET = "__torch__.Net";

    @TempDir private Path folder;

    private TorchScriptArchive read(ScriptModule module)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("net.pt");
        TorchArchive.write(file, module);
        return TorchScriptArchive.read(file);
    }

    /** Returns the operator of each parameter that has one. */
    private static Map<String, TorchScriptOperator> operators(TorchScriptArchive archive) {
        Map<String, TorchScriptOperator> operators = new LinkedHashMap<>();
        for (TorchScriptParameter each : archive.parameters()) {
            each.operator().ifPresent(operator -> operators.put(each.name(), operator));
        }
        return operators;
    }

    private static ScriptTensor tensor(long... shape) {
        int size = 1;
        for (long extent : shape) {
            size *= (int) extent;
        }
        return ScriptTensor.of(new float[size], shape);
    }

    static List<ScriptModule> networks() {
        return List.of(
                ScriptNetworks.convolutional(1),
                ScriptNetworks.decoder(1),
                ScriptNetworks.transformer(1),
                ScriptNetworks.tied(1));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void parametersAreThoseThatTheEngineShows(ScriptModule module)
            throws IOException, MalformedModelException {
        TorchScriptArchive archive = read(module);
        try (Model model = Model.newInstance("net")) {
            model.load(folder, "net", Map.of("trainParam", "true"));
            assertEquals(
                    model.getBlock().getParameters().stream().map(Pair::getKey).toList(),
                    archive.parameters().stream().map(TorchScriptParameter::name).toList());
            for (TorchScriptParameter each : archive.parameters()) {
                assertEquals(
                        model.getBlock().getParameters().get(each.name()).getArray().getShape(),
                        each.shape());
                assertEquals(DataType.FLOAT32, each.type());
            }
        }
        assertEquals(Optional.empty(), archive.obstacle());
    }

    @Test
    void convolutionalNetwork() throws IOException, MalformedModelException {
        TorchScriptArchive archive = read(ScriptNetworks.convolutional(1));
        Map<String, TorchScriptOperator> expected = new LinkedHashMap<>();
        for (String layer : List.of("conv1", "bn1", "conv2", "fc")) {
            TorchScriptOperator operator =
                    switch (layer) {
                        case "bn1" -> NORMALIZATION;
                        case "fc" -> LINEAR;
                        default -> CONVOLUTION;
                    };
            expected.put(layer + ".weight", operator);
            expected.put(layer + ".bias", operator);
        }
        assertEquals(expected, operators(archive));
        assertEquals(List.copyOf(expected.keySet()), List.copyOf(operators(archive).keySet()));
        assertEquals(
                List.of("bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked"),
                archive.buffers().stream().map(TorchScriptParameter::name).toList());
        assertEquals(DataType.INT64, archive.buffers().get(2).type());
        assertEquals(new Shape(), archive.buffers().get(2).shape());
    }

    @Test
    void decoderAndTransformer() throws IOException, MalformedModelException {
        assertEquals(
                Map.of("up.weight", TRANSPOSED_CONVOLUTION, "up.bias", TRANSPOSED_CONVOLUTION),
                operators(read(ScriptNetworks.decoder(1))));
        TorchScriptArchive transformer = read(ScriptNetworks.transformer(1));
        operators(transformer)
                .forEach(
                        (name, operator) ->
                                assertEquals(
                                        name.contains("norm") ? NORMALIZATION : LINEAR,
                                        operator,
                                        name));
        assertEquals(12, operators(transformer).size());
    }

    @Test
    void tiedWeights() throws IOException, MalformedModelException {
        TorchScriptArchive archive = read(ScriptNetworks.tied(1));
        assertEquals(
                Map.of("embedding.weight", EMBEDDING, "head.weight", LINEAR, "head.bias", LINEAR),
                operators(archive));
        assertEquals(
                List.of(Optional.empty(), Optional.of("embedding.weight"), Optional.empty()),
                archive.parameters().stream().map(TorchScriptParameter::tiedTo).toList());
    }

    /** Two views of one storage are tied if they show the same elements in the same way. */
    @Test
    void viewsOfOneStorage() throws IOException, MalformedModelException {
        ScriptTensor.Storage storage = ScriptTensor.Storage.of(new float[6]);
        TorchScriptArchive archive =
                read(
                        new ScriptModule(NET)
                                .parameter("a", ScriptTensor.contiguous(storage, 2, 3))
                                .parameter("b", ScriptTensor.contiguous(storage, 3, 2))
                                .parameter("c", ScriptTensor.contiguous(storage, 2, 3))
                                .forward("return x"));
        assertEquals(
                List.of(Optional.empty(), Optional.empty(), Optional.of("a")),
                archive.parameters().stream().map(TorchScriptParameter::tiedTo).toList());
        assertEquals(Map.of(), operators(archive));
    }

    /** Statements of a forward method in which {@code w} is the weight of one operator. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CONVOLUTION | return torch._convolution(x, self.w, None, [1], [0], [1], False,"
                        + " [0], 1, False, False, True, True)",
                "TRANSPOSED_CONVOLUTION | return torch._convolution(x, self.w, None, [1], [0],"
                        + " [1], True, [0], 1, False, False, True, True)",
                "CONVOLUTION | return torch._convolution_mode(x, self.w, None, [1], 'same', [1],"
                        + " 1)",
                "LINEAR | w = self.w; _0 = torch.t(w); return torch.addmm(self.b, x, _0)",
                "LINEAR | w : Optional[Tensor] = self.w; w0 = unchecked_cast(Tensor, w); return"
                        + " torch.linear(x, w0)",
                "LINEAR | _0 = __torch__.own; w, y, = (self.w, x); return _0(y, w, )",
                "LINEAR | return torch.matmul(x, torch.transpose(self.w, 0, 1))",
                "LINEAR | if torch.eq(1, 2):;  w = self.w;else:;  w = self.w;return"
                        + " torch.linear(x, w)",
                "LINEAR | a, b, = torch.chunk(self.w, 2); return torch.linear(x, b)",
                "LINEAR | return torch.linear(x, annotate(List[Tensor], [self.b, self.w])[1])",
                "RECURRENT | _0 = [self.w, self.b]; a, b = torch.gru(x, x, _0, True, 1, 0.,"
                        + " False, False, False); return a",
                "RECURRENT | return (torch.lstm(x, [x, x], [self.w, self.b], True, 1, 0., False,"
                        + " False, False))[0]",
                "EMBEDDING | return torch.embedding_bag(self.w, x, x)[0]",
                "NORMALIZATION | _0 = \"a ( string, 'quoted' \\\" \"; return torch.layer_norm(x,"
                        + " [2], self.w, self.b, 1.0000000000000001e-05)",
                "NORMALIZATION | s = getattr(self, \"w\"); return torch.group_norm(x, -1, s, None)",
                "| return torch.prelu(x, self.w)",
                "| return torch.linear(self.w, x)",
                "| w = torch.mul(self.w, 2); return torch.linear(x, w)",
                "| w ( = ) self; return torch.linear(x, w)",
                "LINEAR | this ) is no statement; return torch.linear(x, self.w)",
            })
    void sourceIsFollowed(TorchScriptOperator expected, String statements)
            throws IOException, MalformedModelException {
        // Two blanks behind a semicolon are the indentation of a block.
        String[] lines = statements.split("; (?! )|;(?=  )|;(?=\\S)");
        ScriptModule module =
                new ScriptModule(NET)
                        .parameter("w", tensor(2, 2))
                        .parameter("b", tensor(2))
                        .function(
                                "__torch__.own",
                                "def own(input: Tensor,",
                                "    weight: Tensor) -> Tensor:",
                                "  return torch.linear(input, weight)")
                        .forward(lines);
        assertEquals(
                Optional.ofNullable(expected),
                Optional.ofNullable(operators(read(module)).get("w")));
    }

    /** An LSTM of {@code torch.jit.script} has its weights in a list too. */
    @Test
    void listsOfParameters() throws IOException, MalformedModelException {
        ScriptTensor input = tensor(8, 2);
        ScriptTensor hidden = tensor(8, 2);
        TorchScriptArchive archive =
                read(
                        new ScriptModule(NET)
                                .parameter("weight_ih", input)
                                .parameter("weight_hh", hidden)
                                .attribute("flat", "List[Tensor]", List.of(input, hidden))
                                .method(
                                        "def forward(s: __torch__.Net, x: Tensor) -> Tensor:",
                                        "_flat = s.flat",
                                        "_0, _1, _2 = torch.lstm(x, [x, x], _flat, False, 1, 0.,"
                                                + " False, False, False)",
                                        "return _0"));
        assertEquals(Map.of("weight_ih", RECURRENT, "weight_hh", RECURRENT), operators(archive));
    }

    /** A module in a sequence, whose name is a number and whose class is used twice. */
    @Test
    void modulesOfASequence() throws IOException, MalformedModelException {
        String type = "__torch__.torch.nn.modules.linear.___torch_mangle_0.Linear";
        ScriptModule sequence = new ScriptModule("__torch__.Sequential");
        for (String name : List.of("0", "1")) {
            sequence.child(
                    name,
                    new ScriptModule(type)
                            .parameter("weight", tensor(2, 2))
                            .forward("return torch.linear(x, self.weight)"));
        }
        sequence.forward(
                "_0 = getattr(self, \"0\")",
                "_1 = getattr(self, \"1\")",
                "return (_1).forward((_0).forward(x, ), )");
        assertEquals(Map.of("0.weight", LINEAR, "1.weight", LINEAR), operators(read(sequence)));
    }

    /** A function that calls itself, and a module that calls itself, end. */
    @Test
    void recursionEnds() throws IOException, MalformedModelException {
        ScriptModule module =
                new ScriptModule(NET)
                        .parameter("w", tensor(2, 2))
                        .function(
                                "__torch__.own",
                                "def own(x: Tensor) -> Tensor:",
                                "  return __torch__.own(__torch__.own(__torch__.own(x)))")
                        .forward(
                                "_0 = (self).forward((self).forward(x, ), )",
                                "_1 = __torch__.own(x)",
                                "return torch.linear(x, self.w)");
        assertTrue(operators(read(module)).size() <= 1);
    }

    @Test
    void obstacles() throws IOException, MalformedModelException {
        ScriptModule none = new ScriptModule(NET).forward("return x");
        assertEquals("it has no parameters", read(none).obstacle().orElseThrow());
        assertEquals(List.of(), read(none).parameters());

        Map<String, byte[]> frozen = TorchArchive.recordsOf(none);
        frozen.put("net/constants/0", new byte[4]);
        assertTrue(
                read(frozen).obstacle().orElseThrow().contains("torch.jit.freeze"),
                read(frozen).obstacle().toString());

        assertTrue(
                read(withObject("quantized.LinearPackedParamsBase"))
                        .obstacle()
                        .orElseThrow()
                        .contains("quantised"));
        assertEquals(Optional.empty(), read(withObject("torchtext.Vocab")).obstacle());
    }

    /** Returns a module with a weight and an object of a class of PyTorch or an extension. */
    private static ScriptModule withObject(String name) {
        String type = "__torch__.torch.classes." + name;
        return new ScriptModule(NET)
                .parameter("w", tensor(2, 2))
                .attribute("object", type, new ScriptModule(type))
                .forward("return torch.linear(x, self.w)");
    }

    private TorchScriptArchive read(Map<String, byte[]> records)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("records.pt");
        try (OutputStream out = Files.newOutputStream(file)) {
            TorchArchive.write(records, out);
        }
        return TorchScriptArchive.read(file);
    }

    private void assertRefused(Map<String, byte[]> records, String message) {
        String found =
                assertThrows(MalformedModelException.class, () -> read(records)).getMessage();
        assertTrue(
                found.startsWith(folder.resolve("records.pt") + ": ") && found.contains(message),
                found);
        assertEquals(1, found.lines().count(), found);
    }

    @Test
    void wrongArchivesAreRefused() throws IOException {
        ScriptModule module = ScriptNetworks.tied(1);
        Map<String, byte[]> records = TorchArchive.recordsOf(module);
        records.keySet().removeIf(name -> name.contains("/code/"));
        assertRefused(records, "it has no source code, like a checkpoint of torch.save");
        records.put("net/code/__torch__.py", "class Other(Module):\n".getBytes(UTF_8));
        assertRefused(records, "no source for the class of the module itself");
        records.put("net/code/__torch__.py", "class Net(Module):\n  \"".getBytes(UTF_8));
        assertRefused(records, "a string without an end");

        Map<String, byte[]> other = TorchArchive.recordsOf(module);
        other.put("net/data.pkl", new byte[] {(byte) 0x80, 2, ']', '.'});
        assertRefused(other, "expected the pickle to hold a module");
        other.remove("net/data.pkl");
        assertRefused(other, "expected one entry data.pkl in a folder but found []");
    }

    @Test
    void wrongTensorsAreRefused() throws IOException {
        for (ScriptTensor wrong :
                List.of(
                        new ScriptTensor(ScriptTensor.Storage.of(1f), 0, new long[2], new long[1]),
                        new ScriptTensor(
                                ScriptTensor.Storage.of(1f), 0, new long[] {-1}, new long[] {1}))) {
            Map<String, byte[]> records =
                    TorchArchive.recordsOf(
                            new ScriptModule(NET).parameter("w", wrong).forward("return x"));
            assertRefused(records, "tensor w");
        }
    }

    @Test
    void archiveOfAnotherFileSystem() throws IOException, MalformedModelException {
        try (FileSystem memory = Jimfs.newFileSystem()) {
            Path file = memory.getPath("net.pt");
            TorchArchive.write(file, ScriptNetworks.tied(1));
            assertEquals(3, TorchScriptArchive.read(file).parameters().size());
            Files.writeString(file, "no archive");
            assertTrue(
                    assertThrows(MalformedModelException.class, () -> TorchScriptArchive.read(file))
                            .getMessage()
                            .startsWith(
                                    "net.pt: expected a zip archive written by torch.jit.save"));
        }
    }
}
