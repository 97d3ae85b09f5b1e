package io.github.freqreg.examples.networks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ConvNetTest {

    private static final int SIDE = 32;
    private static final int PIXELS = SIDE * SIDE;

    /** Also tests that an image is normalised without the others of its batch. */
    @Test
    void answersAlikeForAnImageAndItsMirrorImage() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block net = ConvNet.build(4, 10);
            Shape shape = new Shape(3, 3, SIDE, SIDE);
            net.initialize(manager, DataType.FLOAT32, shape);
            NDArray images = manager.randomNormal(0f, 1f, shape, DataType.FLOAT32);
            float[] first = answer(net, manager, images).get(1).toFloatArray();
            assertArrayEquals(
                    first, answer(net, manager, images.flip(3)).get(1).toFloatArray(), 1e-5f);
            assertArrayEquals(
                    first, answer(net, manager, images.get("1:2")).get(0).toFloatArray(), 1e-5f);
            assertNotEquals(first[0], answer(net, manager, images).get(0).toFloatArray()[0]);
        }
    }

    /** Files hold the weights alone, so that those of today need this pooling for ever. */
    @Test
    void downsamplingIsTheMeanOfOverlappingWindows() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Shape shape = new Shape(1, 1, 4, 6);
            float[] pixels = manager.arange(24f).toFloatArray();
            NDArray image = manager.create(pixels, shape);
            float[] expected = new float[6];
            for (int i = 0; i < expected.length; i++) {
                for (int y = Math.max(0, i / 3 * 2 - 1); y < Math.min(4, i / 3 * 2 + 3); y++) {
                    for (int x = Math.max(0, i % 3 * 2 - 1); x < Math.min(6, i % 3 * 2 + 3); x++) {
                        expected[i] += pixels[y * 6 + x] / 16;
                    }
                }
            }
            Block pooling = ConvNet.downsampling();
            pooling.initialize(manager, DataType.FLOAT32, shape);
            assertArrayEquals(expected, answer(pooling, manager, image).toFloatArray(), 1e-5f);
        }
    }

    private static NDArray answer(Block net, NDManager manager, NDArray images) {
        return net.forward(new ParameterStore(manager, false), new NDList(images), false)
                .singletonOrThrow();
    }

    @Test
    void drawnPicturesAreStandardisedAndTheSameEverywhere() {
        int count = 3;
        float[] pictures = DeadLeaves.draw(count, SIDE, 7);
        assertEquals(count * 3 * PIXELS, pictures.length);
        for (int channel = 0; channel < 3; channel++) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < pictures.length; i++) {
                if (i / PIXELS % 3 == channel) {
                    sum += pictures[i];
                    squares += pictures[i] * pictures[i];
                }
            }
            assertEquals(0, sum / (count * PIXELS), 1e-4);
            assertEquals(1, squares / (count * PIXELS), 1e-4);
        }
        // Files depend on these pictures for ever.
        assertEquals(-24666285, Arrays.hashCode(pictures));
        assertNotEquals(pictures[0], DeadLeaves.draw(count, SIDE, 8)[0]);
    }
}
