package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UNetTest {

    @TempDir private Path folder;

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

    @Test
    void isWrappedAsAWhole() {
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
        }
    }

    @Test
    void sizesBelowOneAreRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new UNet(4, 0, 2));
        assertTrue(e.getMessage().contains("4, 0 and 2"), e.getMessage());
    }

    @Test
    void thePublishedUNetSegmentsAsItsAuthorsSay() throws Exception {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path checkpoint = data.resolve("frereg-unet/unet_fr.pt");
        assumeTrue(
                Files.exists(checkpoint), "the published checkpoint is not there: " + checkpoint);
        Path file = folder.resolve("unet.frq");
        assertEquals(0, Main.run("import-frereg", checkpoint.toString(), "--out", file.toString()));
        CompressionReport report = CompressionReport.of(file);
        assertEquals(759, report.getKept());
        assertEquals(31_024_960, report.getOriginal());
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(PublishedUNet.build());
            FrequencyFile.load(model, file);
            Segmentation.Pair first = Segmentation.pairs(data.resolve("carvana")).get(0);
            BufferedImage image = Segmentation.read(first.image());
            boolean[] told = Segmentation.segment(model.getBlock(), model.getNDManager(), image);
            // The Dice of the first image, from the published implementation (golden/unet.json).
            assertEquals("0000", first.name());
            assertEquals(
                    0.9787697792053223,
                    Segmentation.dice(told, Segmentation.mask(first, image)),
                    2e-4);
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
        assertMessage("b.png: expected an image");
        Files.copy(masks.resolve("b.png"), images.resolve("b.png"));
        List<Segmentation.Pair> pairs = Segmentation.pairs(folder);
        assertEquals(List.of("a", "b"), pairs.stream().map(Segmentation.Pair::name).toList());

        boolean[] mask = Segmentation.mask(pairs.get(0), image);
        assertEquals(1, Segmentation.dice(mask, mask));
        assertEquals(0, Segmentation.dice(new boolean[12], mask));
        Path written = folder.resolve("written.png");
        Segmentation.writeMask(mask, image, written);
        assertArrayEquals(
                mask, Segmentation.mask(new Segmentation.Pair("a", written, written), image));
        Segmentation.writeOverlay(mask, image, written);
        assertEquals(0xff000000, Segmentation.read(written).getRGB(0, 0));
        assertTrue(
                assertThrows(DataException.class, () -> Segmentation.read(pairs.get(1).image()))
                        .getMessage()
                        .contains("b.png: expected a PNG or JPEG image"));
        BufferedImage other = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
        assertTrue(
                assertThrows(DataException.class, () -> Segmentation.mask(pairs.get(0), other))
                        .getMessage()
                        .contains("5x3 pixels, as its image, but found 4x3"));
    }

    private void assertMessage(String message) {
        DataException e = assertThrows(DataException.class, () -> Segmentation.pairs(folder));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
