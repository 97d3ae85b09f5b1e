package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.SharedData;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The published UNet: imported, evaluated, compressed and exported by the program. */
class PublishedUNetTest {

    @TempDir private Path folder;

    @Test
    void thePublishedUNetReachesThePublishedDice() throws Exception {
        Path checkpoint = checkpoint();
        Path data = checkpoint.getParent().getParent();
        Path file = folder.resolve("unet.frq");
        assertEquals(0, Main.run("import-frereg", checkpoint.toString(), "--out", file.toString()));
        assertTrue(Files.size(file) <= 1_530, Files.size(file) + " bytes");
        CompressionReport report =
                FrqReport.of(SizedDocument.read(file), PublishedUNet.build(), PublishedUNet.INPUT);
        assertEquals(759, report.getKept());
        assertEquals(31_024_960, report.getOriginal());
        assertEquals(PublishedUNet.FINGERPRINT, FrqDocument.read(file).fingerprint());
        Map<String, Double> golden = goldenDice();
        Map<String, Double> found = dice(file, data);
        assertEquals(8, found.size());
        found.forEach((name, dice) -> assertEquals(golden.get(name), dice, 2e-4, name));
        assertEquals(average(golden), average(found), 2e-4);

        // Compressed to 700 bytes, it loses less than 0.001 of the Dice coefficient.
        String compress = "compress unet --weights %s --budget-bytes 700 --epochs 0 --out %s";
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
            for (ImagePair pair : ImagePair.pairs(data.resolve("carvana"))) {
                BufferedImage image = ImageFile.readRgb(pair.image());
                boolean[] told = Segmentation.segment(model, image);
                found.put(pair.name(), Segmentation.dice(told, Masks.read(pair, image)));
            }
        }
        return found;
    }

    /** Reads the published implementation's figures from the core's copy of golden/unet.json. */
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
        PngFile.write(Scene.draw(32, new Random(1)).image(), image);
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
            // Any connection would fail at this proxy, a port without a listener.
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
            // Files of the virtual machine, which its next start removes.
            assertEquals(
                    List.of(),
                    left.filter(f -> !f.getFileName().toString().startsWith("hsperf")).toList());
        }
    }

    private static Path checkpoint() {
        return SharedData.find("frereg-unet/unet_fr.pt");
    }
}
