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
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.cli.InspectCommand;
import io.github.freqreg.examples.cli.Main;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.data.SharedData;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.format.FrqDocument;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    @Test
    void thePublishedUNetSegmentsAsItsAuthorsSay() throws Exception {
        Path checkpoint = checkpoint();
        Path data = checkpoint.getParent().getParent();
        Path file = folder.resolve("unet.frq");
        assertEquals(0, Main.run("import-frereg", checkpoint.toString(), "--out", file.toString()));
        assertTrue(Files.size(file) <= 1_530, Files.size(file) + " bytes");
        CompressionReport report =
                InspectCommand.report(file, PublishedUNet.build(), PublishedUNet.INPUT);
        assertEquals(759, report.getKept());
        assertEquals(31_024_960, report.getOriginal());
        assertEquals(PublishedUNet.FINGERPRINT, FrqDocument.read(file).fingerprint());
        Map<String, Double> golden = goldenDice();
        Map<String, Double> found = dice(file, data);
        assertEquals(8, found.size());
        found.forEach((name, dice) -> assertEquals(golden.get(name), dice, 2e-4, name));
        assertEquals(average(golden), average(found), 2e-4);

        // In 700 bytes it loses less than a thousandth.
        String compress =
                "compress unet --weights %s --budget-bytes 700 --epochs 0 --no-names --out %s";
        Path small = folder.resolve("small.frq");
        assertEquals(0, Main.run(compress.formatted(file, small).split(" ")));
        assertTrue(Files.size(small) <= 700, Files.size(small) + " bytes");
        assertEquals(average(found), average(dice(small, data)), 0.001);
    }

    private static double average(Map<String, Double> dice) {
        return dice.values().stream().mapToDouble(d -> d).average().orElseThrow();
    }

    private static Map<String, Double> dice(Path file, Path data) throws Exception {
        Map<String, Double> found = new HashMap<>();
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(PublishedUNet.build());
            FrequencyFile.load(model, file);
            for (Segmentation.Pair pair : Segmentation.pairs(data.resolve("carvana"))) {
                BufferedImage image = Segmentation.read(pair.image());
                boolean[] told = Segmentation.segment(model, image);
                found.put(pair.name(), Segmentation.dice(told, Segmentation.mask(pair, image)));
            }
        }
        return found;
    }

    /** The figures of the published implementation, from the core's copy of golden/unet.json. */
    private static Map<String, Double> goldenDice() throws IOException {
        String text = Files.readString(Path.of("../src/test/resources/golden/unet.json"));
        Map<String, Double> dice = new HashMap<>();
        JsonUtils.GSON
                .fromJson(text, JsonObject.class)
                .getAsJsonObject("dice")
                .entrySet()
                .forEach(each -> dice.put(each.getKey(), each.getValue().getAsDouble()));
        return dice;
    }

    @Test
    void aFreshProcessNeedsNoNetworkAndLeavesNoTemporaryFile() throws Exception {
        Path checkpoint = checkpoint();
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        Path file = folder.resolve("unet.frq");
        Path image = folder.resolve("image.png");
        write(Scene.draw(32, new Random(1)), image, false);
        Path mask = folder.resolve("mask.png");
        List<List<String>> commands =
                List.of(
                        List.of("import-frereg", checkpoint.toString(), "--out", file.toString()),
                        List.of(
                                "segment",
                                image.toString(),
                                "--weights",
                                file.toString(),
                                "--out",
                                mask.toString()));
        for (List<String> command : commands) {
            List<String> line = new ArrayList<>();
            line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            line.add("-Djava.io.tmpdir=" + temporary);
            // Any attempt at a connection would end at a port that nobody listens to.
            line.add("-Dhttps.proxyHost=localhost");
            line.add("-Dhttps.proxyPort=1");
            line.add("-cp");
            line.add(System.getProperty("java.class.path"));
            line.add(Main.class.getName());
            line.addAll(command);
            Process process = new ProcessBuilder(line).inheritIO().start();
            assertEquals(0, process.waitFor(), command.toString());
        }
        assertTrue(Files.size(mask) > 0);
        try (Stream<Path> left = Files.list(temporary)) {
            // The virtual machine's own, which it removes at the next start.
            assertEquals(
                    List.of(),
                    left.filter(f -> !f.getFileName().toString().startsWith("hsperf")).toList());
        }
    }

    private static Path checkpoint() {
        return SharedData.find("frereg-unet/unet_fr.pt");
    }

    /** With dense weights the engine refuses less, and compressed all channels would be 0. */
    @ParameterizedTest
    @CsvSource({"9, 9", "16, 16", "15, 400"})
    void anImageThatIsTooSmallIsSaidSo(int width, int height) throws IOException {
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
    void grayImagesAreReadAsTheyAreStored() throws IOException {
        BufferedImage gray = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
        gray.getRaster().setSample(0, 0, 0, 100);
        gray.getRaster().setSample(1, 0, 0, 200);
        Path file = folder.resolve("gray.png");
        ImageIO.write(gray, "png", file.toFile());
        BufferedImage read = Segmentation.read(file);
        assertEquals(0xff646464, read.getRGB(0, 0));
        assertEquals(0xffc8c8c8, read.getRGB(1, 0));
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
        String evaluate =
                "evaluate unet --last 1 --weights %s --data %s --out-images %s --json %s" + options;
        Path images = folder.resolve("out");
        Path written = folder.resolve("result.json");
        assertEquals(0, Main.run(evaluate.formatted(file, data, images, written).split(" ")));
        JsonObject measured = JsonUtils.GSON.fromJson(Files.readString(written), JsonObject.class);
        assertEquals(Images.name(data), measured.getAsJsonObject("data").get("name").getAsString());
        assertEquals(1, measured.getAsJsonObject("data").get("test").getAsInt());
        assertEquals("dice", measured.get("metric").getAsString());
        assertEquals(Files.size(Path.of(file)), measured.get("bytes").getAsLong());
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
        if (mask) {
            Segmentation.writeMask(Segmentation.foreground(scene.mask()), scene.image(), file);
        } else {
            PngFile.write(scene.image(), file);
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
