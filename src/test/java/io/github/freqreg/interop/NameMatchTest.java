package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * State dictionaries of Hugging Face and torchvision, with their names and small shapes, are loaded
 * into DJL's layers by a proposed table, and every tensor gets its own values.
 */
@UsesEngine
class NameMatchTest {

    private static final int WIDTH = 8;
    private static final int LAYERS = 11;
    private static final Shape TOKENS = new Shape(1, 5, WIDTH);

    @TempDir private Path folder;

    private NDManager manager;
    private final Random random = new Random(Seeds.of(20));

    /** The names in the file and their shapes, in the order of the state dictionary. */
    private final Map<String, Shape> state = new LinkedHashMap<>();

    @BeforeEach
    void open(NDManager manager) {
        this.manager = manager;
    }

    private static Linear linear(int units) {
        return Linear.builder().setUnits(units).build();
    }

    private static LayerNorm norm() {
        return LayerNorm.builder().axis(2).build();
    }

    private void layer(String name, long... weight) {
        state.put(name + ".weight", new Shape(weight));
        state.put(name + ".bias", new Shape(weight[0]));
    }

    private NDArray array(String name, Shape shape) {
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        NDArray array = manager.create(values, shape);
        array.setName(name);
        return array;
    }

    private NDList arrays() {
        NDList arrays = new NDList();
        state.forEach((name, shape) -> arrays.add(array(name, shape)));
        return arrays;
    }

    private static NamedParts attention() {
        return new NamedParts()
                .with(
                        "attend",
                        ScaledDotProductAttentionBlock.builder()
                                .setEmbeddingSize(WIDTH)
                                .setHeadCount(2)
                                .build(),
                        TOKENS);
    }

    private static SequentialBlock perceptron() {
        return new SequentialBlock()
                .add(linear(4 * WIDTH))
                .add(Activation.geluBlock())
                .add(linear(WIDTH));
    }

    /** BERT with its layers in the order of computation. */
    private Block bert() {
        NamedParts net =
                new NamedParts()
                        .with("words", embedding(17), new Shape(1, 5))
                        .with("places", embedding(13), new Shape(1, 5))
                        .with("types", embedding(2), new Shape(1, 5))
                        .with("norm", norm(), TOKENS);
        for (int i = 0; i < LAYERS; i++) {
            net.with(
                    "layer" + i,
                    new NamedParts()
                            .with("attention", attention(), TOKENS)
                            .with("attentionNorm", norm(), TOKENS)
                            .with("perceptron", perceptron(), TOKENS)
                            .with("outNorm", norm(), TOKENS),
                    TOKENS);
        }
        return net.with("pooler", linear(WIDTH), TOKENS);
    }

    private static Block embedding(int rows) {
        return new IdEmbedding.Builder().setDictionarySize(rows).setEmbeddingSize(WIDTH).build();
    }

    private void bertState(String prefix) {
        String embeddings = prefix + "embeddings.";
        state.put(embeddings + "word_embeddings.weight", new Shape(17, WIDTH));
        state.put(embeddings + "position_embeddings.weight", new Shape(13, WIDTH));
        state.put(embeddings + "token_type_embeddings.weight", new Shape(2, WIDTH));
        layer(embeddings + "LayerNorm", WIDTH);
        for (int i = 0; i < LAYERS; i++) {
            String at = prefix + "encoder.layer." + i + ".";
            for (String each : List.of("self.query", "self.key", "self.value", "output.dense")) {
                layer(at + "attention." + each, WIDTH, WIDTH);
            }
            layer(at + "attention.output.LayerNorm", WIDTH);
            layer(at + "intermediate.dense", 4 * WIDTH, WIDTH);
            layer(at + "output.dense", WIDTH, 4 * WIDTH);
            layer(at + "output.LayerNorm", WIDTH);
        }
        layer(prefix + "pooler.dense", WIDTH, WIDTH);
    }

    /** Returns the name in BERT's state dictionary of a parameter of {@link #bert}. */
    private static String bertName(String ours) {
        String name = ours.replaceAll("(^|_)\\d+", "$1");
        String end =
                name.endsWith("gamma") || name.endsWith("weight")
                        ? ".weight"
                        : name.endsWith("embedding") ? ".weight" : ".bias";
        if (!name.startsWith("layer")) {
            return switch (name.substring(0, name.indexOf('_'))) {
                        case "words" -> "embeddings.word_embeddings";
                        case "places" -> "embeddings.position_embeddings";
                        case "types" -> "embeddings.token_type_embeddings";
                        case "norm" -> "embeddings.LayerNorm";
                        default -> "pooler.dense";
                    }
                    + end;
        }
        String at = "encoder.layer." + name.substring(5, name.indexOf('_')) + ".";
        String part =
                name.contains("queryProjection")
                        ? "attention.self.query"
                        : name.contains("keyProjection")
                                ? "attention.self.key"
                                : name.contains("valueProjection")
                                        ? "attention.self.value"
                                        : name.contains("resultProjection")
                                                ? "attention.output.dense"
                                                : name.contains("attentionNorm")
                                                        ? "attention.output.LayerNorm"
                                                        : name.contains("outNorm")
                                                                ? "output.LayerNorm"
                                                                : ours.contains("01Linear")
                                                                        ? "intermediate.dense"
                                                                        : "output.dense";
        return at + part + end;
    }

    private static NDList sorted(NDList arrays) {
        NDList sorted = new NDList(arrays);
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        return sorted;
    }

    private void assertLoads(Block target, NDList arrays, UnaryOperator<String> expected)
            throws Exception {
        NameTable table = match(target, arrays);
        assertFalse(target.isInitialized());
        assertEquals(List.of(), table.openParameters(), table::toString);
        assertEquals(List.of(), table.unusedArrays(), table::toString);
        Path file = folder.resolve("names.txt");
        table.write(file);
        try (Model model = Model.newInstance("fresh")) {
            model.setBlock(target);
            DenseWeights.load(model, arrays, NameTable.read(file), TOKENS);
            for (var entry : model.getBlock().getParameters()) {
                NDArray theirs = arrays.get(expected.apply(entry.getKey()));
                Parameter ours = entry.getValue();
                assertArrayEquals(
                        theirs.toFloatArray(),
                        ours.getArray().stopGradient().toFloatArray(),
                        entry.getKey());
            }
        }
    }

    private static NameTable match(Block block, NDList arrays) {
        return DenseWeights.match(block, arrays, UnaryOperator.identity(), TOKENS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "bert."})
    void bertIsLoadedInTheOrderOfItsStateDictionaryAndSorted(String prefix) throws Exception {
        bertState(prefix);
        NDList arrays = arrays();
        assertLoads(bert(), arrays, name -> prefix + bertName(name));
        assertLoads(bert(), sorted(arrays), name -> prefix + bertName(name));
        // The names of TensorFlow's checkpoints, which older versions kept.
        for (NDArray array : arrays) {
            if (array.getName().contains("LayerNorm")) {
                array.setName(array.getName().replace("weight", "gamma").replace("bias", "beta"));
            }
        }
        UnaryOperator<String> old =
                name ->
                        bertName(name).contains("LayerNorm")
                                ? bertName(name).replace("weight", "gamma").replace("bias", "beta")
                                : bertName(name);
        assertLoads(bert(), sorted(arrays), name -> prefix + old.apply(name));
    }

    private Block vit() {
        NamedParts net =
                new NamedParts()
                        .with("token", new Shape(1, 1, WIDTH))
                        .with("positions", new Shape(1, 5, WIDTH))
                        .with(
                                "patches",
                                Conv2d.builder()
                                        .setFilters(WIDTH)
                                        .setKernelShape(new Shape(2, 2))
                                        .build(),
                                new Shape(1, 3, 4, 4));
        for (int i = 0; i < LAYERS; i++) {
            net.with(
                    "block" + i,
                    new NamedParts()
                            .with("before", norm(), TOKENS)
                            .with("attention", attention(), TOKENS)
                            .with("after", norm(), TOKENS)
                            .with("perceptron", perceptron(), TOKENS),
                    TOKENS);
        }
        return net.with("norm", norm(), TOKENS).with("head", linear(3), TOKENS);
    }

    private void vitState() {
        state.put("vit.embeddings.cls_token", new Shape(1, 1, WIDTH));
        state.put("vit.embeddings.position_embeddings", new Shape(1, 5, WIDTH));
        layer("vit.embeddings.patch_embeddings.projection", WIDTH, 3, 2, 2);
        for (int i = 0; i < LAYERS; i++) {
            String at = "vit.encoder.layer." + i + ".";
            layer(at + "attention.attention.query", WIDTH, WIDTH);
            layer(at + "attention.attention.key", WIDTH, WIDTH);
            layer(at + "attention.attention.value", WIDTH, WIDTH);
            layer(at + "attention.output.dense", WIDTH, WIDTH);
            layer(at + "intermediate.dense", 4 * WIDTH, WIDTH);
            layer(at + "output.dense", WIDTH, 4 * WIDTH);
            layer(at + "layernorm_before", WIDTH);
            layer(at + "layernorm_after", WIDTH);
        }
        layer("vit.layernorm", WIDTH);
        layer("classifier", 3, WIDTH);
    }

    private static String vitName(String ours) {
        String name = ours.replaceAll("(^|_)\\d+", "$1");
        String end = name.matches(".*(gamma|weight)") ? ".weight" : ".bias";
        if (name.startsWith("block")) {
            String at = "vit.encoder.layer." + name.substring(5, name.indexOf('_')) + ".";
            for (String each : List.of("query", "key", "value")) {
                if (name.contains(each + "Projection")) {
                    return at + "attention.attention." + each + end;
                }
            }
            for (String each : List.of("before", "after")) {
                if (name.contains("_" + each)) {
                    return at + "layernorm_" + each + end;
                }
            }
            return at
                    + (name.contains("resultProjection")
                            ? "attention.output.dense"
                            : ours.contains("01Linear") ? "intermediate.dense" : "output.dense")
                    + end;
        }
        return switch (name.replaceAll("_.*", "")) {
            case "token" -> "vit.embeddings.cls_token";
            case "positions" -> "vit.embeddings.position_embeddings";
            case "patches" -> "vit.embeddings.patch_embeddings.projection" + end;
            case "norm" -> "vit.layernorm" + end;
            default -> "classifier" + end;
        };
    }

    @Test
    void visionTransformerIsLoadedInTheOrderOfItsStateDictionaryAndSorted() throws Exception {
        vitState();
        NDList arrays = arrays();
        assertLoads(vit(), arrays, NameMatchTest::vitName);
        assertLoads(vit(), sorted(arrays), NameMatchTest::vitName);
    }

    private static SequentialBlock normalised(int channels) {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(channels).setKernelShape(new Shape(3, 3)).build())
                .add(BatchNorm.builder().build());
    }

    private Block twoNormalised() {
        return new NamedParts()
                .with("first", normalised(WIDTH), new Shape(1, 3, 9, 9))
                .with("second", normalised(WIDTH), new Shape(1, WIDTH, 9, 9));
    }

    private void normalisedState(String conv, String norm, long inputs) {
        layer(conv, WIDTH, inputs, 3, 3);
        layer(norm, WIDTH);
        state.put(norm + ".running_mean", new Shape(WIDTH));
        state.put(norm + ".running_var", new Shape(WIDTH));
        state.put(norm + ".num_batches_tracked", new Shape());
    }

    /** Biases, shifts and statistics all have the shape (8). */
    @Test
    void rolesAreKeptWhereAllShapesAreAlike() throws Exception {
        normalisedState("conv1", "bn1", 3);
        normalisedState("conv2", "bn2", WIDTH);
        UnaryOperator<String> expected =
                ours -> {
                    int number = ours.contains("second") ? 2 : 1;
                    String layer = (ours.contains("Conv2d") ? "conv" : "bn") + number + ".";
                    return layer
                            + switch (ours.substring(ours.lastIndexOf('_') + 1)) {
                                case "weight", "gamma" -> "weight";
                                case "bias", "beta" -> "bias";
                                case "runningMean" -> "running_mean";
                                default -> "running_var";
                            };
                };
        assertLoads(twoNormalised(), arrays(), expected);
        // Sorted, all of bn1 precedes conv1.
        assertLoads(twoNormalised(), sorted(arrays()), expected);
        // Without one mean, no bias takes its place.
        NDList arrays = arrays();
        arrays.remove("bn1.running_mean");
        NameTable table = match(twoNormalised(), arrays);
        for (String open : table.openParameters()) {
            assertTrue(open.endsWith("_runningMean"), table::toString);
        }
        assertEquals(2, table.openParameters().size(), table::toString);
        assertEquals(List.of("bn2.running_mean"), table.unusedArrays());
    }

    private static Block linears(int count) {
        NamedParts net = new NamedParts();
        for (int i = 0; i < count; i++) {
            net.with("part" + (char) ('a' + i), linear(WIDTH), TOKENS);
        }
        return net;
    }

    private void linearState(String... names) {
        state.clear();
        for (String name : names) {
            layer(name, WIDTH, WIDTH);
        }
    }

    @Test
    void ambiguousLayersAreLeftOver() {
        // Sorted by words that tell no order.
        linearState("apple", "pear");
        assertEquals(4, match(linears(2), sorted(arrays())).openParameters().size());
        linearState("mlp.1", "mlp.x");
        assertEquals(4, match(linears(2), sorted(arrays())).openParameters().size());
        linearState("mlp.10", "mlp.9");
        NameTable sorted = match(linears(2), sorted(arrays()));
        assertEquals("mlp.9.bias", sorted.arrayOf("01parta_bias").orElseThrow());
        // In the order of a state dictionary.
        linearState("pear", "apple");
        assertEquals(List.of(), match(linears(2), arrays()).openParameters());
        // Neither sorted, nor in the order of the numbers.
        linearState("part.2", "part.10", "part.1");
        NameTable shuffled = match(linears(3), arrays());
        assertEquals(6, shuffled.openParameters().size());
        assertEquals(6, shuffled.unusedArrays().size());
        // Another number of them.
        linearState("part.1", "part.2", "part.3");
        assertEquals(4, match(linears(2), arrays()).openParameters().size());
        assertEquals(8, match(linears(4), arrays()).openParameters().size());
        assertEquals(List.of(), match(linears(3), arrays()).openParameters());
    }

    @Test
    void namesComeBeforeShapes() throws Exception {
        linearState("x", "partb", "parta");
        NDList arrays = arrays();
        NDList renamed = new NDList(arrays);
        Collections.reverse(renamed);
        Block net = linears(3);
        String second = "02partb_weight";
        renamed.get(5).setName(second);
        NameTable table =
                DenseWeights.match(
                        net,
                        renamed,
                        name -> name.contains("parta") ? name.replaceAll("01(.*)_", "$1.") : name,
                        TOKENS);
        assertEquals("parta.weight", table.arrayOf("01parta_weight").orElseThrow());
        assertEquals("parta.bias", table.arrayOf("01parta_bias").orElseThrow());
        assertEquals(second, table.arrayOf(second).orElseThrow());
        assertTrue(table.toString().contains("# By name.\n"), table::toString);
    }

    @Test
    void theLeftOverIsListedAndTheTableIsCorrected() throws Exception {
        linearState("apple", "pear");
        state.put("head.weight", new Shape(3, WIDTH));
        state.put("odd\nname", new Shape(1));
        NDList arrays = arrays();
        NDArray ids = manager.create(new long[] {1, 2});
        ids.setName("position_ids");
        arrays.add(ids);
        arrays = sorted(arrays);
        NameTable table = match(linears(2), arrays);
        String expected =
                """
                # name in the file = name in the network

                # Left over in the file:
                # apple.bias (8)
                # apple.weight (8, 8)
                # head.weight (3, 8)
                # odd?name (1)
                # pear.bias (8)
                # pear.weight (8, 8)
                # position_ids (2) of int64

                # Left over in the network:
                # 01parta_weight (8, 8)
                # 01parta_bias (8)
                # 02partb_weight (8, 8)
                # 02partb_bias (8)
                """;
        assertEquals(expected, table.toString());
        Path file = folder.resolve("table");
        table.write(file);
        NDList given = arrays;
        Block target = linears(2);
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () ->
                                DenseWeights.load(
                                        target, manager, given, NameTable.read(file), TOKENS));
        assertTrue(
                e.getMessage()
                        .startsWith(
                                "expected the 4 arrays of the network but the table of names has"
                                        + " no line for 01parta_weight (8, 8); "),
                e.getMessage());
        assertFalse(target.isInitialized());
        String lines =
                """
                pear.weight = 01parta_weight
                pear.bias = 01parta_bias
                  apple.weight =  02partb_weight \r
                apple.bias = 02partb_bias
                """;
        Files.writeString(file, table + lines);
        DenseWeights.load(target, manager, given, NameTable.read(file), TOKENS);
        NDArray first = target.getParameters().get(0).getValue().getArray().stopGradient();
        assertArrayEquals(given.get("pear.weight").toFloatArray(), first.toFloatArray());
        NDArray last = target.getParameters().get(3).getValue().getArray().stopGradient();
        assertArrayEquals(given.get("apple.bias").toFloatArray(), last.toFloatArray());
    }

    @Test
    void aWrongTableChangesNothing() throws Exception {
        linearState("pear", "apple");
        NDList arrays = arrays();
        NDArray counts = array("counts", new Shape(WIDTH)).toType(DataType.INT32, true);
        counts.setName("counts");
        arrays.add(counts);
        String right = match(linears(2), arrays).toString();
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put(right + "pear.bias = 03partc_bias\n", "the network has no 03partc_bias");
        wrong.put(
                right.replace("pear.bias", "plum.bias"), "plum.bias, for 01parta_bias, is missing");
        wrong.put(right.replace("pear.bias", "pear.weight"), "is (8, 8) and not (8)");
        wrong.put(right.replace("pear.bias", "counts"), "is int32 and not floating point");
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            Block target = linears(2);
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class,
                            () ->
                                    DenseWeights.load(
                                            target,
                                            manager,
                                            arrays,
                                            NameTable.parse(each.getKey()),
                                            TOKENS));
            assertTrue(e.getMessage().contains(each.getValue()), e.getMessage());
            assertFalse(target.isInitialized());
        }
        // One array may be given to two parameters.
        Block tied = linears(2);
        DenseWeights.load(
                tied,
                manager,
                arrays,
                NameTable.parse(right.replace("apple.bias", "pear.bias")),
                TOKENS);
        List<float[]> biases = new ArrayList<>();
        for (int i : List.of(1, 3)) {
            biases.add(
                    tied.getParameters()
                            .get(i)
                            .getValue()
                            .getArray()
                            .stopGradient()
                            .toFloatArray());
        }
        assertArrayEquals(biases.get(0), biases.get(1));
    }

    @Test
    void anInitialisedNetworkIsUnchangedByMatching() throws Exception {
        linearState("pear", "apple");
        Block net = linears(2);
        net.initialize(manager, DataType.FLOAT32, TOKENS);
        float[] before =
                net.getParameters().get(0).getValue().getArray().stopGradient().toFloatArray();
        int managed = manager.getManagedArrays().size();
        NDList arrays = new NDList();
        NameTable table = DenseWeights.match(net, arrays, UnaryOperator.identity());
        assertEquals(4, table.openParameters().size());
        assertEquals(managed, manager.getManagedArrays().size() - 1, 1);
        assertArrayEquals(
                before,
                net.getParameters().get(0).getValue().getArray().stopGradient().toFloatArray());
        assertTrue(net.getParameters().get(0).getValue().getArray().hasGradient());
    }
}
