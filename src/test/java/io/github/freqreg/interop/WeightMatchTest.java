package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Arrays are matched to tensors by name or by order. */
@UsesEngine
class WeightMatchTest extends NamedNetwork {

    private void assertLoads(Block expected, NDList arrays, UnaryOperator<String> names)
            throws MalformedModelException {
        Block target = TestModels.normalizedNetwork();
        DenseWeights.load(target, manager, arrays, names, INPUT);
        assertEquals(bytes(expected), bytes(target));
    }

    @Test
    void arraysAreMatchedByNameOrByOrder() throws Exception {
        Block block = FrequencyBlocks.toDense(wrapped());
        NDList torch = renamed(block, NAMES::get);
        assertLoads(block, torch, NAMES::get);
        // By order.
        assertLoads(block, torch, UnaryOperator.identity());
        assertLoads(block, renamed(block, name -> "layers." + name), UnaryOperator.identity());
        // By name, in any order.
        Collections.reverse(torch);
        assertLoads(block, torch, NAMES::get);
        NDList ours = weights(block);
        Collections.reverse(ours);
        assertLoads(block, ours, NAMES::get);
        // With another data type.
        NDList wide = new NDList();
        for (NDArray array : weights(block)) {
            NDArray cast = array.toType(DataType.FLOAT64, true);
            cast.setName(array.getName());
            wide.add(cast);
        }
        assertLoads(block, wide, UnaryOperator.identity());
    }

    private NDArray array(String name, DataType type, long... shape) {
        NDArray array = manager.ones(new Shape(shape), type);
        array.setName(name);
        return array;
    }

    /**
     * Fails unless arrays are rejected for a fresh and an initialised network without changing
     * them.
     */
    private void assertRefused(String message, NDList arrays, UnaryOperator<String> names)
            throws MalformedModelException {
        Block fresh = TestModels.normalizedNetwork();
        Block block = initialized(DataType.FLOAT32);
        Map<String, List<Byte>> before = bytes(block);
        int managed = manager.getManagedArrays().size();
        for (Block target : List.of(block, fresh)) {
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class,
                            () -> DenseWeights.load(target, manager, arrays, names, INPUT));
            assertTrue(e.getMessage().contains(message), e.getMessage());
        }
        assertEquals(before, bytes(block));
        assertEquals(managed, manager.getManagedArrays().size());
        assertFalse(fresh.isInitialized());
        TestModels.initialize(fresh, manager, DataType.FLOAT32, INPUT);
        assertEquals(before, bytes(fresh));
    }

    @Test
    void mismatchesAreListedAndNothingIsChanged() throws Exception {
        Block block = initialized(DataType.FLOAT32);
        NDList arrays = renamed(block, NAMES::get);
        arrays.remove("bn1.bias");
        arrays.remove("conv1.weight");
        arrays.remove("fc1.bias");
        arrays.add(array("conv1.weight", DataType.FLOAT32, 4, 3, 3, 4));
        arrays.add(array("fc1.bias", DataType.INT32, 5));
        arrays.add(array("fc2.bias", DataType.FLOAT32, 5));
        assertRefused(
                "expected the 8 arrays of the network but bn1.bias is missing; fc2.bias is unknown;"
                        + " conv1.weight, for 01Conv2d_weight, is (4, 3, 3, 4) and not (4, 3, 3,"
                        + " 3); fc1.bias, for 05Linear_bias, is int32 and not floating point",
                arrays,
                NAMES::get);

        NDList twice = renamed(block, NAMES::get);
        twice.add(array("fc1.bias", DataType.FLOAT32, 5));
        assertRefused("fc1.bias is there twice", twice, NAMES::get);

        NDList large = renamed(block, NAMES::get);
        large.remove("fc1.bias");
        NDArray values = array("fc1.bias", DataType.FLOAT64, 5).mul(1e39);
        values.setName("fc1.bias");
        large.add(values);
        assertRefused("is too large for float32", large, NAMES::get);

        NDList many = new NDList(array("01Conv2d_bias", DataType.FLOAT32, 4));
        for (int i = 0; i < 40; i++) {
            many.add(array("x" + i, DataType.FLOAT32, 1));
        }
        assertRefused("; x8 is unknown; and 31 more", many, UnaryOperator.identity());
    }

    @Test
    void arraysInAnotherOrderAreRejected() throws Exception {
        Block block = initialized(DataType.FLOAT32);
        NDList arrays = renamed(block, NAMES::get);
        arrays.add(array("fc2.bias", DataType.FLOAT32, 5));
        assertRefused("but found 9, none with a name", arrays, UnaryOperator.identity());
        // Sorted by name, as in safetensors, biases precede weights.
        NDList sorted = renamed(block, NAMES::get);
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        assertRefused(
                "bn1.bias is in the place of 01Conv2d_weight", sorted, UnaryOperator.identity());
        // As many elements in another shape.
        NDList shapes = renamed(block, NAMES::get);
        shapes.set(0, array("c.weight", DataType.FLOAT32, 4, 27));
        assertRefused("is (4, 27) and not (4, 3, 3, 3)", shapes, UnaryOperator.identity());
    }

    /**
     * Layers of equal shapes would match in any order, so the numbers in their names must ascend.
     */
    @Test
    void equalLayersInAnotherOrderAreRejected() throws Exception {
        SequentialBlock alike = new SequentialBlock();
        NDList sorted = new NDList();
        for (int i = 0; i < 11; i++) {
            alike.add(Linear.builder().setUnits(2).optBias(false).build());
            sorted.add(array("layers." + i + ".weight", DataType.FLOAT32, 2, 2).mul(i));
            sorted.get(i).setName("layers." + i + ".weight");
        }
        Shape input = new Shape(1, 2);
        DenseWeights.load(alike, manager, sorted, UnaryOperator.identity(), input);
        assertEquals(
                10f,
                alike.getParameters().get(10).getValue().getArray().stopGradient().getFloat(0, 0));
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> DenseWeights.load(alike, manager, sorted, UnaryOperator.identity()));
        assertTrue(
                e.getMessage().contains("layers.2.weight is behind layers.10.weight"),
                e.getMessage());
    }
}
