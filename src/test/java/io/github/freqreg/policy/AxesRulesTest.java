package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.TestModels;
import org.junit.jupiter.api.Test;

/** Axes that a policy assigns to tensors. */
class AxesRulesTest {

    @Test
    void splitOfAnotherSizeIsRejected() {
        FrequencyRegularization split =
                FrequencyRegularization.builder()
                        .optKept(9)
                        .addSplit("Linear_weight", new Shape(5, 4, 4, 7))
                        .build();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> split.apply(TestModels.normalizedNetwork(), new Shape(2, 3, 6, 6)));
        assertTrue(e.getMessage().startsWith("The axes for " + "05Linear_weight"), e.getMessage());
    }
}
