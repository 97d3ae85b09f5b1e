package io.github.freqreg.examples.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Images in memory, and those that are drawn. */
class ImagesTest {

    /** Two images of two channels of 2×2. */
    private static Images some() {
        byte[] pixels = new byte[16];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i + 1);
        }
        return new Images(2, 2, pixels, new byte[] {3, 4});
    }

    @Test
    void withoutMoveOrMirrorTheyStayAsTheyAre() {
        Images same = some().varied(List.of(1, 0), new Random(0), Variation.NONE);
        assertArrayEquals(new byte[] {4, 3}, same.labels());
        assertArrayEquals(
                new byte[] {9, 10, 11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8}, same.pixels());
    }

    @Test
    void aSubsetIsSpreadOverAll() {
        assertEquals(List.of(0, 3, 6), Images.spread(3, 10));
        assertEquals(List.of(0, 1), Images.spread(5, 2));
    }

    /** Each row is turned about, or none of an image's. */
    @Test
    void aMirrorTurnsTheRows() {
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

    /** A bar through the middle stays there, and its ends go where the angle says. */
    @Test
    void aTurnedBarLeansByTheAngleAtMost() {
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
            // The middle of what is left of it, ten rows above.
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
    void whatIsMovedInIsBlack() {
        boolean moved = false;
        for (int seed = 0; seed < 20; seed++) {
            byte[] pixels =
                    some().varied(List.of(0), new Random(seed), new Variation(1, 0, false))
                            .pixels();
            // Down and right: only the first pixel is left, in the last place.
            if (pixels[3] == 1) {
                moved = true;
                assertArrayEquals(new byte[] {0, 0, 0, 1, 0, 0, 0, 5}, pixels);
            }
        }
        assertTrue(moved);
    }

    @Test
    void shapesAreDrawnTheSameEachTimeInAllClasses() {
        Images.Split shapes = DrawnShapes.draw();
        assertArrayEquals(DrawnShapes.draw().training().pixels(), shapes.training().pixels());
        long[] counts = new long[Images.CLASSES];
        for (byte label : shapes.training().labels()) {
            counts[label]++;
        }
        for (long count : counts) {
            assertTrue(count > 300, "of 4,000");
        }
        assertEquals(1_000, shapes.test().size());
        assertEquals(7, shapes.subset(7).training().size());
    }
}
