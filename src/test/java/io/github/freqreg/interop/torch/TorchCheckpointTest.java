package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.freqreg.Seeds;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TorchCheckpointTest {

    @TempDir private Path folder;

    @Test
    void thePublishedUnetIsReadToItsGoldenFigures() throws Exception {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path file = data.resolve("frereg-unet/unet_fr.pt");
        assumeTrue(Files.exists(file), "the published checkpoint is not there: " + file);
        Map<String, TorchTensor> tensors = TorchCheckpoint.read(file).getTensors();
        JsonArray golden = golden().getAsJsonArray("tensors");
        assertEquals(golden.size(), tensors.size());
        try (NDManager manager = NDManager.newBaseManager()) {
            for (JsonElement each : golden) {
                check(each.getAsJsonObject(), tensors, manager);
            }
        }
    }

    private Map<String, TorchTensor> read(PickleWriter writer, String name)
            throws IOException, MalformedModelException {
        return TorchCheckpoint.read(writer.write(folder.resolve(name))).getTensors();
    }

    private static JsonObject golden() throws IOException {
        try (Reader reader =
                new InputStreamReader(
                        TorchCheckpointTest.class.getResourceAsStream("/golden/unet.json"),
                        StandardCharsets.UTF_8)) {
            return JsonUtils.GSON.fromJson(reader, JsonObject.class);
        }
    }

    private static void check(
            JsonObject golden, Map<String, TorchTensor> tensors, NDManager manager) {
        String name = golden.get("name").getAsString();
        TorchTensor tensor = tensors.get(name);
        long[] shape = JsonUtils.GSON.fromJson(golden.get("shape"), long[].class);
        assertArrayEquals(shape, tensor.shape().getShape(), name);
        FrequencyTensor spectrum = tensor.toFrequencyTensor();
        assertEquals(golden.get("kept").getAsInt(), spectrum.mask().getKept(), name);
        try (NDArray spatial = spectrum.rebuild(manager)) {
            float[] weights = spatial.toFloatArray();
            double squares = 0;
            double sum = 0;
            double largest = 0;
            for (float weight : weights) {
                sum += weight;
                squares += (double) weight * weight;
                largest = Math.max(largest, Math.abs(weight));
            }
            double norm = golden.get("l2").getAsDouble();
            assertEquals(norm, Math.sqrt(squares), 1e-5 * norm, name);
            // The sum cancels, so its error is relative to the norm.
            double all = norm * Math.sqrt(weights.length);
            assertEquals(golden.get("sum").getAsDouble(), sum, 1e-5 * all, name);
            int[] at = JsonUtils.GSON.fromJson(golden.get("flat_index"), int[].class);
            double[] values = JsonUtils.GSON.fromJson(golden.get("value"), double[].class);
            for (int i = 0; i < at.length; i++) {
                assertEquals(values[i], weights[at[i]], 1e-5 * largest, name);
            }
        }
    }

    @Test
    void stridesMayMultiplyToMoreThanThereIs() throws Exception {
        int[] extents = {8, 8, 8, 8, 8, 8};
        int[] strides = {32768, 4096, 512, 64, 8, 1};
        float[] values = new float[1 << 18];
        values[7] = 3;
        PickleWriter writer =
                start().text("t")
                        .tensor(
                                "FloatStorage",
                                "0",
                                values.length,
                                PickleWriter.floats(values),
                                0,
                                extents,
                                strides);
        TorchTensor tensor = read(writer.op('u', '.'), "t.pt").get("t");
        assertArrayEquals(values, tensor.values());
    }

    @Test
    void denseTensorsOfEveryTypeAreReadInRowMajorOrder() throws Exception {
        PickleWriter writer = start();
        writer.text("f")
                .tensor(
                        "FloatStorage",
                        "0",
                        7,
                        PickleWriter.floats(9, 0, 1, 2, 3, 4, 5),
                        1,
                        new int[] {2, 3},
                        new int[] {1, 2});
        ByteBuffer halves = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        halves.putShort(Float16Utils.floatToHalf(0.5f)).putShort(Float16Utils.floatToHalf(-2));
        writer.text("h")
                .tensor("HalfStorage", "1", 2, halves.array(), 0, new int[] {2}, new int[] {1});
        ByteBuffer whole = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1234567);
        writer.text("n").tensor("LongStorage", "2", 1, whole.array(), 0, new int[0], new int[0]);
        writer.op('u', '}').text("_metadata").op('}', 's', 'b', '.');
        Map<String, TorchTensor> tensors = read(writer, "dense.pt");
        assertEquals(List.of("f", "h", "n"), List.copyOf(tensors.keySet()));
        assertEquals(new Shape(2, 3), tensors.get("f").shape());
        assertArrayEquals(new float[] {0, 2, 4, 1, 3, 5}, tensors.get("f").values());
        assertArrayEquals(new float[] {0.5f, -2}, tensors.get("h").values());
        assertArrayEquals(new float[] {1234567}, tensors.get("n").values());
        assertFalse(tensors.get("f").isSparse());
        assertThrows(IllegalArgumentException.class, () -> tensors.get("f").toFrequencyTensor());
    }

    @Test
    void sparseTensorsAreReadUnsortedAndWithGaps() throws Exception {
        PickleWriter writer = start().text("s");
        writer.sparse(new long[] {2, 0}, new long[] {0, 1}, new float[] {7, 5}, 4, 3);
        TorchTensor tensor = read(writer.op('u', '.'), "s.pt").get("s");
        assertArrayEquals(new long[] {1, 6}, tensor.positions());
        assertArrayEquals(new float[] {5, 7}, tensor.values());
        // Zigzag: (0,0) (0,1) (1,0) (0,2) (1,1) (2,0).
        assertArrayEquals(
                new float[] {0, 5, 0, 0, 0, 7}, tensor.toFrequencyTensor().coefficients());
    }

    private static Arguments refusal(String message, UnaryOperator<PickleWriter> edit) {
        return Arguments.of(message, edit);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                refusal("not allowed", edit(w -> w.global("os", "system"))),
                refusal("not allowed", edit(w -> w.global("builtins", "eval"))),
                refusal("instruction INST (69)", edit(w -> w.op('i'))),
                refusal("instruction EXT1 (82)", edit(w -> w.op(0x82))),
                refusal("an empty stack", edit(w -> w.op(0x81))),
                refusal("not allowed", edit(w -> w.global("posix", "system"))),
                refusal("not allowed", edit(w -> w.global("importlib.util", "find_spec"))),
                refusal("not allowed", edit(w -> w.global("__builtin__", "exec"))),
                refusal("attributes of a list", edit(w -> w.text("a").op(']', '}', 'b'))),
                refusal("nests _rebuild_from_type_v2", edit(TorchCheckpointTest::nested)),
                refusal("a tensor of negated elements", edit(TorchCheckpointTest::negated)),
                refusal(
                        "expected a count of 0 or more but found -1",
                        edit(w -> count(w, 0x8a, 1, 255).op('t', 'Q'))),
                refusal(
                        "of the wrong type",
                        edit(w -> count(w, 0x8a, 9).bytes(new byte[8]).op(1, 't', 'Q'))),
                refusal("instruction unknown (ff)", edit(w -> w.op(0xff))),
                refusal(
                        "a storage but found a list or tuple",
                        edit(w -> identity(doubled(w.text("a").op('('))))),
                refusal(
                        "a storage but found a list or tuple",
                        edit(w -> identity(w.text("a").op('(', ']', 'q', 1, 'h', 1, 'a')))),
                refusal("does not fit", edit(TorchCheckpointTest::farOffset)),
                refusal("collects values without a mark", w -> w.op('t')),
                refusal("unknown memo key 9", edit(w -> w.op('h', 9))),
                refusal("a string of at most", edit(w -> w.op('X', 255, 255, 255, 127))),
                refusal("a string of at most", edit(w -> w.op('X', 255, 255, 255, 255))),
                refusal("protocol 2", edit(w -> w.op(0x80, 5))),
                refusal("truncated", edit(w -> w.op('J', 1))),
                refusal("truncated", edit(w -> w.op(0x8a, 200))),
                refusal("a value of the wrong type", edit(w -> w.op('N', ')', 'R'))),
                refusal("values or bytes are left", w -> w.op('N', 'N', '.')),
                refusal("dictionary of tensors", w -> w.op('N', '.')),
                refusal("to be a tensor", edit(w -> w.text("a").op('N', 'u', '.'))),
                refusal("appears twice", edit(w -> float1(w, "a").op('s'), "a")),
                refusal("does not fit", tensor(4, 1, 4, 1)),
                refusal("does not fit", tensor(4, 0, 4, 2)),
                refusal("does not fit", tensor(4, 0, 5, 0)),
                refusal("does not fit", tensor(4, 0, 2, Integer.MAX_VALUE)),
                refusal("count of 0 or more", tensor(4, -1, 4, 1)),
                refusal("count of 0 or more", tensor(4, 0, -4, 1)),
                refusal("elements of 4 bytes", tensor(5, 0, 4, 1)),
                refusal("at most 1073741824", tensor(Integer.MAX_VALUE, 0, 4, 1)),
                refusal("too large", edit(TorchCheckpointTest::huge)),
                refusal("finite", edit(w -> float1(w, "a", Float.NaN).op('u', '.'))),
                refusal("to be 0 to 3", sparse(4, 0)),
                refusal("to be 0 to 3", sparse(-1, 0)),
                refusal("appears twice", sparse(1, 1)),
                refusal("to be stored", edit(w -> w.op('u', '.').compressed())));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatIsNotOnTheListIsRefused(String message, UnaryOperator<PickleWriter> edit)
            throws IOException {
        Path file = edit.apply(new PickleWriter().op(0x80, 2)).write(folder.resolve("bad.pt"));
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(file));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    @Test
    void whatIsNoArchiveIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.pt"), "no zip");
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(text));
        assertTrue(e.getMessage().contains("zip archive"), e.getMessage());
        assertThrows(IOException.class, () -> TorchCheckpoint.read(folder.resolve("none")));
    }

    @Test
    void damagedBytesAreReadOrRefusedAndNothingElse() throws IOException {
        Path file =
                start().text("s")
                        .sparse(new long[] {2, 0}, new long[] {0, 1}, new float[] {7, 5}, 4, 3)
                        .op('u', '.')
                        .write(folder.resolve("s.pt"));
        byte[] bytes = Files.readAllBytes(file);
        Random random = new Random(Seeds.of(11));
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = bytes.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            if (i % 3 == 0) {
                damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
            }
            Files.write(file, damaged);
            try {
                TorchCheckpoint.read(file);
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > 1000, "refused " + refused);
    }

    @Test
    void anyPickleIsReadOrRefused() throws IOException {
        byte[] pickle =
                start().text("s")
                        .sparse(new long[] {2, 0}, new long[] {0, 1}, new float[] {7, 5}, 4, 3)
                        .op('u', '.')
                        .content();
        Random random = new Random(Seeds.of(12));
        int refused = 0;
        for (int i = 0; i < 20000; i++) {
            byte[] damaged = pickle.clone();
            for (int k = 0; k <= random.nextInt(3); k++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                TorchCheckpoint.of(
                        damaged,
                        Optional.empty(),
                        new StorageReader(key -> new byte[32], ByteOrder.LITTLE_ENDIAN));
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > 10000, "refused " + refused);
    }

    private static PickleWriter start() {
        return new PickleWriter().op(0x80, 2, '}', 'q', 0, '(');
    }

    private static UnaryOperator<PickleWriter> edit(UnaryOperator<PickleWriter> more) {
        return writer -> more.apply(writer.op('}', '('));
    }

    private static UnaryOperator<PickleWriter> edit(
            UnaryOperator<PickleWriter> more, String first) {
        return writer -> more.apply(float1(writer.op('}'), first).op('s'));
    }

    private static PickleWriter float1(PickleWriter writer, String name, float... value) {
        float[] values = value.length == 0 ? new float[1] : value;
        return writer.text(name)
                .tensor(
                        "FloatStorage",
                        "0",
                        1,
                        PickleWriter.floats(values),
                        0,
                        new int[] {1},
                        new int[] {1});
    }

    /**
     * Nests 40 tuples that each hold the next one twice, so toString would take 2^40 characters.
     */
    private static PickleWriter doubled(PickleWriter writer) {
        writer.text("x");
        for (int level = 0; level < 40; level++) {
            writer.op('q', 1, 'h', 1, 0x86);
        }
        return writer;
    }

    /** Makes the value on the stack the first part of a storage's persistent id. */
    private static PickleWriter identity(PickleWriter writer) {
        return writer.text("b").text("c").text("d").integer(1).op('t', 'Q');
    }

    /** A tensor with an offset of 2^63 - 1, to which any stride adds an overflow. */
    private static PickleWriter farOffset(PickleWriter writer) {
        writer.text("a").global("torch._utils", "_rebuild_tensor_v2");
        writer.op('(', '(').text("storage").global("torch", "FloatStorage").text("0").text("cpu");
        writer.integer(4).op('t', 'Q', 0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 127);
        writer.tuple(2).tuple(1).op(0x89).global("collections", "OrderedDict");
        return writer.op(')', 'R', 't', 'R');
    }

    /** Asks for a tensor of a subclass that is rebuilt like a tensor of a subclass. */
    private static PickleWriter nested(PickleWriter writer) {
        return writer.text("a")
                .global("torch._tensor", "_rebuild_from_type_v2")
                .op('(')
                .global("torch._tensor", "_rebuild_from_type_v2")
                .op('N', ')', 'N', 't', 'R');
    }

    /** A tensor whose elements are the negative of those in its storage. */
    private static PickleWriter negated(PickleWriter writer) {
        writer.text("a").global("torch._utils", "_rebuild_tensor_v2").op('(', '(');
        writer.text("storage").global("torch", "FloatStorage").text("0").text("cpu").integer(1);
        writer.op('t', 'Q').integer(0).tuple(1).tuple(1).op(0x89, 'N', '}').text("neg");
        return writer.op(0x88, 's', 't', 'R', 'u', '.').storage("0", new byte[4]);
    }

    /** A storage with a number of elements that begins with some bytes. */
    private static PickleWriter count(PickleWriter writer, int... number) {
        writer.text("a").op('(').text("storage").global("torch", "FloatStorage").text("0");
        return writer.text("cpu").op(number);
    }

    private static UnaryOperator<PickleWriter> tensor(
            int count, int offset, int extent, int stride) {
        return edit(
                w ->
                        w.text("a")
                                .tensor(
                                        "FloatStorage",
                                        "0",
                                        count,
                                        new byte[16],
                                        offset,
                                        new int[] {extent},
                                        new int[] {stride})
                                .op('u', '.'));
    }

    private static UnaryOperator<PickleWriter> sparse(long first, long second) {
        return edit(
                w ->
                        w.text("a")
                                .sparse(new long[] {first, second}, new long[2], new float[2], 4, 3)
                                .op('u', '.'));
    }

    private static PickleWriter huge(PickleWriter writer) {
        int most = Integer.MAX_VALUE;
        return writer.text("a")
                .tensor(
                        "FloatStorage",
                        "0",
                        4,
                        new byte[16],
                        0,
                        new int[] {most, most, most},
                        new int[] {0, 0, 0})
                .op('u', '.');
    }
}
