package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.networks.UNet;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Segmentation of images, and files of images and masks. */
class SegmentationTest {

    @TempDir private Path folder;

    /** Uses dense weights: with these, the engine itself rejects fewer sizes. */
    @ParameterizedTest
    @CsvSource({"9, 9", "16, 16", "15, 400"})
    void anImageThatIsTooSmallIsRejected(int width, int height) throws IOException {
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(new UNet(2, 4, 2));
            model.getBlock()
                    .initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3, 32, 32));
            BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            DataException e =
                    assertThrows(
                            DataException.class,
                            () -> Segmentation.segment(model, InputScale.OWN, image));
            String size = width + "x" + height;
            assertEquals(
                    "The image of "
                            + size
                            + " pixels cannot be segmented: A UNet of depth 4 takes images of at"
                            + " least 32x16 or 16x32 pixels but got "
                            + size,
                    e.getMessage());
            BufferedImage least = new BufferedImage(16, 32, BufferedImage.TYPE_INT_RGB);
            assertEquals(512, Segmentation.segment(model, InputScale.OWN, least).length);
        }
    }

    @Test
    void imagesAreScaledToASquareAndBack() throws Exception {
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(new UNet(2, 1, 2));
            model.getBlock()
                    .initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3, 8, 8));
            BufferedImage image = new BufferedImage(31, 17, BufferedImage.TYPE_INT_RGB);
            assertEquals(31 * 17, Segmentation.segment(model, image).length);
        }
    }

    @Test
    void theLossIsItsFormula() {
        try (NDManager manager = NDManager.newBaseManager()) {
            // One pixel, two classes with scores ln 3 and 0: p = (0.75, 0.25); the label is class
            // 0.
            NDList scores =
                    new NDList(
                            manager.create(
                                    new float[] {(float) Math.log(3), 0}, new Shape(1, 2, 1, 1)));
            NDList labels = new NDList(manager.zeros(new Shape(1, 1, 1)));
            double entropy = -Math.log(0.75);
            double dice = (2 * 0.75 / 1.75 + 0) / 2;
            assertEquals(
                    entropy + 1 - dice,
                    new SegmentationLoss().evaluate(labels, scores).getFloat(),
                    1e-5);
        }
    }

    @Test
    void imagesAndMasksArePairedByName() throws IOException {
        Path images = Files.createDirectories(folder.resolve("images"));
        assertMessage("masks: expected a folder");
        Path masks = Files.createDirectories(folder.resolve("masks"));
        assertMessage("expected images but found none");
        BufferedImage image = new BufferedImage(4, 3, BufferedImage.TYPE_INT_RGB);
        image.setRGB(1, 0, 0xffffff);
        ImageIO.write(image, "png", images.resolve("a.png").toFile());
        assertMessage("a.png: expected a mask");
        ImageIO.write(image, "png", masks.resolve("a.png").toFile());
        Files.writeString(masks.resolve("b.png"), "no image");
        assertMessage("b.png: this mask has no image: expected a file of the same name in images/");
        Files.copy(masks.resolve("b.png"), images.resolve("b.png"));
        List<ImagePair> pairs = ImagePair.pairs(folder);
        assertEquals(List.of("a", "b"), pairs.stream().map(ImagePair::name).toList());

        boolean[] mask = Masks.read(pairs.get(0), image);
        assertEquals(1, Segmentation.dice(mask, mask));
        assertEquals(0, Segmentation.dice(new boolean[12], mask));
        Path written = folder.resolve("written.png");
        Masks.write(mask, image, written);
        assertArrayEquals(
                mask, Masks.read(new ImagePair("a", written, Optional.of(written)), image));
        Masks.writeOverlay(mask, image, written);
        assertEquals(0xff000000, ImageFile.readRgb(written).getRGB(0, 0));
        assertTrue(
                assertThrows(DataException.class, () -> ImageFile.readRgb(pairs.get(1).image()))
                        .getMessage()
                        .contains("b.png: expected a PNG or JPEG image"));
        BufferedImage other = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
        assertTrue(
                assertThrows(DataException.class, () -> Masks.read(pairs.get(0), other))
                        .getMessage()
                        .contains("5x3 pixels, as its image, but found 4x3"));
    }

    private void assertMessage(String message) {
        DataException e = assertThrows(DataException.class, () -> ImagePair.pairs(folder));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
