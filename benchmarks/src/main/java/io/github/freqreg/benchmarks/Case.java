package io.github.freqreg.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Several ways to compute the same thing, which are timed side by side.
 *
 * @param table the title of the table that the result belongs to
 * @param row the name of the result in this table
 * @param ways what is timed, by name; the first is the baseline
 */
public record Case(String table, String row, Map<String, Supplier<Timed>> ways) {

    /**
     * Returns a case.
     *
     * @param table the title of the table that the result belongs to
     * @param row the name of the result in this table
     * @param ways the ways; the first is the baseline
     * @param maker prepares a way
     * @param <W> the type of the ways
     * @return the case
     */
    public static <W extends Enum<W>> Case of(
            String table, String row, List<W> ways, Function<W, Timed> maker) {
        Map<String, Supplier<Timed>> named = new LinkedHashMap<>();
        for (W way : ways) {
            named.put(way.name(), () -> maker.apply(way));
        }
        return new Case(table, row, named);
    }

    /** Returns the table and the row. */
    String name() {
        return row.isEmpty() ? table : table + " " + row;
    }
}
