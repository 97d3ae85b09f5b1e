package io.github.freqreg.examples.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests subsets and variations of images, and the generated shapes. */
class ImagesTest {

    /** Returns two images with two channels of 2×2 pixels. */
    private static Images some() {
        byte[] pixels = new byte[16];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i + 1);
        }
        return new Images(2, 2, pixels, new byte[] {3, 4});
    }

    @Test
    void withoutVariationImagesStayEqual() {
        Images same = some().varied(List.of(1, 0), new Random(0), Variation.NONE);
        assertArrayEquals(new byte[] {4, 3}, same.labels());
        assertArrayEquals(
                new byte[] {9, 10, 11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8}, same.pixels());
    }

    @Test
    void aSubsetIsEvenlySpaced() {
        assertEquals(List.of(0, 3, 6), Images.spread(3, 10));
        assertEquals(List.of(0, 1), Images.spread(5, 2));
    }

    /** Either every row of an image is reversed, or none. */
    @Test
    void mirroringReversesRows() {
        int mirrored = 0;
        for (int seed = 0; seed < 20; seed++) {
            byte[] pixels =
                    some().varied(List.of(0), new Random(seed), new Variation(0, 0, true)).pixels();
            if (pixels[0] == 2) {
                mirrored++;
                assertArrayEquals(new byte[] {2, 1, 4, 3, 6, 5, 8, 7}, pixels);
            } else {
                assertArrayEquals(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, pixels);
            }
        }
        assertTrue(mirrored > 3 && mirrored < 17, mirrored + " of 20");
    }

    /** A bar through the centre stays there; its ends move by at most the angle. */
    @Test
    void rotationIsLimitedByTheAngle() {
        int side = 29;
        byte[] pixels = new byte[side * side];
        for (int row = 0; row < side; row++) {
            pixels[row * side + side / 2] = (byte) 200;
        }
        Images bar = new Images(1, side, pixels, new byte[1]);
        double furthest = 0;
        for (int seed = 0; seed < 50; seed++) {
            byte[] turned =
                    bar.varied(List.of(0), new Random(seed), new Variation(0, 20, false)).pixels();
            assertEquals(200, turned[side / 2 * side + side / 2] & 0xff);
            // The centre of the bar, ten rows above.
            double sum = 0;
            double mass = 0;
            for (int column = 0; column < side; column++) {
                int value = turned[(side / 2 - 10) * side + column] & 0xff;
                sum += (column - side / 2) * value;
                mass += value;
            }
            furthest = Math.max(furthest, Math.abs(sum / mass));
        }
        double most = 10 * Math.tan(Math.toRadians(20));
        assertTrue(furthest > 0.8 * most && furthest < 1.05 * most, furthest + " of " + most);
    }

    @Test
    void pixelsFromOutsideAreBlack() {
        boolean moved = false;
        for (int seed = 0; seed < 20; seed++) {
            byte[] pixels =
                    some().varied(List.of(0), new Random(seed), new Variation(1, 0, false))
                            .pixels();
            // Shifted down and right: only the first pixel remains, in the last position.
            if (pixels[3] == 1) {
                moved = true;
                assertArrayEquals(new byte[] {0, 0, 0, 1, 0, 0, 0, 5}, pixels);
            }
        }
        assertTrue(moved);
    }

    /** Every tenth image is for validation, so that a sorted file has all classes in both parts. */
    @Test
    void everyTenthImageIsForValidation() {
        byte[] pixels = new byte[20 * 28 * 28];
        byte[] labels = new byte[20];
        for (int i = 0; i < 20; i++) {
            labels[i] = (byte) (i / 2);
        }
        Images sorted = new Images(1, 28, pixels, labels);
        Images.Split split = Images.Split.of(sorted, sorted, "sorted");
        assertArrayEquals(new byte[] {0, 5}, split.validation().labels());
        assertEquals(18, split.training().size());
        Images.Split digits = Digits.embedded();
        assertEquals(7_650, digits.training().size());
        assertEquals(850, digits.validation().size());
        Images.Split some = digits.subset(8_500 / 4);
        assertEquals(1_913, some.training().size());
        assertEquals(212, some.validation().size());
        Images first = digits.training();
        DataException e =
                assertThrows(
                        DataException.class, () -> Images.Split.of(first.part(0, 1), first, "few"));
        assertTrue(e.getMessage().startsWith("few: expected 2 or more"), e.getMessage());
    }

    @Test
    void shapesAreReproducibleAndOfAllClasses() {
        Images.Split shapes = DrawnShapes.draw();
        assertArrayEquals(DrawnShapes.draw().training().pixels(), shapes.training().pixels());
        long[] counts = new long[Images.CLASSES];
        for (byte label : shapes.training().labels()) {
            counts[label]++;
        }
        for (long count : counts) {
            assertTrue(count > 300, "of 3,600");
        }
        assertEquals(1_000, shapes.test().size());
        assertEquals(6, shapes.subset(7).training().size());
        assertEquals(1, shapes.subset(7).validation().size());
    }
}
