package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.data.TinyData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code train}: its networks, files and output. */
class TrainCommandTest extends ProgramTest {

    private static final Pattern SCORE = Pattern.compile("accuracy \\S+ \\(\\d+ of \\d+\\)");

    @TempDir private Path folder;

    @Test
    void trainsSavesLoadsAndEvaluatesToTheLastDigit() throws IOException {
        Path file = folder.resolve("a/lenet.frq");
        Path json = folder.resolve("lenet.json");
        int code =
                run(
                        "train",
                        "lenet",
                        "--epochs",
                        "1",
                        "--out",
                        file.toString(),
                        "--json",
                        json.toString());
        assertEquals(0, code, err);
        String trained = lastScore();

        JsonObject values = JsonUtils.GSON.fromJson(Files.readString(json), JsonObject.class);
        assertEquals("lenet", values.get("model").getAsString());
        assertEquals("accuracy", values.get("metric").getAsString());
        assertTrue(Files.size(file) <= 1_500, Files.size(file) + " bytes");
        assertEquals(Files.size(file), values.get("bytes").getAsLong());
        assertEquals(1, values.get("epochs").getAsInt());
        assertEquals(1, values.get("seed").getAsInt());
        assertTrue(values.get("seconds").getAsDouble() > 0);
        assertTrue(values.get("value").getAsDouble() > 0.5, "better than chance");

        assertEquals(0, run("evaluate", "lenet", "--weights", file.toString()));
        assertEquals(trained, lastScore());

        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("431,080"), out);
        assertEquals(0, run("inspect", file.toString(), "--format", "json"));
        assertEquals(
                Files.size(file),
                JsonUtils.GSON.fromJson(out, JsonObject.class).get("bytes").getAsLong());
    }

    @Test
    void theSameSeedGivesTheSameFile() throws IOException {
        Path data = TinyData.mnist(folder);
        byte[][] files = new byte[3][];
        for (int i = 0; i < 3; i++) {
            Path file = folder.resolve(i + ".frq");
            String seed = i < 2 ? "7" : "8";
            assertEquals(
                    0,
                    run(
                            "train",
                            "lenet",
                            "--data",
                            data.toString(),
                            "--epochs",
                            "2",
                            "--budget",
                            "776",
                            "--seed",
                            seed,
                            "--truncate",
                            "0.5",
                            "--out",
                            file.toString()),
                    err);
            files[i] = Files.readAllBytes(file);
        }
        assertArrayEquals(files[0], files[1]);
        assertFalse(Arrays.equals(files[0], files[2]), "another seed, another file");
    }

    @Test
    void comparesWithTheDenseNetwork() throws IOException {
        assertEquals(
                0,
                run(
                        "train",
                        "lenet",
                        "--data",
                        TinyData.mnist(folder).toString(),
                        "--epochs",
                        "1",
                        "--baseline",
                        "--keep",
                        "20",
                        "--out",
                        folder.resolve("b.frq").toString()),
                err);
        assertTrue(out.contains("dense              1      431,080      1,724,320"), out);
        assertTrue(out.contains("compressed         1          660"), out);
    }

    @Test
    void trainsThePlainNetworkToo() throws IOException {
        Path file = folder.resolve("dense.frq");
        assertEquals(
                0,
                run(
                        "train",
                        "lenet",
                        "--data",
                        TinyData.mnist(folder).toString(),
                        "--epochs",
                        "1",
                        "--dense",
                        "--out",
                        file.toString()),
                err);
        // The coder stores eleven bits of each float16 unmodelled.
        assertTrue(Files.size(file) > 431_080 * 11 / 8);
        assertEquals(
                0,
                run(
                        "evaluate",
                        "lenet",
                        "--data",
                        TinyData.mnist(folder).toString(),
                        "--weights",
                        file.toString()),
                err);
    }

    /** Trains every network on embedded or generated data. */
    @ParameterizedTest
    @CsvSource({
        "alexnet --width 2, accuracy, false",
        "vgg --width 2, accuracy, false",
        "resnet18 --width 2, accuracy, false",
        "vit --width 64, accuracy, false",
        "unet --width 2 --depth 2 --size 16, Dice, false",
        "dcgan --width 2, Fréchet distance, true",
        "vae --width 16, evidence bound, true",
    })
    void trainsEveryNetwork(String network, String metric, boolean draws) throws IOException {
        Path file = folder.resolve("net.frq");
        String train =
                "train %s --paper v3 --baseline --epochs 2 --subset 64 --optimizer sgd --learning-rate 0.0001"
                        + " --out %s --plot %s";
        assertEquals(0, run(train.formatted(network, file, folder).split(" ")), err);
        String last = out.lines().filter(line -> line.startsWith("compressed")).toList().get(0);
        String score = last.substring(last.indexOf(metric));
        assertTrue(Files.size(folder.resolve("learning.png")) > 1_000);
        assertEquals(draws, Files.exists(folder.resolve("dense.png")));
        assertEquals(draws, Files.exists(folder.resolve("compressed.png")));
        if (!network.startsWith("unet")) {
            String evaluate = "evaluate %s --weights %s";
            String shape = network;
            assertEquals(0, run(evaluate.formatted(shape, file).split(" ")), err);
            assertEquals(score, out.strip());
        }
    }

    /** The paper's axes and amounts, for weights alone. */
    @Test
    void thePublishedMethodIsOneOption() throws IOException {
        String train = "train lenet --epochs 1 --data %s --out %s --paper";
        Path file = folder.resolve("lenet.frq");
        assertEquals(0, run(train.formatted(TinyData.mnist(folder), file).split(" ")), err);
        assertTrue(out.contains("compressed         1          776"), out);
        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("500x800 ") && !out.contains("500x50x4x4"), out);
    }

    @Test
    void axesAndBytesAreAutomatic() throws IOException {
        String train = "train lenet --epochs 2 --data %s --names --out %s";
        Path file = folder.resolve("lenet.frq");
        assertEquals(0, run(train.formatted(TinyData.mnist(folder), file).split(" ")), err);
        assertTrue(Files.size(file) <= 1_500, Files.size(file) + " bytes");
        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("500x800 as 500x50x4x4 weighted 1:2:3:3"), out);
        assertTrue(out.contains("steps of"), out);
    }

    @ParameterizedTest
    @CsvSource({
        "lenet --unrounded 0, 900",
        "resnet18 --width 2 --rate-weight 0.00001, 1500",
        "vae --width 16, 900",
        "dcgan --width 2 --keep 9, 700"
    })
    void aBudgetOfBytesIsKeptTo(String network, long bytes) throws IOException {
        String train = "train %s --subset 32 --epochs 2 --budget-bytes %d --out %s";
        Path file = folder.resolve("net.frq");
        assertEquals(0, run(train.formatted(network, bytes, file).split(" ")), err);
        assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes");
        assertTrue(Files.size(file) > bytes / 2, Files.size(file) + " bytes");
    }

    @Test
    void vaeWeightsAreSplitIntoRowsAndColumns() throws IOException {
        String train = "train vae --budget-bytes 900 --names --epochs 2 --subset 50 --out %s";
        Path file = folder.resolve("vae.frq");
        assertEquals(0, run(train.formatted(file).split(" ")), err);
        assertTrue(out.contains("400x28x28") && out.contains("28x28x400"), out);
    }

    @Test
    void aDivergingTrainingFailsWithAMessage() throws IOException {
        assertEquals(
                1,
                run(
                        "train",
                        "lenet",
                        "--data",
                        TinyData.mnist(folder).toString(),
                        "--epochs",
                        "30",
                        "--learning-rate",
                        "1e30",
                        "--out",
                        folder.resolve("x.frq").toString()));
        assertOneLine("try a --learning-rate below 1.0E30");
    }

    private String lastScore() {
        Matcher matcher = SCORE.matcher(out);
        String last = null;
        while (matcher.find()) {
            last = matcher.group();
        }
        return last;
    }
}
