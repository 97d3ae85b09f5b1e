package io.github.freqreg.benchmarks;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs benchmarks, stores their results in {@code benchmarks/results.json}, and writes the tables
 * of {@code benchmarks/README.md}.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All LayerBenchmark
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All --tables
 * </pre>
 *
 * <p>The arguments are JMH's options; without any, all benchmarks run. New results replace older
 * ones of the same benchmark and parameters; other results are kept. {@code --tables} only writes
 * the tables.
 */
public final class All {

    private static final Path RESULTS = Path.of("benchmarks", "results.json");
    private static final Path README = Path.of("benchmarks", "README.md");

    private All() {}

    /**
     * Runs the program. The working directory must be the root of the project.
     *
     * @param args options of JMH, or {@code --tables}
     */
    public static void main(String[] args)
            throws IOException, RunnerException, CommandLineOptionException {
        if (!Files.exists(README)) {
            throw new IOException(
                    README.toAbsolutePath()
                            + " does not exist: run this program in the root of the project");
        }
        if (!Arrays.asList(args).contains("--tables")) {
            Path fresh = Files.createTempFile("benchmarks", ".json");
            new Runner(
                            new OptionsBuilder()
                                    .parent(new CommandLineOptions(args))
                                    .resultFormat(ResultFormatType.JSON)
                                    .result(fresh.toString())
                                    .shouldFailOnError(true)
                                    .build())
                    .run();
            merge(fresh);
            Files.delete(fresh);
        }
        new Tables(read(RESULTS)).write(README);
    }

    private static JsonArray read(Path file) throws IOException {
        return JsonUtils.GSON.fromJson(Files.readString(file), JsonArray.class);
    }

    private static void merge(Path fresh) throws IOException {
        Map<String, JsonElement> all = new LinkedHashMap<>();
        for (Path file : new Path[] {RESULTS, fresh}) {
            if (Files.exists(file)) {
                for (JsonElement each : read(file)) {
                    JsonObject result = each.getAsJsonObject();
                    // These contain paths of the machine.
                    result.remove("jvm");
                    result.remove("jvmArgs");
                    all.put(result.get("benchmark") + " " + result.get("params"), result);
                }
            }
        }
        JsonArray merged = new JsonArray();
        all.values().forEach(merged::add);
        Files.writeString(RESULTS, JsonUtils.GSON_PRETTY.toJson(merged) + "\n");
    }
}
