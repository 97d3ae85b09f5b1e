package io.github.freqreg.interop;

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
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.interop.torch.PickleWriter;
import io.github.freqreg.interop.torch.TorchCheckpoint;
import io.github.freqreg.interop.torch.TorchSave;
import io.github.freqreg.interop.torch.TorchSave.Tensor;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with one, two or no names of a tied weight, and networks that tie it. */
@UsesEngine
class TiedWeightsTest {

    private static final Shape INPUT = new Shape(3, 6);

    private static final Map<String, String> NAMES =
            Map.of(
                    "01TiedLayer_weight", "encoder.weight",
                    "01TiedLayer_bias", "encoder.bias",
                    "03TiedLayer_weight", "decoder.weight",
                    "03TiedLayer_bias", "decoder.bias",
                    "01Linear_weight", "encoder.weight",
                    "01Linear_bias", "encoder.bias",
                    "03Linear_weight", "decoder.weight",
                    "03Linear_bias", "decoder.bias");

    private static final List<String> STATE =
            List.of("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias");

    @TempDir private Path folder;

    private final NDManager manager;

    TiedWeightsTest(NDManager manager) {
        this.manager = manager;
    }

    /** How a network ties its weight. */
    enum Tie {
        ONE_PARAMETER(manager -> TiedLayer.pairWithBiases()),
        ONE_ARRAY(TiedLayer::pairOfOneArray);

        private final Function<NDManager, Block> network;

        Tie(Function<NDManager, Block> network) {
            this.network = network;
        }
    }

    /** How a file of arrays stores the tied weight. */
    enum Stored {
        TWICE(STATE),
        FIRST(List.of("encoder.weight", "encoder.bias", "decoder.bias")),
        SECOND(List.of("encoder.bias", "decoder.weight", "decoder.bias"));

        private final List<String> names;

        Stored(List<String> names) {
            this.names = names;
        }
    }

    /** The values of the arrays: those of weights are equal. */
    private static float[] values(String name) {
        float[] values = new float[name.endsWith("weight") ? 36 : 6];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.cos(i + (name.endsWith("weight") ? 1 : name.length()));
        }
        return values;
    }

    private NDArray array(String name) {
        NDArray array = manager.create(values(name));
        if (name.endsWith("weight")) {
            array = array.reshape(6, 6);
        }
        array.setName(name);
        return array;
    }

    private NDList arrays(List<String> names) {
        return new NDList(names.stream().map(this::array).toList());
    }

    private Block load(Tie tie, NDList arrays, UnaryOperator<String> names)
            throws MalformedModelException {
        Block block = tie.network.apply(manager);
        DenseWeights.load(block, manager, arrays, names, INPUT);
        return block;
    }

    private static void assertValues(Block block) {
        List<NDArray> weights = new ArrayList<>();
        block.getParameters()
                .forEach(
                        each -> {
                            String name = NAMES.get(each.getKey());
                            NDArray array = each.getValue().getArray();
                            assertArrayEquals(values(name), array.toFloatArray(), 1e-5f, name);
                            if (name.endsWith("weight")) {
                                weights.add(array);
                            }
                        });
        assertEquals(2, weights.size());
    }

    private static void assertTied(Block block) {
        assertValues(block);
        assertSame(
                block.getParameters().get("01TiedLayer_weight").getArray(),
                block.getParameters().get("03TiedLayer_weight").getArray());
    }

    static final List<Object[]> TIES_AND_FILES =
            Stream.of(Tie.values())
                    .flatMap(tie -> Stream.of(Stored.values()).map(stored -> pair(tie, stored)))
                    .toList();

    private static Object[] pair(Object first, Object second) {
        return new Object[] {first, second};
    }

    @ParameterizedTest
    @FieldSource("TIES_AND_FILES")
    void anyNameOfATiedWeightIsEnough(Tie tie, Stored stored) throws Exception {
        for (String suffix : List.of(".safetensors", ".npz")) {
            Path file = folder.resolve("w" + suffix);
            ArrayFile.write(arrays(stored.names), file);
            NDList read = ArrayFile.read(manager, file);
            assertTied(load(tie, read, NAMES::get));
            NameTable table =
                    DenseWeights.match(tie.network.apply(manager), read, NAMES::get, INPUT);
            Block block = tie.network.apply(manager);
            DenseWeights.load(block, manager, read, table, INPUT);
            assertTied(block);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tiedNamesOfACheckpointAreLoadedIntoOneTensor(Tie tie) throws Exception {
        Path file = folder.resolve("tied.pt");
        Tensor weight =
                Tensor.floats("0", values("encoder.weight"))
                        .view(0, new int[] {6, 6}, new int[] {6, 1});
        TorchSave.save(
                dictionary(
                        "encoder.weight",
                        weight,
                        "encoder.bias",
                        Tensor.floats("1", values("encoder.bias")),
                        "decoder.weight",
                        weight,
                        "decoder.bias",
                        Tensor.floats("2", values("decoder.bias"))),
                file);
        assertEquals(1, TorchCheckpoint.read(file).getTies().size());
        assertTied(load(tie, ArrayFile.read(manager, file), NAMES::get));
    }

    /** As {@code safetensors.torch.save_model} writes it. */
    private NDList savedModel() throws Exception {
        StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\",");
        header.append("\"decoder.weight\":\"encoder.weight\"}");
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (String name : Stored.FIRST.names) {
            int from = data.size();
            data.write(PickleWriter.floats(values(name)));
            String shape = name.endsWith("weight") ? "6,6" : "6";
            header.append(',').append(ArrayBytes.entry(name, shape, from, data.size()));
        }
        Path file = folder.resolve("model.safetensors");
        Files.write(file, ArrayBytes.safetensors(header + "}", data.toByteArray()));
        return ArrayFile.read(manager, file);
    }

    @Test
    void metadataOfSafetensorsFillsBothTensorsOfANetworkThatDoesNotTieThem() throws Exception {
        NDList arrays = savedModel();
        Block untied =
                new SequentialBlock()
                        .add(TestModels.linear(6))
                        .add(Activation.tanhBlock())
                        .add(TestModels.linear(6));
        DenseWeights.load(untied, manager, arrays, NAMES::get, INPUT);
        assertValues(untied);
        assertEquals(4, FrequencyBlocks.parameters(untied).size());
        NDArray tied = arrays.get("decoder.weight");
        arrays.get("encoder.weight").muli(2);
        assertEquals(2 * values("encoder.weight")[7], tied.getFloat(1, 1), "one memory");
    }

    /** An index lists all names that its shards may have. */
    @Test
    void metadataOfAShardIsNotRead() throws Exception {
        savedModel();
        StringBuilder index = new StringBuilder("{\"metadata\":{},\"weight_map\":{");
        for (String name : Stored.FIRST.names) {
            index.append(name.equals("encoder.weight") ? "" : ",");
            index.append('"').append(name).append("\":\"model.safetensors\"");
        }
        Path file = folder.resolve("model.safetensors.index.json");
        Files.writeString(file, index.append("}}").toString());
        NDList read = ArrayFile.read(manager, file);
        assertEquals(Stored.FIRST.names, read.stream().map(NDArray::getName).toList());
    }

    @Test
    void metadataThatNamesNoOtherArrayIsNoTie() throws Exception {
        Path file = folder.resolve("plain.safetensors");
        String header =
                "{\"__metadata__\":{\"format\":\"pt\",\"a\":\"a\",\"b\":\"c\"},"
                        + ArrayBytes.entry("a", "1", 0, 4)
                        + "}";
        Files.write(file, ArrayBytes.safetensors(header, PickleWriter.floats(1)));
        assertEquals(1, ArrayFile.read(manager, file).size());
    }

    @ParameterizedTest
    @EnumSource
    void metadataOfSafetensorsNamesATiedWeight(Tie tie) throws Exception {
        assertTied(load(tie, savedModel(), NAMES::get));
    }

    /** The operator knows the first names alone, or none. */
    @ParameterizedTest
    @EnumSource
    void secondNameIsRecognisedByItsValues(Tie tie) throws Exception {
        UnaryOperator<String> first =
                name -> name.equals("03TiedLayer_weight") ? name : NAMES.get(name);
        assertTied(load(tie, arrays(STATE), first));
        assertTied(load(tie, arrays(STATE), UnaryOperator.identity()));
        assertTied(load(tie, arrays(Stored.FIRST.names), UnaryOperator.identity()));
    }

    private void assertRefused(String message, NDList arrays, UnaryOperator<String> names) {
        for (Tie tie : Tie.values()) {
            MalformedModelException e =
                    assertThrows(MalformedModelException.class, () -> load(tie, arrays, names));
            assertEquals("expected the 3 arrays of the network but " + message, e.getMessage());
        }
    }

    @Test
    void differentValuesOfATiedWeightAreRefused() throws Exception {
        NDList different = arrays(STATE);
        different.get("decoder.weight").muli(2);
        String differ =
                "encoder.weight and decoder.weight differ, and the network has one tensor for both,"
                        + " 01TiedLayer_weight";
        assertRefused(differ, different, NAMES::get);
        assertRefused(differ, different, UnaryOperator.identity());
        assertRefused(
                "decoder.weight is unknown, and its values are not those of the tied"
                        + " encoder.weight",
                different,
                name -> name.equals("03TiedLayer_weight") ? name : NAMES.get(name));
        NameTable table =
                DenseWeights.match(TiedLayer.pairOfOneArray(manager), different, NAMES::get, INPUT);
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () ->
                                DenseWeights.load(
                                        TiedLayer.pairOfOneArray(manager),
                                        manager,
                                        different,
                                        table,
                                        INPUT));
        assertTrue(e.getMessage().contains(differ), e.getMessage());
    }

    @Test
    void equalArrayIsNoFurtherNameOfATensorThatHasOne() throws Exception {
        NDList more = arrays(STATE);
        NDArray bias = array("encoder.bias").duplicate();
        bias.setName("head.bias");
        more.add(bias);
        assertRefused("head.bias is unknown", more, NAMES::get);
        NDList none = arrays(List.of("encoder.bias", "decoder.bias"));
        assertRefused("encoder.weight is missing", none, NAMES::get);
    }

    @ParameterizedTest
    @EnumSource
    void exportedWeightsAreLoadedAgain(Tie tie) throws Exception {
        Block block = load(tie, arrays(STATE), NAMES::get);
        for (boolean wrapped : new boolean[] {false, true}) {
            if (wrapped) {
                block = TestModels.everything().apply(block);
            }
            NDList exported = DenseWeights.of(block, manager, NAMES::get);
            assertEquals(Stored.FIRST.names, exported.stream().map(NDArray::getName).toList());
            Path file = folder.resolve("exported.safetensors");
            ArrayFile.write(exported, file);
            assertTied(load(tie, ArrayFile.read(manager, file), NAMES::get));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 36})
    void exportedCoefficientsHaveATiedWeightOnce(int kept) throws Exception {
        for (Tie tie : Tie.values()) {
            Block block =
                    FrequencyRegularization.builder()
                            .optKept(kept)
                            .optLayerTypes(LayerType.values())
                            .build()
                            .apply(load(tie, arrays(STATE), NAMES::get));
            NDList exported = DenseWeights.coefficientsOf(block, manager, NAMES::get);
            assertEquals(4 + 2, exported.size());
            assertEquals(kept, exported.get("encoder.weight.coefficients").size());
        }
    }
}
