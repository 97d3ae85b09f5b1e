package io.github.freqreg.benchmarks;

import ai.djl.util.JsonUtils;
import io.github.freqreg.benchmarks.execution.GrowthBenchmark;
import io.github.freqreg.benchmarks.execution.LayerBenchmark;
import io.github.freqreg.benchmarks.format.LoadBenchmark;
import io.github.freqreg.benchmarks.spectrum.InverseDctBenchmark;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The result of a {@link Case}, and the program that measures one in a process of its own.
 *
 * @param table the title of the case's table
 * @param row the name of the case in this table
 * @param threads the threads of the engine
 * @param load the number of busy processes on the machine in the minute before
 * @param rounds how often each way had its turn
 * @param ways the results of the ways, by name
 */
record Comparison(
        String table, String row, int threads, double load, int rounds, Map<String, Result> ways) {

    /**
     * The result of one way.
     *
     * @param milliseconds the median time
     * @param faster the ratio of the baseline's time to this one
     * @param best the ratio of the fastest other way's time to this one; the baseline does not
     *     count
     */
    record Result(double milliseconds, Ratio faster, Ratio best) {}

    /** Returns the name of the case and the number of threads. */
    String name() {
        return name(new Case(table, row, Map.of()).name(), threads);
    }

    /** Returns the name of the result of a case. */
    static String name(String measured, int threads) {
        return measured + ", threads " + threads;
    }

    /** Returns all cases. */
    static List<Case> cases() {
        return Stream.of(
                        UNetBenchmark.cases(),
                        NetworkBenchmark.cases(),
                        LayerBenchmark.cases(),
                        GrowthBenchmark.cases(),
                        InverseDctBenchmark.cases(),
                        LoadBenchmark.cases())
                .flatMap(List::stream)
                .toList();
    }

    /**
     * Measures a case.
     *
     * @param args the name of the case, the threads, and the JSON file to write
     */
    public static void main(String[] args) throws IOException {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        Case measured =
                cases().stream()
                        .filter(each -> each.name().equals(args[0]))
                        .findFirst()
                        .orElseThrow();
        Comparison comparison = measure(measured, Integer.parseInt(args[1]), load);
        Files.writeString(Path.of(args[2]), JsonUtils.GSON.toJson(comparison));
    }

    private static Comparison measure(Case measured, int threads, double load) {
        List<Timed> opened = new ArrayList<>();
        try {
            for (Supplier<Timed> way : measured.ways().values()) {
                opened.add(way.get());
            }
            List<double[]> times = SideBySide.time(opened);
            Map<String, Result> results = new LinkedHashMap<>();
            int index = 0;
            for (String way : measured.ways().keySet()) {
                results.put(way, result(times, index++));
            }
            return new Comparison(
                    measured.table(), measured.row(), threads, load, times.get(0).length, results);
        } finally {
            opened.forEach(Timed::close);
        }
    }

    private static Result result(List<double[]> times, int index) {
        double[] own = times.get(index);
        double[] best = own;
        for (int i = 1; i < times.size(); i++) {
            boolean faster = best == own || Ratio.median(times.get(i)) < Ratio.median(best);
            if (i != index && faster) {
                best = times.get(i);
            }
        }
        return new Result(
                1_000 * Ratio.median(own), Ratio.of(times.get(0), own), Ratio.of(best, own));
    }

    /** Measures a case in a new process. */
    static Comparison fork(Case measured, int threads) throws IOException, InterruptedException {
        Path file = Files.createTempFile("comparison", ".json");
        Fork.run(
                Comparison.class,
                threads,
                measured.name(),
                String.valueOf(threads),
                file.toString());
        Comparison comparison = JsonUtils.GSON.fromJson(Files.readString(file), Comparison.class);
        Files.delete(file);
        return comparison;
    }
}
