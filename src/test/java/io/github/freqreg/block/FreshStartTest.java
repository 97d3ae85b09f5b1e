package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that forget what they have learned. */
class FreshStartTest {

    @TempDir private Path folder;

    @Test
    void aTorchScriptNetworkIsDrawnWithTheLayersBesideIt() throws Exception {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
        try (Model model = Model.newInstance("net")) {
            model.load(archive, null, Map.of("trainParam", "true"));
            Block body = model.getBlock();
            Block head = TestModels.linear(4);
            Block network = new SequentialBlock().add(body).add(head);
            network.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 3, 6, 6));
            Map<String, float[]> before = new HashMap<>();
            for (Parameter each : body.getParameters().values()) {
                before.put(each.getName(), each.getArray().toFloatArray());
            }
            float[] ofHead = weight(head);
            FreshStart.of(network);
            assertFalse(Arrays.equals(ofHead, weight(head)));
            for (Parameter each : body.getParameters().values()) {
                NDArray array = each.getArray();
                float[] now = array.toFloatArray();
                assertFalse(Arrays.equals(before.get(each.getName()), now), each.getName());
                if (array.getShape().dimension() == 1) {
                    float value = each.getName().equals("bn1.weight") ? 1 : 0;
                    for (float element : now) {
                        assertEquals(value, element, each.getName());
                    }
                }
            }
            NDArray weight = body.getParameters().get("conv1.weight").getArray();
            assertEquals(2.0 / 27, weight.square().mean().getFloat(), 0.02);
            assertArrayEquals(new long[] {8, 3, 3, 3}, weight.getShape().getShape());
        }
    }

    private static float[] weight(Block linear) {
        return linear.getParameters().get("weight").getArray().toFloatArray();
    }

    @Test
    void aNetworkOfDjlIsCleared() {
        try (Model model = TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT)) {
            FreshStart.of(model.getBlock());
            assertFalse(model.getBlock().isInitialized());
        }
    }

    @Test
    void frozenTensorsKeepTheirValues() {
        try (Model model = TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT)) {
            Block frozen = model.getBlock().getChildren().valueAt(0);
            frozen.freezeParameters(true);
            Map<String, float[]> before = values(model.getBlock());
            FreshStart.of(model.getBlock());
            Map<String, float[]> after = values(model.getBlock());
            before.forEach(
                    (name, values) ->
                            assertEquals(
                                    name.startsWith("01"),
                                    Arrays.equals(values, after.get(name)),
                                    name));
        }
    }

    private static Map<String, float[]> values(Block block) {
        Map<String, float[]> values = new HashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            values.put(each.getKey(), each.getValue().getArray().toFloatArray());
        }
        return values;
    }
}
