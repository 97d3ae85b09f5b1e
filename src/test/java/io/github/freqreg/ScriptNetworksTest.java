package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine loads the archives of {@link TorchArchive} and computes what DJL's operators do. */
@UsesEngine
class ScriptNetworksTest {

    private static final float DELTA = 1e-5f;

    @TempDir Path folder;

    private final NDManager manager;

    ScriptNetworksTest(NDManager manager) {
        this.manager = manager;
    }

    private Model load(ScriptModule module) throws IOException, MalformedModelException {
        TorchArchive.write(folder.resolve("net.pt"), module);
        Model model = Model.newInstance("net");
        model.load(folder, "net", Map.of("trainParam", "true"));
        return model;
    }

    private NDArray answer(Model model, NDArray input) {
        return model.getBlock()
                .forward(new ParameterStore(manager, false), new NDList(input), false)
                .singletonOrThrow();
    }

    private static List<String> names(Block block) {
        return block.getParameters().stream().map(Pair::getKey).toList();
    }

    private static NDArray value(Model model, String name) {
        return model.getBlock().getParameters().get(name).getArray();
    }

    private static NDArray linear(Model model, String name, NDArray input) {
        return Linear.linear(input, value(model, name + ".weight"), value(model, name + ".bias"))
                .singletonOrThrow();
    }

    private static void assertClose(NDArray expected, NDArray found) {
        assertEquals(expected.getShape(), found.getShape());
        assertArrayEquals(expected.toFloatArray(), found.toFloatArray(), DELTA);
        assertNotEquals(0f, found.abs().sum().getFloat());
    }

    @Test
    void convolutionalNetwork() throws IOException, MalformedModelException {
        ScriptModule module = ScriptNetworks.convolutional(1);
        try (Model model = load(module)) {
            assertEquals(
                    List.of(
                            "conv1.weight",
                            "conv1.bias",
                            "bn1.weight",
                            "bn1.bias",
                            "conv2.weight",
                            "conv2.bias",
                            "fc.weight",
                            "fc.bias"),
                    names(model.getBlock()));
            ScriptModule normalization = (ScriptModule) module.attributes().get("bn1");
            NDArray input = manager.randomNormal(new Shape(2, 3, 6, 5));
            NDArray x = convolve(model, "conv1", input, 1);
            x =
                    BatchNorm.batchNorm(
                                    x,
                                    statistic(normalization, "running_mean"),
                                    statistic(normalization, "running_var"),
                                    value(model, "bn1.weight"),
                                    value(model, "bn1.bias"),
                                    1,
                                    0.9f,
                                    1e-5f,
                                    false)
                            .singletonOrThrow();
            x = convolve(model, "conv2", x.getNDArrayInternal().relu(), 2);
            x = x.getNDArrayInternal().relu().reshape(2, 8, 30).mean(new int[] {2});
            assertClose(linear(model, "fc", x), answer(model, input));
        }
    }

    private NDArray statistic(ScriptModule module, String name) {
        return manager.create(((ScriptTensor) module.attributes().get(name)).toFloatArray());
    }

    private static NDArray convolve(Model model, String name, NDArray input, int groups) {
        Shape one = new Shape(1, 1);
        return Conv2d.conv2d(
                        input,
                        value(model, name + ".weight"),
                        value(model, name + ".bias"),
                        one,
                        one,
                        one,
                        groups)
                .singletonOrThrow();
    }

    @Test
    void decoder() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.decoder(2))) {
            NDArray input = manager.randomNormal(new Shape(1, 4, 2, 3));
            float[] x = input.toFloatArray();
            float[] weight = value(model, "up.weight").toFloatArray();
            float[] bias = value(model, "up.bias").toFloatArray();
            float[] expected = new float[3 * 4 * 6];
            for (int i = 0; i < expected.length; i++) {
                int to = i / 24;
                int row = i / 6 % 4;
                int column = i % 6;
                expected[i] = bias[to];
                for (int from = 0; from < 4; from++) {
                    expected[i] +=
                            x[(from * 2 + row / 2) * 3 + column / 2]
                                    * weight[((from * 3 + to) * 2 + row % 2) * 2 + column % 2];
                }
            }
            assertClose(manager.create(expected, new Shape(1, 3, 4, 6)), answer(model, input));
        }
    }

    @Test
    void transformerLayer() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.transformer(3))) {
            NDArray input = manager.randomNormal(new Shape(2, 5, 8));
            NDArray parts =
                    linear(model, "attention.qkv", input)
                            .reshape(2, 5, 3, 2, 4)
                            .transpose(2, 0, 3, 1, 4);
            NDArray scores = parts.get(0).matMul(parts.get(1).swapAxes(-2, -1)).div(2);
            NDArray mixed = scores.softmax(-1).matMul(parts.get(2)).swapAxes(1, 2).reshape(2, 5, 8);
            NDArray x = norm(model, "norm1", input.add(linear(model, "attention.out", mixed)));
            NDArray hidden = linear(model, "linear1", x).getNDArrayInternal().relu();
            NDArray expected = norm(model, "norm2", x.add(linear(model, "linear2", hidden)));
            assertClose(expected, answer(model, input));
        }
    }

    private static NDArray norm(Model model, String name, NDArray input) {
        return LayerNorm.layerNorm(
                        input,
                        new Shape(8),
                        value(model, name + ".weight"),
                        value(model, name + ".bias"),
                        1e-5f)
                .singletonOrThrow();
    }

    @Test
    void tiedWeights() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.tied(4))) {
            assertEquals(
                    List.of("embedding.weight", "head.weight", "head.bias"),
                    names(model.getBlock()));
            NDArray input = manager.create(new long[] {0, 6, 3, 1}, new Shape(2, 2));
            NDArray embedded =
                    Embedding.embedding(input, value(model, "embedding.weight"), SparseFormat.DENSE)
                            .singletonOrThrow();
            assertClose(linear(model, "head", embedded), answer(model, input));

            value(model, "embedding.weight").set(new float[28]);
            assertEquals(0f, value(model, "head.weight").abs().sum().getFloat());
        }
    }

    /** DJL writes the whole archive behind a byte of a version and a length. */
    @Test
    void archiveIsSavedAndLoadedByItsBlock() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.convolutional(1));
                Model other = load(ScriptNetworks.convolutional(5))) {
            NDArray input = manager.randomNormal(new Shape(2, 3, 6, 5), DataType.FLOAT32);
            ByteArrayOutputStream saved = new ByteArrayOutputStream();
            model.getBlock().saveParameters(new DataOutputStream(saved));
            other.getBlock()
                    .loadParameters(
                            manager,
                            new DataInputStream(new ByteArrayInputStream(saved.toByteArray())));
            assertClose(answer(model, input), answer(other, input));
        }
    }
}
