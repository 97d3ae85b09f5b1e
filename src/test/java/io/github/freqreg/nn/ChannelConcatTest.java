package io.github.freqreg.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.freqreg.UsesEngine;
import java.util.List;
import org.junit.jupiter.api.Test;

@UsesEngine
class ChannelConcatTest {

    private final NDManager manager;

    ChannelConcatTest(NDManager manager) {
        this.manager = manager;
    }

    @Test
    void concatenatesAlongChannels() {
        NDArray first = manager.arange(12f).reshape(1, 2, 2, 3);
        NDArray second = manager.arange(6f).reshape(1, 1, 2, 3);
        NDList joined = ChannelConcat.concat(List.of(new NDList(first), new NDList(second)));
        assertEquals(new Shape(1, 3, 2, 3), ((LazyMaps) joined).getShape());
        assertEquals(NDArrays.concat(new NDList(first, second), 1), joined.singletonOrThrow());
        joined.close();
        assertEquals(12, first.toFloatArray().length);
    }

    @Test
    void onePartKeepsItsGradient() {
        NDArray only = manager.arange(12f).reshape(1, 2, 2, 3);
        only.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDList joined = ChannelConcat.concat(List.of(new NDList(only.mul(3))));
            collector.backward(joined.head().sum());
        }
        assertEquals(36, only.getGradient().sum().getFloat());
    }

    @Test
    void smallerPartsGetZerosOnBothSides() {
        NDArray first = manager.zeros(new Shape(1, 1, 1, 5));
        NDArray second = manager.ones(new Shape(1, 1, 1, 2));
        NDList joined = ChannelConcat.concat(List.of(new NDList(first), new NDList(second)));
        assertArrayEquals(new float[] {0, 1, 1, 0, 0}, joined.head().get("0, 1, 0").toFloatArray());
    }

    @Test
    void projectionIsThatOfTheConcatenation() {
        NDArray first = manager.randomNormal(new Shape(2, 3, 4, 5));
        NDArray second = manager.randomNormal(new Shape(2, 4, 3, 5));
        NDArray basis = manager.randomNormal(new Shape(7, 2));
        LazyMaps joined =
                (LazyMaps) ChannelConcat.concat(List.of(new NDList(first), new NDList(second)));
        NDArray projected = joined.project(basis, manager);
        NDArray whole = ((NDList) joined).head().reshape(2, 7, 20);
        NDArray expected = basis.transpose().matMul(whole).reshape(2, 2, 4, 5);
        assertTrue(expected.sub(projected).abs().max().getFloat() < 1e-5);
    }

    @Test
    void closedUnreadItCannotBeRead() {
        NDArray first = manager.zeros(new Shape(1, 1, 1, 5));
        NDArray second = manager.ones(new Shape(1, 1, 1, 2));
        NDList joined = ChannelConcat.concat(List.of(new NDList(first), new NDList(second)));
        joined.close();
        assertThrows(IllegalStateException.class, joined::head);
        assertEquals(2, second.toFloatArray().length);
    }

    @Test
    void refusesShapesThatDoNotFit() {
        assertThrows(IllegalArgumentException.class, () -> ChannelConcat.concat(List.of()));
        NDList first = new NDList(manager.zeros(new Shape(2, 3, 4, 5)));
        for (Shape shape :
                List.of(
                        new Shape(1, 3, 4, 5),
                        new Shape(2, 3, 4),
                        new Shape(2, 3, 5, 5),
                        new Shape(2, 3, 4, 6))) {
            NDList second = new NDList(manager.zeros(shape));
            IllegalArgumentException refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> ChannelConcat.concat(List.of(first, second)));
            assertTrue(refused.getMessage().contains(shape.toString()), refused.getMessage());
        }
    }
}
