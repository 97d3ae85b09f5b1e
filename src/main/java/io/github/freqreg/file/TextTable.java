package io.github.freqreg.file;

import java.util.List;

/** Formats a table with aligned columns. */
final class TextTable {

    private TextTable() {}

    /**
     * Formats a table.
     *
     * @param rows the cells, the same number in each row
     * @param texts how many columns are aligned to the left; the others are aligned to the right
     * @return the lines, each with a line separator
     */
    static String of(List<String[]> rows, int texts) {
        int columns = rows.get(0).length;
        int[] widths = new int[columns];
        for (String[] row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        StringBuilder table = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String padding = " ".repeat(widths[i] - row[i].length());
                line.append(i < texts ? row[i] + padding : padding + row[i]).append("  ");
            }
            table.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        return table.toString();
    }
}
