package io.github.freqreg.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Formats results as tables: a row for each case, a column for each way. The first way is the
 * baseline; the others have the ratio of its time to theirs.
 */
final class Tables {

    private static final String AUTO = "AUTO";

    private final Map<String, List<Comparison>> byTitle = new LinkedHashMap<>();

    Tables(List<Comparison> results) {
        for (Comparison result : results) {
            byTitle.computeIfAbsent(result.table(), title -> new ArrayList<>()).add(result);
        }
    }

    /** Returns all tables in Markdown. */
    @Override
    public String toString() {
        List<String> tables = new ArrayList<>();
        byTitle.forEach((title, rows) -> tables.add(table(title, rows)));
        return String.join("\n", tables);
    }

    private static String table(String title, List<Comparison> rows) {
        Set<String> ways = new LinkedHashSet<>();
        rows.forEach(row -> ways.addAll(row.ways().keySet()));
        boolean picks = ways.contains(AUTO) && ways.size() > 2;
        String baseline = ways.iterator().next();
        List<String> head = new ArrayList<>(List.of("", "threads", baseline + ", ms"));
        ways.stream().skip(1).forEach(head::add);
        if (picks) {
            head.add("best other way / AUTO");
        }
        head.add("load");
        StringBuilder table = new StringBuilder("### " + title + "\n\n");
        line(table, head);
        line(table, head.stream().map(cell -> "---").toList());
        for (Comparison row : rows) {
            List<String> cells = new ArrayList<>(List.of(row.row(), "" + row.threads()));
            cells.add(number(row.ways().get(baseline).milliseconds()));
            ways.stream().skip(1).forEach(way -> cells.add(text(row.ways().get(way).faster())));
            if (picks) {
                cells.add(text(row.ways().get(AUTO).best()));
            }
            cells.add(String.format(Locale.ROOT, "%.1f", row.load()));
            line(table, cells);
        }
        return table.toString();
    }

    private static void line(StringBuilder table, List<String> cells) {
        table.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String text(Ratio ratio) {
        return ratio.isPrecise()
                ? number(ratio.value())
                        + " ["
                        + number(ratio.low())
                        + ", "
                        + number(ratio.high())
                        + "]"
                : "not precise";
    }

    /** Formats a value with three significant digits; the measurements are not more precise. */
    private static String number(double value) {
        int digits = (int) Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }
}
