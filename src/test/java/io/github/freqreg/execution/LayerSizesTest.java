package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.SplitAxes;
import org.junit.jupiter.api.Test;

/** The sizes of layers, from the shapes of their weights, inputs and outputs. */
class LayerSizesTest {

    private static LayerSizes of(ChannelLayout layout, Shape weight, Shape input, Shape output) {
        long[] box = weight.getShape().clone();
        box[layout.in] = 2;
        box[layout.out] = 1;
        SplitAxes axes = SplitAxes.of(weight, weight);
        return LayerSizes.of(layout, weight, axes, new Shape(box), input, output);
    }

    @Test
    void convolution() {
        assertEquals(
                new LayerSizes(7, 1, 3, 2, 5, 1, 6, 20, 12),
                of(
                        ChannelLayout.CONVOLUTION,
                        new Shape(5, 3, 2, 3),
                        new Shape(7, 3, 4, 5),
                        new Shape(7, 5, 4, 3)));
    }

    /** Sizes are those of one group. */
    @Test
    void groupedConvolution() {
        assertEquals(
                new LayerSizes(7, 3, 2, 2, 4, 1, 5, 9, 5),
                of(
                        ChannelLayout.CONVOLUTION,
                        new Shape(12, 2, 5),
                        new Shape(7, 6, 9),
                        new Shape(7, 12, 5)));
    }

    /** The weight of a transposed convolution has the channels of its input first. */
    @Test
    void groupedTransposedConvolution() {
        assertEquals(
                new LayerSizes(1, 3, 4, 2, 2, 1, 4, 3, 12),
                of(
                        ChannelLayout.TRANSPOSED,
                        new Shape(12, 2, 2, 2),
                        new Shape(1, 12, 1, 3),
                        new Shape(1, 6, 2, 6)));
    }

    /** All axes of the input but the last count as its batch. */
    @Test
    void linearLayer() {
        assertEquals(
                new LayerSizes(14, 1, 3, 2, 5, 1, 1, 1, 1, 2, 1, true, false),
                of(ChannelLayout.LINEAR, new Shape(5, 3), new Shape(2, 7, 3), new Shape(2, 7, 5)));
        assertEquals(
                new LayerSizes(1, 1, 3, 2, 5, 1, 1, 1, 1, 2, 1, true, false),
                of(ChannelLayout.LINEAR, new Shape(5, 3), new Shape(3), new Shape(5)));
    }

    /** The steps of a split axis multiply what is kept, and add up what is computed. */
    @Test
    void splitAxes() {
        Shape weight = new Shape(5, 12);
        assertEquals(
                new LayerSizes(2, 1, 12, 4, 5, 3, 1, 1, 1, 2 + 2, 3, true, false),
                LayerSizes.of(
                        ChannelLayout.LINEAR,
                        weight,
                        SplitAxes.of(weight, new Shape(5, 3, 4)),
                        new Shape(3, 2, 2),
                        new Shape(2, 12),
                        new Shape(2, 5)));
    }

    @Test
    void inputWithoutImagesOrPixelsIsEmpty() {
        Shape weight = new Shape(5, 3, 1);
        ChannelLayout layout = ChannelLayout.CONVOLUTION;
        assertTrue(of(layout, weight, new Shape(0, 3, 4), new Shape(0, 5, 4)).isEmpty());
        assertTrue(of(layout, weight, new Shape(2, 3, 0), new Shape(2, 5, 0)).isEmpty());
        assertFalse(of(layout, weight, new Shape(1, 3, 1), new Shape(1, 5, 1)).isEmpty());
    }
}
