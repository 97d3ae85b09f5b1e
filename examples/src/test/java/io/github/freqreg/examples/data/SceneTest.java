package io.github.freqreg.examples.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SceneTest {

    @TempDir private Path folder;

    @Test
    void grayImagesAreReadAsTheyAreStored() throws IOException {
        BufferedImage gray = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
        gray.getRaster().setSample(0, 0, 0, 100);
        gray.getRaster().setSample(1, 0, 0, 200);
        Path file = folder.resolve("gray.png");
        ImageIO.write(gray, "png", file.toFile());
        BufferedImage read = ImageFile.readRgb(file);
        assertEquals(0xff646464, read.getRGB(0, 0));
        assertEquals(0xffc8c8c8, read.getRGB(1, 0));
    }

    @Test
    void variedScenesStayScenes() {
        Random random = new Random(1);
        for (int i = 0; i < 20; i++) {
            Scene scene = Scene.draw(20, random).varied(random);
            int inside = 0;
            for (byte each : scene.mask()) {
                assertTrue(each == 0 || each == 1);
                inside += each;
            }
            assertTrue(inside > 10 && inside < 390, inside + " pixels of 400");
        }
        // The same seed draws the same scene.
        assertArrayEquals(
                Scene.draw(20, new Random(9)).varied(new Random(2)).colors(),
                Scene.draw(20, new Random(9)).varied(new Random(2)).colors());
    }
}
