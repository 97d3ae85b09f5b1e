package io.github.freqreg.benchmarks;

import ai.djl.util.JsonUtils;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures all cases, each in processes of its own with one and with two threads, stores the
 * results in {@code benchmarks/results.json}, and writes the tables of {@code
 * benchmarks/README.md}.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All Layers VAE
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.All --tables
 * </pre>
 *
 * <p>With arguments, only the cases are measured whose names contain one of them. New results
 * replace older ones of the same case; other results are kept. {@code --tables} only writes the
 * tables.
 */
public final class All {

    private static final Path RESULTS = Path.of("benchmarks", "results.json");
    private static final int[] THREADS = {1, 2};

    private All() {}

    /**
     * Runs the program. The working directory must be the root of the project.
     *
     * @param args parts of the names of cases, or {@code --tables}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Readme.check();
        List<String> parts = List.of(args);
        Map<String, Comparison> results = read();
        List<Case> cases = Comparison.cases();
        if (!parts.contains("--tables")) {
            for (Case each : cases) {
                if (parts.isEmpty() || parts.stream().anyMatch(each.name()::contains)) {
                    for (int threads : THREADS) {
                        Comparison result = Comparison.fork(each, threads);
                        System.out.println(new Tables(List.of(result)));
                        results.put(result.name(), result);
                        write(cases, results);
                    }
                }
            }
        }
        Readme.write(All.class, new Tables(new ArrayList<>(results.values())).toString());
    }

    private static Map<String, Comparison> read() throws IOException {
        Map<String, Comparison> results = new LinkedHashMap<>();
        if (Files.exists(RESULTS)) {
            List<Comparison> stored =
                    JsonUtils.GSON.fromJson(
                            Files.readString(RESULTS),
                            new TypeToken<List<Comparison>>() {}.getType());
            stored.forEach(each -> results.put(each.name(), each));
        }
        return results;
    }

    /** Stores the results in the order of the cases. */
    private static void write(List<Case> cases, Map<String, Comparison> results)
            throws IOException {
        List<Comparison> sorted = new ArrayList<>();
        for (Case each : cases) {
            for (int threads : THREADS) {
                Comparison result = results.get(Comparison.name(each.name(), threads));
                if (result != null) {
                    sorted.add(result);
                }
            }
        }
        Files.writeString(RESULTS, JsonUtils.GSON_PRETTY.toJson(sorted) + "\n");
    }
}
