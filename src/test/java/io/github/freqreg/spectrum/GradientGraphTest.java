package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.freqreg.UsesEngine;
import org.junit.jupiter.api.Test;

@UsesEngine
class GradientGraphTest {

    @Test
    void containsWhatIsComputedFromParameters(NDManager manager) {
        NDArray parameter = manager.ones(new Shape(4));
        parameter.setRequiresGradient(true);
        NDArray plain = manager.ones(new Shape(4));
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray product = parameter.mul(plain);
            assertTrue(GradientGraph.contains(parameter));
            assertTrue(GradientGraph.contains(product));
            assertTrue(GradientGraph.contains(product.reshape(2, 2)));
            assertTrue(GradientGraph.contains(parameter.get(":2")));
            assertFalse(GradientGraph.contains(product.stopGradient()));
            assertFalse(GradientGraph.contains(plain));
            assertFalse(GradientGraph.contains(plain.add(1)));
            collector.backward(product.sum());
        }
        assertArrayEquals(new float[] {1, 1, 1, 1}, parameter.getGradient().toFloatArray());
        // Outside of a collector, nothing is recorded.
        assertFalse(GradientGraph.contains(parameter.mul(plain)));
    }
}
