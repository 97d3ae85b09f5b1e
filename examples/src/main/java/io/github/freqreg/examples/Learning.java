package io.github.freqreg.examples;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.github.freqreg.examples.Training.Epoch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How networks were trained.
 *
 * @param metric what their figure on the test set is
 * @param runs the epochs of each by its name, in the order of drawing
 */
record Learning(String metric, Map<String, List<Epoch>> runs) {

    private static final int METRIC = 40;

    /** Reads what {@code train --json} has written. */
    static Learning read(Path file) throws IOException {
        return ResultJson.read(
                file,
                result -> {
                    Map<String, List<Epoch>> runs = new LinkedHashMap<>();
                    boolean compared = result.has("denseCurve");
                    if (compared) {
                        runs.put("dense", epochs(result.getAsJsonArray("denseCurve")));
                    }
                    // Alone, it may be of a training with --dense.
                    runs.put(
                            compared ? "compressed" : "network",
                            epochs(result.getAsJsonArray("curve")));
                    return new Learning(
                            Labels.shorten(result.get("metric").getAsString(), METRIC), runs);
                });
    }

    private static List<Epoch> epochs(JsonArray curve) {
        return curve.asList().stream().map(each -> epoch(each.getAsJsonObject())).toList();
    }

    private static Epoch epoch(JsonObject values) {
        Epoch epoch = JsonUtils.GSON.fromJson(values, Epoch.class);
        if (epoch.number() < 1
                || epoch.numbers() < 1
                || !Double.isFinite(epoch.loss())
                || !Double.isFinite(epoch.value())) {
            throw new JsonParseException(
                    "an epoch has a number, a loss, a value and numbers, but found " + values);
        }
        return epoch;
    }
}
