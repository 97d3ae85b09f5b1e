package io.github.freqreg.examples.report;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Score;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The JSON file of a result, as {@code train --json} and {@code evaluate --json} write it. */
public final class ResultJson {

    private final Path file;
    private final JsonObject values;

    private ResultJson(Path file, JsonObject values) {
        this.file = file;
        this.values = values;
    }

    /**
     * Returns the values that every result contains.
     *
     * @param network the network
     * @param data the data that it was measured on
     * @param score the result on the test set
     * @param numbers the numbers in the file
     * @param bytes the size of the file
     * @return the values by name
     */
    public static Map<String, Object> of(
            Network network, DataSet data, Score score, long numbers, long bytes) {
        Map<String, Object> examples = new LinkedHashMap<>();
        examples.put("name", data.name());
        if (data.training() > 0) {
            examples.put("training", data.training());
            examples.put("validation", data.validation());
        }
        examples.put("test", data.test());
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("model", network.command());
        result.put("data", examples);
        result.put("metric", score.metric().toLowerCase(Locale.ROOT));
        result.put("value", score.value());
        result.put("numbers", numbers);
        result.put("bytes", bytes);
        return result;
    }

    /**
     * Writes a result, with a description of the machine.
     *
     * @param file the path
     * @param result the values by name
     * @param device the device that computed the result
     */
    public static void write(Path file, Map<String, Object> result, Device device)
            throws IOException {
        Map<String, Object> all = new LinkedHashMap<>(result);
        all.put("machine", machine(device));
        String text = JsonUtils.GSON_PRETTY.toJson(all) + System.lineSeparator();
        WholeFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, Object> machine(Device device) {
        Engine engine = Engine.getInstance();
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("system", System.getProperty("os.name"));
        machine.put("architecture", System.getProperty("os.arch"));
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        machine.put("java", System.getProperty("java.version"));
        machine.put("engine", engine.getEngineName() + " " + engine.getVersion());
        machine.put("device", device.toString());
        String threads = System.getProperty("ai.djl.pytorch.num_threads");
        if (threads != null) {
            machine.put("threads", threads);
        }
        return machine;
    }

    /**
     * Reads a result.
     *
     * @param file the path
     * @return the values
     * @throws DataException if the file is not a JSON object
     */
    public static ResultJson read(Path file) throws IOException {
        JsonElement element;
        try {
            element = JsonUtils.GSON.fromJson(Files.readString(file), JsonElement.class);
        } catch (JsonParseException | CharacterCodingException e) {
            throw new DataException(message(file, "it is not JSON"), e);
        }
        if (element == null || !element.isJsonObject()) {
            throw new DataException(message(file, "it is not a JSON object"));
        }
        return new ResultJson(file, element.getAsJsonObject());
    }

    private static String message(Path file, String found) {
        return file + ": expected what train --json has written, but " + found;
    }

    /** Creates an exception about this file, for a valid result that cannot be used. */
    public DataException error(String message) {
        return new DataException(file + ": " + message);
    }

    private DataException missing(String found) {
        return new DataException(message(file, found));
    }

    public boolean has(String name) {
        return values.has(name);
    }

    public String text(String name) {
        JsonElement value = values.get(name);
        if (value == null || !value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
            throw missing("there is no text '" + name + "'");
        }
        return value.getAsString();
    }

    public double number(String name) {
        JsonElement value = values.get(name);
        double number = Double.NaN;
        if (value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
            number = value.getAsDouble();
        }
        if (!Double.isFinite(number)) {
            throw missing("there is no finite number '" + name + "'");
        }
        return number;
    }

    /** Returns the object with the given name. */
    public ResultJson part(String name) {
        JsonElement value = values.get(name);
        if (value == null || !value.isJsonObject()) {
            throw missing("there is no '" + name + "' with values");
        }
        return new ResultJson(file, value.getAsJsonObject());
    }

    /** Returns the objects in the list with the given name. */
    public List<ResultJson> list(String name) {
        JsonElement value = values.get(name);
        if (value == null
                || !value.isJsonArray()
                || !value.getAsJsonArray().asList().stream().allMatch(JsonElement::isJsonObject)) {
            throw missing("there is no list '" + name + "' of values");
        }
        return value.getAsJsonArray().asList().stream()
                .map(each -> new ResultJson(file, each.getAsJsonObject()))
                .toList();
    }
}
