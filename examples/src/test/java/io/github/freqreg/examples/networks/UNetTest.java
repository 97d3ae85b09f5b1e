package io.github.freqreg.examples.networks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.policy.FrequencyRegularization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UNetTest {

    @Test
    void takesImagesOfAnySize() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block = new UNet(3, 2, 2);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 16, 16));
            for (Shape shape : new Shape[] {new Shape(1, 3, 16, 16), new Shape(2, 3, 11, 22)}) {
                NDList answer =
                        block.forward(
                                new ParameterStore(manager, false),
                                new NDList(manager.randomNormal(shape)),
                                false);
                assertEquals(
                        block.getOutputShapes(new Shape[] {shape})[0], answer.head().getShape());
                assertEquals(
                        new Shape(shape.get(0), 2, shape.get(2), shape.get(3)),
                        answer.head().getShape());
            }
        }
    }

    /** Training keeps what the way back reads; the answers are the same. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void inferenceFreesWhatItHasRead(boolean wrapped) {
        try (NDManager manager = NDManager.newBaseManager()) {
            Shape shape = new Shape(1, 3, 19, 22);
            Block block = new UNet(3, 2, 2);
            if (wrapped) {
                block = FrequencyRegularization.builder().optKept(33).build().apply(block, shape);
            }
            block.initialize(manager, DataType.FLOAT32, shape);
            float[] pixels = manager.randomNormal(shape).toFloatArray();
            int[] left = new int[2];
            float[][] scores = new float[2][];
            for (int i = 0; i < 2; i++) {
                try (NDManager pass = manager.newSubManager()) {
                    NDList input = new NDList(pass.create(pixels, shape));
                    scores[i] =
                            block.forward(new ParameterStore(manager, false), input, i == 1)
                                    .singletonOrThrow()
                                    .toFloatArray();
                    left[i] = pass.getManagedArrays().size();
                    assertEquals(pixels[0], input.head().toFloatArray()[0]);
                }
            }
            assertArrayEquals(scores[1], scores[0], 1e-3f);
            // The input, the scores, and lines of zeros beside upsampled maps.
            assertTrue(left[0] <= 6, left[0] + " arrays");
            assertTrue(left[1] > 15, left[1] + " arrays");
        }
    }

    @Test
    void itsLayersAreWrappedEachByItself() {
        Block block =
                FrequencyRegularization.builder()
                        .optKept(33)
                        .build()
                        .apply(new UNet(4, 2, 2), new Shape(1, 3, 16, 16));
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 16, 16));
            long kept = 0;
            for (Parameter parameter : block.getParameters().values()) {
                kept += parameter.getArray().size();
            }
            assertEquals(kept, CompressionReport.of(block).getKept());
            assertTrue(kept < 13 * 33 + 1, "kept " + kept);
            assertEquals("FrequencyBlock", wrappedLayer(block).getClass().getSimpleName());
        }
    }

    private static Block wrappedLayer(Block unet) {
        return unet.getChildren().get("01first").getChildren().values().get(0);
    }

    @Test
    void sizesBelowOneAreRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new UNet(4, 0, 2));
        assertTrue(e.getMessage().contains("4, 0 and 2"), e.getMessage());
    }
}
