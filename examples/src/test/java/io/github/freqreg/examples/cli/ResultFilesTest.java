package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.data.TinyData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The JSON files of {@code train} and {@code evaluate}, and their chart by {@code compare}. */
class ResultFilesTest extends ProgramTest {

    @TempDir private Path folder;

    @Test
    void resultsNameTheirDataAndTheirMachine() throws IOException {
        Path file = folder.resolve("a.frq");
        Path data = TinyData.mnist(folder);
        Path json = folder.resolve("a.json");
        String train =
                "train lenet --data %s --epochs 1 --keep 20 --subset 40 --out %s" + " --json %s";
        assertEquals(0, run(train.formatted(data, file, json).split(" ")), err);
        JsonObject trained = JsonUtils.GSON.fromJson(Files.readString(json), JsonObject.class);
        JsonObject its = trained.getAsJsonObject("data");
        assertEquals("mnist", its.get("name").getAsString());
        assertEquals(36, its.get("training").getAsInt());
        assertEquals(4, its.get("validation").getAsInt());
        assertEquals(64, its.get("test").getAsInt());

        Path again = folder.resolve("b.json");
        String evaluate = "evaluate lenet --data %s --weights %s --json %s";
        assertEquals(0, run(evaluate.formatted(data, file, again).split(" ")), err);
        JsonObject measured = JsonUtils.GSON.fromJson(Files.readString(again), JsonObject.class);
        for (String name : List.of("model", "metric", "value", "numbers", "bytes", "machine")) {
            assertEquals(trained.get(name), measured.get(name), name);
        }
        assertEquals(64, measured.getAsJsonObject("data").get("test").getAsInt());
        JsonObject machine = measured.getAsJsonObject("machine");
        assertEquals(System.getProperty("os.arch"), machine.get("architecture").getAsString());
        assertEquals("cpu()", machine.get("device").getAsString());
        assertTrue(machine.get("engine").getAsString().startsWith("PyTorch "));

        // These digits are not MNIST's.
        Path picture = folder.resolve("c.png");
        assertEquals(1, run("compare", again.toString(), "--out", picture.toString()));
        assertOneLine("b.json: expected a result on MNIST's test set");
        assertFalse(Files.exists(picture));
        its.addProperty("name", "MNIST");
        Files.writeString(json, trained.toString());
        assertEquals(0, run("compare", json.toString(), "--out", picture.toString()), err);
        assertTrue(Files.size(picture) > 1_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "[1]",
                "5",
                "null",
                "{",
                "{}",
                "{\"model\": 5}",
                "{\"model\": {}}",
                "{\"model\": \"vgg\"}",
                "{\"model\": \"lenet\"}",
                "{\"model\": \"lenet\", \"data\": 7}",
                "{\"model\": \"lenet\", \"data\": {}}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"value\": 1}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": \"1\"}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": 1e999}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": 1, \"value\": []}"
            })
    void resultsThatAreNoneAreNamed(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("r.json"), json);
        Path picture = folder.resolve("c.png");
        assertEquals(1, run("compare", file.toString(), "--out", picture.toString()));
        assertOneLine("r.json: expected ");
    }
}
