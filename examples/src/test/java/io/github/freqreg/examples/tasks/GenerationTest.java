package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Sheet;
import io.github.freqreg.examples.data.Variation;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The losses of the generative networks, compared with values computed by hand; their images. */
class GenerationTest {

    @Test
    void vaeLossIsReconstructionAndDivergence() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList image =
                    new NDList(manager.create(new float[] {1, 0, 0.25f, 1, 1, 1}, shape(2, 3)));
            NDArray logits = manager.create(new float[] {2, -1, 0.5f, 0, 3, -2}, shape(2, 3));
            NDArray mean = manager.create(new float[] {0.5f, -1, 2, 0}, shape(2, 2));
            NDArray logVariance = manager.create(new float[] {0, 1, -0.5f, 0.2f}, shape(2, 2));
            double expected = 0;
            float[] x = image.head().toFloatArray();
            float[] l = logits.toFloatArray();
            for (int i = 0; i < x.length; i++) {
                double p = 1 / (1 + Math.exp(-l[i]));
                expected -= (x[i] * Math.log(p) + (1 - x[i]) * Math.log(1 - p)) / 2;
            }
            float[] m = mean.toFloatArray();
            float[] v = logVariance.toFloatArray();
            for (int i = 0; i < m.length; i++) {
                expected += 0.5 * (Math.exp(v[i]) + m[i] * m[i] - 1 - v[i]) / 2;
            }
            NDArray found = new VaeLoss().evaluate(image, new NDList(logits, mean, logVariance));
            assertEquals(expected, found.getFloat(), 1e-5);
        }
    }

    @Test
    void dcganLossIsThatOfBothNetworks() {
        try (NDManager manager = NDManager.newBaseManager()) {
            float[][] logits = {{1, -2}, {0.5f, 3}, {-1, 2}};
            double expected = 0;
            NDList told = new NDList();
            for (int i = 0; i < logits.length; i++) {
                told.add(manager.create(logits[i]));
                for (float logit : logits[i]) {
                    double p = 1 / (1 + Math.exp(-logit));
                    // Labels of real images are smoothed to 0.9.
                    double right = i == 0 ? 0.9 : 1 - i % 2;
                    expected -= (right * Math.log(p) + (1 - right) * Math.log(1 - p)) / 2;
                }
            }
            assertEquals(expected, new DcganLoss().evaluate(null, told).getFloat(), 1e-5);
        }
    }

    @Test
    void aDigitInItsFrameIsReadBack() throws Exception {
        Images.Split digits = Digits.embedded();
        try (NDManager manager = NDManager.newBaseManager();
                DcganTask task = new DcganTask(digits, 50, 1)) {
            Example example = task.batch(manager, List.of(3, 4), new Random(0));
            float[] framed = example.data().get(0).toFloatArray();
            assertEquals(-1, framed[0]);
            float[] expected =
                    digits.subset(50)
                            .training()
                            .varied(List.of(3, 4), new Random(0), Variation.NONE)
                            .values();
            float[] found = new float[expected.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = DcganTask.digitPixel(framed, i);
            }
            assertArrayEquals(expected, found, 1e-6f);
        }
    }

    @Test
    void aSheetHasImagesSideBySide() {
        BufferedImage sheet = Sheet.of(new float[] {0, 1, 0.5f}, 1, 2);
        assertEquals(8, sheet.getWidth());
        assertEquals(8, sheet.getHeight());
        assertEquals(255, sheet.getRaster().getSample(5, 2, 0));
        assertTrue(Math.abs(sheet.getRaster().getSample(2, 5, 0) - 128) <= 1);
    }

    private static Shape shape(long... extents) {
        return new Shape(extents);
    }
}
