package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.examples.tasks.SegmentationMemory;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The memory of a process that segments an image. */
class SegmentCommandMemoryTest {

    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    @TempDir private Path folder;

    /** Runs the program and prints the peak memory of its process. */
    static final class Measured {

        private Measured() {}

        public static void main(String[] args) throws IOException {
            int code = Main.run(args);
            Matcher peak = PEAK.matcher(Files.readString(Path.of("/proc/self/status")));
            System.out.println(peak.find() ? peak.group() : "no peak");
            System.exit(code);
        }
    }

    /**
     * Covers factored layers, rebuilt layers, dense weights and a scaled image. The bound holds for
     * the whole process. It adds at most twice what a larger image takes; the memory of an idle
     * process, which depends on the processor and its libraries, is left out of that comparison.
     */
    @ParameterizedTest
    @CsvSource({
        "true, unet.frq, 1000, --size 0",
        "true, unet.frq, 1600, --size 0",
        "false, unet.frq, 1000, --size 0",
        "false, unet.npz, 1000, --size 0",
        "true, unet.frq, 4000, --size 320x240"
    })
    void theBoundIsKeptAndGrowsAsTheMemoryDoes(boolean few, String weights, int side, String size)
            throws Exception {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "needs Linux to measure");
        Path file = save(few);
        if (weights.endsWith(".npz")) {
            Path npz = folder.resolve(weights);
            assertEquals(0, Main.run("export", "unet", "--weights", file + "", "--out", npz + ""));
            file = npz;
        }
        String asked = size.substring(size.lastIndexOf(' ') + 1);
        ImageSize small = new ImageSize(64, 48);
        ImageSize large = new ImageSize(side, side * 3 / 4);
        long smallPeak = segment(small, file, "--size 0");
        long largePeak = segment(large, file, size);
        try (Model model = Model.newInstance("unet");
                WeightFile opened = WeightFile.open(file)) {
            new ShapeArguments().loadUNet(model, opened);
            ImageSize seen = asked.equals("0") ? large : ImageSize.parse(asked);
            long smallBound = SegmentationMemory.of(model, small, small).total();
            long largeBound = SegmentationMemory.of(model, seen, large).total();
            assertTrue(smallPeak <= smallBound, smallPeak + " bytes of at most " + smallBound);
            assertTrue(largePeak <= largeBound, largePeak + " bytes of at most " + largeBound);
            long peak = largePeak - smallPeak;
            long bound = largeBound - smallBound;
            assertTrue(2 * peak >= bound, peak + " more bytes, expected " + bound);
        }
    }

    /** Returns the peak memory of a process that segments a picture of this size. */
    private long segment(ImageSize image, Path weights, String size) throws Exception {
        String command = "segment %s --weights %s %s --out %s --overlay %s";
        return peak(
                command.formatted(
                        picture(image),
                        weights,
                        size,
                        folder.resolve("mask.png"),
                        folder.resolve("overlay.png")));
    }

    private Path save(boolean few) throws IOException {
        Path file = folder.resolve("unet.frq");
        FrequencyRegularizationBuilder policy = FrequencyRegularization.builder();
        policy = few ? policy.optKept(33) : policy.optKeepRate(1);
        try (Model model = Model.newInstance("unet")) {
            Shape input = new Shape(1, 3, 240, 320);
            model.setBlock(policy.build().apply(new UNet(16, 4, 2), input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            FrequencyFile.save(model.getBlock(), file);
        }
        return file;
    }

    private Path picture(ImageSize size) throws IOException {
        Path picture = folder.resolve("picture.png");
        BufferedImage scene = Scene.draw(64, new Random(1)).image();
        PngFile.write(Scene.scale(scene, size.width(), size.height()), picture);
        return picture;
    }

    private long peak(String command) throws Exception {
        Path log = folder.resolve("log");
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("-cp");
        line.add(System.getProperty("java.class.path"));
        line.add(Measured.class.getName());
        line.addAll(List.of(command.split(" ")));
        Process process =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertTrue(process.waitFor(300, TimeUnit.SECONDS));
        String output = Files.readString(log);
        assertEquals(0, process.exitValue(), output);
        Matcher peak = PEAK.matcher(output);
        assertTrue(peak.find(), output);
        return Long.parseLong(peak.group(1)) * 1024;
    }

    /** Small files can ask for much memory: 64 million pixels and 1,024 channels. */
    @ParameterizedTest
    @CsvSource({"segment IMAGE --out MASK", "evaluate unet --data FOLDER"})
    void whatNoMachineHasMemoryForIsRefused(String command) throws IOException {
        Path file = folder.resolve("wide.frq");
        try (Model model = Model.newInstance("unet")) {
            Shape input = new Shape(1, 3, 8, 8);
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optKept(3)
                            .build()
                            .apply(new UNet(1024, 1, 2), input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            FrequencyFile.save(model.getBlock(), file);
        }
        for (String kind : List.of("images", "masks")) {
            PngFile.write(
                    new BufferedImage(8000, 8000, BufferedImage.TYPE_BYTE_GRAY),
                    folder.resolve(kind + "/a.png"));
        }
        Path image = folder.resolve("images/a.png");
        Path mask = folder.resolve("mask.png");
        String arguments =
                command.replace("IMAGE", image.toString())
                        .replace("MASK", mask.toString())
                        .replace("FOLDER", folder.toString());
        ProgramRun run = ProgramRun.of((arguments + " --size 0 --weights " + file).split(" "));
        assertEquals(1, run.code());
        assertTrue(
                run.err()
                        .matches(
                                "error: "
                                        + Pattern.quote(image.toString())
                                        + " at 8000x8000: the segmentation takes up to"
                                        + " 1,2\\d\\d,\\d{3} MiB of memory but [0-9,]+ MiB are"
                                        + " available; a smaller --size takes less\\R"),
                run.err());
        assertTrue(Files.notExists(mask));
    }

    /** The published network has the same bound but for its weights, 31,024,960 numbers. */
    @Test
    void theHelpStatesTheBoundOfThePublishedNetwork() {
        try (Model model = Model.newInstance("unet")) {
            Shape input = new Shape(1, 3, 8, 8);
            UNet network = new UNet(PublishedUNet.WIDTH, 1, 2);
            model.setBlock(
                    FrequencyRegularization.builder().optKept(3).build().apply(network, input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            long weights = CompressionReport.of(model.getBlock()).getDenseBytes();
            ImageSize none = new ImageSize(0, 0);
            ImageSize pixel = new ImageSize(1, 1);
            long least = SegmentationMemory.of(model, none, none).total();
            long published = least + 2 * (4 * 31_024_960L - weights);
            String expected =
                    String.format(
                            "at most %d MiB, plus %d bytes for each pixel of the scaled image, plus"
                                    + " %d bytes for each pixel of the image",
                            (published + (1 << 20) - 1) >> 20,
                            SegmentationMemory.of(model, pixel, none).total() - least,
                            SegmentationMemory.of(model, none, pixel).total() - least);
            String help = ProgramRun.of("segment", "--help").out().replaceAll("\\s+", " ");
            assertTrue(help.contains(expected), expected + "; " + help);
        }
    }
}
