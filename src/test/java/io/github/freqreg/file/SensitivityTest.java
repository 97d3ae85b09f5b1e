package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.NetworkTensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Sensitivities that are measured with unlabelled inputs. */
@UsesEngine(seed = 19)
class SensitivityTest {

    @Test
    void linearLayerHasTheMeanSquareOfItsInputs(NDManager manager) {
        Shape input = new Shape(1, 12);
        Block block = TestModels.everything().apply(TestModels.linear(5), input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        NDArray x = manager.randomNormal(0, 3, input, DataType.FLOAT32);
        Map<String, Double> found = Sensitivity.of(block, List.of(new NDList(x)));
        // The outputs' derivatives by the weights are the inputs, and the transform is orthonormal.
        double square = x.square().mean().getFloat();
        assertEquals(square, found.get("weight"), 1e-4 * square);
        assertEquals(1, found.get("bias"), 1e-5);
    }

    @Test
    void tensorThatTheOutputDependsOnIsMoreSensitive(NDManager manager) {
        Shape input = new Shape(6, 12);
        Block block =
                TestModels.everything()
                        .apply(
                                new SequentialBlock()
                                        .add(TestModels.linear(20))
                                        .add(TestModels.linear(5)),
                                input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        // Large inputs: what the first layer does to them hardly depends on the second's bias.
        NDArray x = manager.randomNormal(0, 100, input, DataType.FLOAT32);
        Map<String, Double> found = Sensitivity.of(block, List.of(new NDList(x), new NDList(x)));
        assertTrue(
                found.get("01Linear_weight") > 100 * found.get("02Linear_bias"), () -> "" + found);
    }

    /** It does not matter to a training pass, but to inference. */
    @Test
    void biasBeforeNormalisationIsUnknown(NDManager manager) {
        Shape input = new Shape(4, 3, 8, 8);
        Block block = TestModels.everything().apply(TestModels.normalizedNetwork(), input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        NDList inputs = new NDList(manager.randomNormal(2, 3, input, DataType.FLOAT32));
        Map<String, Double> found = Sensitivity.of(block, List.of(inputs));
        found.forEach(
                (name, value) ->
                        assertEquals(name.equals("01Conv2d_bias"), value == 0, found.toString()));
    }

    @Test
    void networkIsUnchanged(NDManager manager) {
        Shape input = new Shape(4, 3, 8, 8);
        Block block = TestModels.policy(40).apply(TestModels.normalizedNetwork(), input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        NDList inputs = new NDList(manager.randomNormal(2, 3, input, DataType.FLOAT32));
        Map<String, float[]> before = elements(block);
        Map<String, Double> found = Sensitivity.of(block, List.of(inputs));
        assertEquals(NetworkTensors.spectral(block).keySet(), found.keySet());
        found.forEach((name, value) -> assertTrue(value > 0, name));
        Map<String, float[]> after = elements(block);
        before.forEach((name, values) -> assertArrayEquals(values, after.get(name), name));
    }

    private static Map<String, float[]> elements(Block block) {
        Map<String, float[]> found = new LinkedHashMap<>();
        NetworkTensors.of(block)
                .forEach(t -> found.put(t.name(), t.parameter().getArray().toFloatArray()));
        return found;
    }

    @Test
    void inputsAreNeeded(NDManager manager) {
        Shape input = new Shape(1, 12);
        Block block = TestModels.everything().apply(TestModels.linear(5), input);
        TestModels.initialize(block, manager, DataType.FLOAT32, input);
        assertThrows(IllegalArgumentException.class, () -> Sensitivity.of(block, List.of()));
    }
}
