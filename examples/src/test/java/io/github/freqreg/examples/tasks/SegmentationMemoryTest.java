package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.policy.FrequencyRegularization;
import org.junit.jupiter.api.Test;

class SegmentationMemoryTest {

    /** The bound for a photograph of 4000×3000 pixels, scaled for the published UNet. */
    @Test
    void aLargePhotographTakesAtMostFourGibibytes() throws Exception {
        try (Model model = Model.newInstance("unet")) {
            Shape input = new Shape(1, 3, 640, 959);
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optKept(33)
                            .build()
                            .apply(new UNet(64, 4, 2), input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            ImageSize photograph = new ImageSize(4000, 3000);
            ImageSize seen = InputScale.TRAINED.of(model, photograph);
            assertEquals(new ImageSize(853, 640), seen);
            assertTrue(SegmentationMemory.of(model, seen, photograph).total() <= 4L << 30);
        }
    }

    @Test
    void memoryAndHeapAreEachCompared() {
        SegmentationMemory memory = new SegmentationMemory(300 << 20, 100 << 20);
        memory.check("photo.jpg at 9x9", 300 << 20, 100 << 20);
        assertEquals(
                "photo.jpg at 9x9: the segmentation takes up to 300 MiB of memory but 299 MiB are"
                        + " available; a smaller --size takes less",
                assertThrows(
                                DataException.class,
                                () -> memory.check("photo.jpg at 9x9", 299 << 20, 100 << 20))
                        .getMessage());
        assertEquals(
                "photo.jpg at 9x9: the segmentation takes up to 100 MiB of Java's heap, whose limit is"
                        + " 99 MiB; java -Xmx101m raises it",
                assertThrows(
                                DataException.class,
                                () -> memory.check("photo.jpg at 9x9", 300 << 20, 99 << 20))
                        .getMessage());
        long available = SegmentationMemory.available();
        assertTrue(available > 100 << 20, available + " bytes");
    }
}
