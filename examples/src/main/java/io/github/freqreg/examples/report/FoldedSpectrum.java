package io.github.freqreg.examples.report;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The magnitudes of a tensor's kept coefficients in two dimensions. Rows are the frequencies along
 * the first axis with more than one element, columns those along the second such axis.
 *
 * <p>A cell has the largest magnitude over the frequencies along all other axes. If there are more
 * frequencies than cells, neighbouring frequencies share a cell.
 *
 * @param rows the number of rows; 1 if only one axis has more than one element
 * @param columns the number of columns
 * @param rowStep the number of frequencies that share a row
 * @param columnStep the number of frequencies that share a column
 * @param rowLabel the label of the row axis; empty if there is only one row
 * @param columnLabel the label of the column axis
 * @param cells the magnitudes row by row, lowest frequency first; NaN if no coefficient is kept
 * @param drawn the number of coefficients that were used, the first ones in zigzag order
 * @param folding a description of how other axes were folded; may be empty
 */
record FoldedSpectrum(
        int rows,
        int columns,
        int rowStep,
        int columnStep,
        Optional<String> rowLabel,
        String columnLabel,
        float[] cells,
        int drawn,
        String folding) {

    /** The largest number of rows and of columns. */
    static final int MOST_CELLS = 128;

    /** The largest number of coefficients of a tensor that are used. */
    static final int MOST_COEFFICIENTS = 1 << 20;

    /** The names that DJL gives to the weights of these layers. */
    private static final Pattern LAYER =
            Pattern.compile("(Transposed)?(?:Conv[123]d|Linear)(Transpose)?_weight$");

    private static final String[] AXES = {"outputs", "inputs", "kernel rows", "kernel columns"};

    /** Folds the coefficients of a tensor that has a name and a shape. */
    static FoldedSpectrum of(FrqEntry tensor) {
        int drawn = Math.min(tensor.values().length, MOST_COEFFICIENTS);
        ZigzagMask mask = tensor.axes().mask(tensor.shape(), drawn);
        Shape box = mask.getBox();
        List<Integer> axes = new ArrayList<>();
        for (int axis = 0; axis < box.dimension(); axis++) {
            if (mask.getShape().get(axis) > 1) {
                axes.add(axis);
            }
        }
        int down = axes.size() > 1 ? axes.get(0) : -1;
        int across = axes.isEmpty() ? 0 : axes.get(axes.size() > 1 ? 1 : 0);
        int allRows = down < 0 ? 1 : (int) box.get(down);
        int allColumns = (int) box.get(across);
        int rowStep = (allRows + MOST_CELLS - 1) / MOST_CELLS;
        int columnStep = (allColumns + MOST_CELLS - 1) / MOST_CELLS;
        int rows = (allRows + rowStep - 1) / rowStep;
        int columns = (allColumns + columnStep - 1) / columnStep;
        float[] cells = new float[rows * columns];
        Arrays.fill(cells, Float.NaN);
        long[] positions = mask.positions();
        for (int i = 0; i < drawn; i++) {
            int row = down < 0 ? 0 : index(positions[i], box, down) / rowStep;
            int column = index(positions[i], box, across) / columnStep;
            int cell = row * columns + column;
            float magnitude = Math.abs(tensor.values()[i]);
            cells[cell] = Float.isNaN(cells[cell]) ? magnitude : Math.max(cells[cell], magnitude);
        }
        List<String> others = axes.stream().skip(2).map(axis -> axis(tensor, axis)).toList();
        return new FoldedSpectrum(
                rows,
                columns,
                rowStep,
                columnStep,
                down < 0 ? Optional.empty() : Optional.of(label(tensor, mask.getShape(), down)),
                label(tensor, mask.getShape(), across),
                cells,
                drawn,
                others.isEmpty()
                        ? ""
                        : "each cell shows the largest magnitude over the frequencies along "
                                + String.join(", ", others));
    }

    /** Returns the index along an axis of a row-major position. */
    private static int index(long position, Shape box, int axis) {
        return (int) (position / box.slice(axis + 1).size() % box.get(axis));
    }

    private static String label(FrqEntry tensor, Shape shape, int axis) {
        return "frequency along " + axis(tensor, axis) + ", of " + shape.get(axis);
    }

    /** Returns the meaning of an axis if the tensor's name shows it, or else its number. */
    private static String axis(FrqEntry tensor, int axis) {
        Matcher layer = LAYER.matcher(tensor.name());
        if (tensor.axes().split() != null || axis >= AXES.length || !layer.find()) {
            return "axis " + (axis + 1);
        }
        boolean transposed = layer.group(1) != null || layer.group(2) != null;
        return AXES[transposed && axis < 2 ? 1 - axis : axis];
    }

    /** Returns whether there is only one row. */
    boolean isStrip() {
        return rowLabel.isEmpty();
    }

    /** Returns whether a cell is below the lower end of a scale. */
    boolean hasBelow(Magnitudes scale) {
        for (float cell : cells) {
            // False for NaN.
            if (scale.isBelow(cell)) {
                return true;
            }
        }
        return false;
    }

    /** Returns the caption for a tensor that keeps this many coefficients. */
    String describe(int kept) {
        StringBuilder text = new StringBuilder("Magnitudes on a logarithmic scale");
        if (!folding.isEmpty()) {
            text.append(", ").append(folding);
        }
        text.append('.');
        if (rowStep > 1 || columnStep > 1) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            " %d×%d neighbouring frequencies share a cell.",
                            rowStep,
                            columnStep));
        }
        if (drawn < kept) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            " Only the first %,d of %,d coefficients are shown.",
                            drawn,
                            kept));
        }
        return text.toString();
    }
}
