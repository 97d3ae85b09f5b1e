package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.InputScale;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command {@code segment}: the size of the scaled image, and the written files. */
class SegmentTest {

    @TempDir private Path folder;

    /**
     * Saves an untrained UNet of width 2 and depth 2 with the input shape of its training images.
     */
    private Path save(int height, int width) throws IOException {
        return save(height, width, 1);
    }

    private Path save(int height, int width, int seed) throws IOException {
        Path file = folder.resolve("unet.frq");
        try (Model model = Model.newInstance("unet")) {
            model.getNDManager().getEngine().setRandomSeed(seed);
            Shape input = new Shape(1, 3, height, width);
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optKept(9)
                            .build()
                            .apply(new UNet(2, 2, 2), input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            FrequencyFile.save(model.getBlock(), file);
        }
        return file;
    }

    private Path picture(int width, int height) throws IOException {
        Path picture = folder.resolve("images/picture.png");
        PngFile.write(Scene.scale(Scene.draw(64, new Random(1)).image(), width, height), picture);
        return picture;
    }

    private ProgramRun segment(Path picture, Path weights, String options) {
        String command = "segment %s --weights %s --out %s --overlay %s " + options;
        return ProgramRun.of(
                command.formatted(
                                picture,
                                weights,
                                folder.resolve("mask.png"),
                                folder.resolve("overlay.png"))
                        .strip()
                        .split(" "));
    }

    /** Scales up and down, landscape and portrait, to a given size and to the image's own. */
    @ParameterizedTest
    @CsvSource({
        "48x64, '', 400x300, scaled to 64x48",
        "48x64, '', 300x400, scaled to 36x48",
        "48x64, '', 640x64, scaled to 64x6",
        "48x64, '', 32x24, scaled to 64x48",
        "48x64, '', 64x48, ''",
        "48x48, '', 100x50, scaled to 48x48",
        "48x64, --size 0, 100x50, ''",
        "48x64, --size 16, 100x50, scaled to 16x16",
        "48x64, --size 50x25, 100x50, scaled to 50x25"
    })
    void theOutputNamesTheScaledSizeAndTheMaskHasTheImagesSize(
            String trained, String options, String image, String expected) throws IOException {
        // A shape has the height first, an image size the width.
        ImageSize input = ImageSize.parse(trained);
        ImageSize size = ImageSize.parse(image);
        Path weights = save(/* height= */ input.width(), /* width= */ input.height());
        ProgramRun run = segment(picture(size.width(), size.height()), weights, options);
        assertEquals(0, run.code(), run.err());
        assertEquals(!expected.isEmpty(), run.out().contains("scaled"), run.out());
        assertTrue(run.out().contains(expected + (expected.isEmpty() ? "" : ",")), run.out());
        assertTrue(run.out().contains("% of " + size + " pixels belong to the object"), run.out());
        for (String picture : new String[] {"mask.png", "overlay.png"}) {
            assertEquals(size, ImageFile.open(folder.resolve(picture)).size());
        }
    }

    /** The mask equals that of an image scaled before, with its pixels repeated. */
    @Test
    void theMaskIsTheOneOfTheScaledImage() throws Exception {
        BufferedImage image = ImageFile.readRgb(picture(160, 120));
        int pixels = image.getWidth() * image.getHeight();
        int inside = 0;
        // Many untrained networks put all pixels into one class, which would show nothing.
        for (int seed = 1; inside == 0 || inside == pixels; seed++) {
            assertTrue(seed <= 50, "no network finds both classes");
            inside = compareMasks(save(48, 64, seed), image);
        }
    }

    /** Compares two masks pixel by pixel and returns the number of pixels of the object. */
    private static int compareMasks(Path weights, BufferedImage image) throws Exception {
        int inside = 0;
        try (Model model = Model.newInstance("unet");
                WeightFile opened = WeightFile.open(weights)) {
            new ShapeArguments().loadUNet(model, opened);
            boolean[] mask = Segmentation.segment(model, image);
            boolean[] small =
                    Segmentation.segment(model, InputScale.OWN, Scene.scale(image, 64, 48));
            for (int i = 0; i < mask.length; i++) {
                // The pixel of the scaled image that contains the centre of this pixel.
                int x = (int) Math.floor((i % 160 + 0.5) * 0.4);
                int y = (int) Math.floor((Math.floorDiv(i, 160) + 0.5) * 0.4);
                assertEquals(small[y * 64 + x], mask[i], "pixel " + i);
                inside += mask[i] ? 1 : 0;
            }
        }
        return inside;
    }

    @Test
    void evaluateReportsScaledImages() throws IOException {
        Path weights = save(48, 64);
        picture(128, 96);
        Files.createDirectories(folder.resolve("masks"));
        Files.copy(folder.resolve("images/picture.png"), folder.resolve("masks/picture.png"));
        String evaluate = "evaluate unet --weights " + weights + " --data " + folder;
        String scaled = "over 1 images; 1 scaled for the network, with their masks scaled back";
        String out = ProgramRun.of(evaluate.split(" ")).out();
        assertTrue(out.contains(scaled), out);
        out = ProgramRun.of((evaluate + " --size 0").split(" ")).out();
        assertTrue(out.contains("over 1 images" + System.lineSeparator()), out);
    }

    @Test
    void aFileWithoutTrainingSizeIsReported() throws IOException {
        Path dense = folder.resolve("unet.safetensors");
        String[] export = {"export", "unet", "--weights", save(48, 64) + "", "--out", dense + ""};
        assertEquals(0, Main.run(export));
        ProgramRun run = segment(picture(96, 64), dense, "");
        String expected =
                "scaled to 959x639, because the file has no training size and the published network"
                        + " was trained at 959x640";
        assertTrue(run.out().contains(expected), run.out());
    }

    /** An image that is scaled to 3 rows is too small for a UNet of depth 2. */
    @Test
    void theMessageNamesTheSmallestSize() throws IOException {
        ProgramRun run = segment(picture(640, 30), save(48, 64), "");
        assertEquals(1, run.code());
        String expected =
                "error: The image of 640x30 pixels cannot be segmented: A UNet of depth 2 takes"
                        + " images of at least 8x4 or 4x8 pixels but got 64x3";
        assertEquals(expected, run.err().strip());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "segment a.png --weights a.frq --out x.jpg",
                "segment a.png --weights a.frq --out mask",
                "segment a.png --weights a.frq --overlay x.jpeg",
                "compare a.json --out x.svg"
            })
    void onlyPngFilesAreWritten(String command) {
        ProgramRun run = ProgramRun.of(command.split(" "));
        assertEquals(2, run.code());
        assertTrue(
                run.err().contains("expected a name that ends in .png, the only kind written"),
                run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @ParameterizedTest
    @CsvSource({
        "--size x, expected N or WIDTHxHEIGHT but found x",
        "--size -4, expected N or WIDTHxHEIGHT but found -4",
        "--size 0x9, --size must be 0 to 4096 but is 0x9",
        "--size 9x4097, --size must be 0 to 4096 but is 9x4097"
    })
    void invalidSizesAreRejected(String options, String expected) throws IOException {
        ProgramRun run = segment(picture(32, 32), save(8, 8), options);
        assertEquals(2, run.code());
        assertTrue(run.err().contains(expected), run.err());
    }

    @Test
    void aRectangleIsNoSizeToTrainOn() {
        ProgramRun run = ProgramRun.of("train", "unet", "--size", "64x48");
        assertEquals(2, run.code());
        assertTrue(
                run.err().contains("--size must be the side of a square to train on but is 64x48"),
                run.err());
    }
}
