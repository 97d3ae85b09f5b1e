package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.data.Scene;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A UNet is trained, evaluated and used to segment, from files with and without names. */
class UNetCommandsTest {

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"--names", ""})
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
                "train unet --epochs 2 --width 3 --depth 2 --size 24 --budget-bytes 900 --batch-size 2"
                        + " --out %s --data %s --json %s "
                        + names;
        Path json = folder.resolve("unet.json");
        assertEquals(0, Main.run(train.formatted(file, data, json).strip().split(" ")));
        assertTrue(Files.readString(json).contains("\"metric\": \"dice\""));
        assertTrue(Files.size(Path.of(file)) < 1_000);
        String options = names.isEmpty() ? " --width 3 --depth 2" : "";
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
        assertEquals(names.isEmpty() ? 1 : 0, Main.run("inspect", file));
    }

    static void write(Scene scene, Path file, boolean mask) throws IOException {
        if (mask) {
            Masks.write(Masks.of(scene.mask()), scene.image(), file);
        } else {
            PngFile.write(scene.image(), file);
        }
    }
}
