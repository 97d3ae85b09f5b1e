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
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void thePublishedUNetSegmentsAsItsAuthorsSay() throws Exception {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path checkpoint = data.resolve("frereg-unet/unet_fr.pt");
        assumeTrue(
                Files.exists(checkpoint), "the published checkpoint is not there: " + checkpoint);
        Path file = folder.resolve("unet.frq");
        assertEquals(0, Main.run("import-frereg", checkpoint.toString(), "--out", file.toString()));
        assertTrue(Files.size(file) <= 1_530, Files.size(file) + " bytes");
        CompressionReport report =
                InspectCommand.report(file, PublishedUNet.build(), PublishedUNet.INPUT);
        assertEquals(759, report.getKept());
        assertEquals(31_024_960, report.getOriginal());
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(PublishedUNet.build());
            FrequencyFile.load(model, file);
            Segmentation.Pair first = Segmentation.pairs(data.resolve("carvana")).get(0);
            BufferedImage image = Segmentation.read(first.image());
            boolean[] told = Segmentation.segment(model, 0, image);
            // The Dice of the first image, from the published implementation (golden/unet.json).
            assertEquals("0000", first.name());
            assertEquals(
                    0.9787697792053223,
                    Segmentation.dice(told, Segmentation.mask(first, image)),
                    2e-4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--no-names"})
    void trainsEvaluatesAndSegments(String names) throws IOException {
        Path data = folder.resolve("data");
        Random random = new Random(3);
        for (int i = 0; i < 6; i++) {
            Scene scene = Scene.draw(24, random);
            write(scene, data.resolve("images/" + i + ".png"), false);
            write(scene, data.resolve("masks/" + i + ".png"), true);
        }
        String file = folder.resolve("unet.frq").toString();
        String train =
                "train unet --epochs 2 --width 3 --depth 2 --size 24 --keep 20 --batch-size 2"
                        + " --out %s --data %s --json %s "
                        + names;
        Path json = folder.resolve("unet.json");
        assertEquals(0, Main.run(train.formatted(file, data, json).strip().split(" ")));
        assertTrue(Files.readString(json).contains("\"metric\": \"dice\""));
        assertTrue(Files.size(Path.of(file)) < 1_000);
        String options = names.isEmpty() ? "" : " --width 3 --depth 2";
        String evaluate = "evaluate unet --last 1 --weights %s --data %s --out-images %s" + options;
        Path images = folder.resolve("out");
        assertEquals(0, Main.run(evaluate.formatted(file, data, images).split(" ")));
        Path mask = folder.resolve("new/mask.png");
        Path overlay = folder.resolve("new/overlay.png");
        String segment = "segment %s --weights %s --out %s --overlay %s" + options;
        assertEquals(
                0,
                Main.run(
                        segment.formatted(data.resolve("images/5.png"), file, mask, overlay)
                                .split(" ")));
        assertArrayEquals(
                Files.readAllBytes(images.resolve("5-mask.png")), Files.readAllBytes(mask));
        assertArrayEquals(
                Files.readAllBytes(images.resolve("5-overlay.png")), Files.readAllBytes(overlay));
        assertEquals(0, Main.run(("inspect " + file + options).split(" ")));
        assertEquals(names.isEmpty() ? 0 : 1, Main.run("inspect", file));
    }

    private static void write(Scene scene, Path file, boolean mask) throws IOException {
        BufferedImage image =
                new BufferedImage(scene.size(), scene.size(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < scene.mask().length; i++) {
            int pixels = scene.mask().length;
            int color = 0;
            for (int channel = 0; channel < 3; channel++) {
                color = color << 8 | scene.colors()[channel * pixels + i] & 0xff;
            }
            image.setRGB(
                    i % scene.size(), i / scene.size(), mask ? 0xffffff * scene.mask()[i] : color);
        }
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }

    @Test
    void imagesAreScaledToASquareAndBack() throws Exception {
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(new UNet(2, 1, 2));
            model.getBlock()
                    .initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3, 8, 8));
            BufferedImage image = new BufferedImage(31, 17, BufferedImage.TYPE_INT_RGB);
            assertEquals(31 * 17, Segmentation.segment(model, 8, image).length);
        }
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

    @Test
    void theLossIsItsFormula() {
        try (NDManager manager = NDManager.newBaseManager()) {
            // One pixel, two classes with scores ln 3 and 0: p = (0.75, 0.25); the right one is 0.
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
