package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import org.junit.jupiter.api.Test;

/** An entry checks that its values fit its shape. */
class FrqEntryTest {

    @Test
    void aTensorNeedsTheValuesOfItsShape() {
        for (int count : new int[] {0, 5, 7}) {
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    new FrqEntry(
                                            "w",
                                            new Shape(2, 3),
                                            null,
                                            Precision.FLOAT32,
                                            new float[count]));
            assertEquals(
                    "Tensor w of shape (2, 3) cannot hold " + count + " elements", e.getMessage());
        }
        for (int count : new int[] {0, 7}) {
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    new FrqEntry(
                                            "w",
                                            new Shape(2, 3),
                                            FrequencyAxes.OWN,
                                            Precision.FLOAT32,
                                            new float[count]));
            assertEquals(
                    "Tensor w of shape (2, 3) cannot hold " + count + " coefficients",
                    e.getMessage());
        }
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new FrqEntry(
                                "w",
                                new Shape(),
                                FrequencyAxes.OWN,
                                Precision.FLOAT32,
                                new float[1]));
        assertThrows(
                IllegalArgumentException.class,
                () -> new FrqEntry("w", new Shape(-1), null, Precision.FLOAT32, new float[1]));
    }
}
