package io.github.freqreg.examples.report;

import io.github.freqreg.examples.tasks.Epoch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The learning curves of one or two trainings.
 *
 * @param metric the name of the metric on the validation examples
 * @param runs the epochs of each training by its name, in drawing order
 */
public record Learning(String metric, Map<String, List<Epoch>> runs) {

    private static final int METRIC = 40;

    /** Reads the curves from a file that {@code train --json} has written. */
    public static Learning read(Path file) throws IOException {
        ResultJson result = ResultJson.read(file);
        Map<String, List<Epoch>> runs = new LinkedHashMap<>();
        boolean compared = result.has("denseCurve");
        if (compared) {
            runs.put("dense", epochs(result, "denseCurve"));
        }
        // A single curve may also belong to a training with --dense.
        runs.put(compared ? "compressed" : "network", epochs(result, "curve"));
        return new Learning(Labels.shorten(result.text("metric"), METRIC), runs);
    }

    private static List<Epoch> epochs(ResultJson result, String curve) {
        return result.list(curve).stream().map(Learning::epoch).toList();
    }

    private static Epoch epoch(ResultJson values) {
        double number = values.number("number");
        double numbers = values.number("numbers");
        if (number < 1 || number > Integer.MAX_VALUE || numbers < 1 || numbers > Long.MAX_VALUE) {
            throw values.error("epoch " + number + " has " + numbers + " numbers");
        }
        double seconds = values.has("seconds") ? values.number("seconds") : 0;
        return new Epoch(
                (int) number,
                values.number("loss"),
                values.number("validation"),
                (long) numbers,
                seconds);
    }
}
