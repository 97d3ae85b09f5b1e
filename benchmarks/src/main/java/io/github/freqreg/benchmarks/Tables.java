package io.github.freqreg.benchmarks;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * JMH's results as tables: a row for each case, a column for each way. The first way is the
 * baseline; the others tell how many times less they take.
 */
final class Tables {

    private static final String BEGIN = "<!-- tables: written by All -->";
    private static final String END = "<!-- end of tables -->";
    private static final String WAY = "way";

    /** By title, case and way. */
    private final Map<String, Map<String, Map<String, Figure>>> tables = new LinkedHashMap<>();

    /** A mean and the half of its 99.9% interval. */
    private record Figure(double mean, double error) {

        static Figure of(JsonObject metric) {
            // With one measurement there is no interval, which JMH writes as "NaN".
            return new Figure(
                    metric.get("score").getAsDouble(), metric.get("scoreError").getAsDouble());
        }

        private String text() {
            return Double.isNaN(error) ? number(mean) : number(mean) + " ± " + number(error);
        }
    }

    Tables(JsonArray results) {
        for (JsonElement each : results) {
            JsonObject result = each.getAsJsonObject();
            String[] path = result.get("benchmark").getAsString().split("\\.", -1);
            String title = path[path.length - 2] + "." + path[path.length - 1];
            StringBuilder row = new StringBuilder();
            JsonObject params = result.getAsJsonObject("params");
            for (Map.Entry<String, JsonElement> param : params.entrySet()) {
                if (!param.getKey().equals(WAY)) {
                    row.append(row.isEmpty() ? "" : ", ").append(param.getValue().getAsString());
                }
            }
            String way = params.get(WAY).getAsString();
            JsonObject time = result.getAsJsonObject("primaryMetric");
            String unit = time.get("scoreUnit").getAsString().replace("/op", "");
            add(title + ", " + unit, row.toString(), way, Figure.of(time));
            JsonObject counters = result.getAsJsonObject("secondaryMetrics");
            for (Map.Entry<String, JsonElement> counter : counters.entrySet()) {
                Figure figure = Figure.of(counter.getValue().getAsJsonObject());
                add(title + ", " + counter.getKey(), row.toString(), way, figure);
            }
        }
    }

    private void add(String title, String row, String way, Figure figure) {
        tables.computeIfAbsent(title, t -> new LinkedHashMap<>())
                .computeIfAbsent(row, r -> new LinkedHashMap<>())
                .put(way, figure);
    }

    /** Writes the tables into a text, in the place of those that are there. */
    void write(Path readme) throws IOException {
        String text = Files.readString(readme);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(readme + ": expected " + BEGIN + " and " + END);
        }
        StringBuilder made = new StringBuilder();
        tables.forEach((title, rows) -> made.append('\n').append(table(title, rows)));
        String before = text.substring(0, begin + BEGIN.length());
        Files.writeString(readme, before + "\n" + made + "\n" + text.substring(end));
    }

    private static String table(String title, Map<String, Map<String, Figure>> rows) {
        Set<String> ways = new LinkedHashSet<>();
        rows.values().forEach(row -> ways.addAll(row.keySet()));
        boolean picks = ways.contains("AUTO") && ways.contains("FACTORED");
        List<String> head = new ArrayList<>(List.of(""));
        head.addAll(ways);
        if (picks) {
            head.add("AUTO against the best");
        }
        StringBuilder table = new StringBuilder("### " + title + "\n\n");
        line(table, head);
        line(table, head.stream().map(cell -> "---").toList());
        rows.forEach(
                (name, row) -> {
                    List<String> cells = new ArrayList<>(List.of(name));
                    Figure baseline = row.values().iterator().next();
                    for (String way : ways) {
                        cells.add(cell(row.get(way), baseline));
                    }
                    if (picks) {
                        cells.add(againstBest(row));
                    }
                    line(table, cells);
                });
        return table.toString();
    }

    private static void line(StringBuilder table, List<String> cells) {
        table.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String cell(Figure figure, Figure baseline) {
        if (figure == null) {
            return "";
        }
        return figure.equals(baseline)
                ? figure.text()
                : figure.text() + " (" + number(baseline.mean / figure.mean) + "×)";
    }

    /** How much longer the pick takes than the best of the ways that it can pick. */
    private static String againstBest(Map<String, Figure> row) {
        double best =
                row.entrySet().stream()
                        .filter(way -> !way.getKey().equals("DENSE"))
                        .mapToDouble(way -> way.getValue().mean)
                        .min()
                        .orElseThrow();
        return String.format(Locale.ROOT, "%+.0f%%", 100 * (row.get("AUTO").mean / best - 1));
    }

    /** Three digits, as many as such measurements bear. */
    private static String number(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return String.valueOf(value);
        }
        int digits = (int) Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }
}
