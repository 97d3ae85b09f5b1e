package io.github.freqreg.examples.tasks;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.LabelledArrays;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The answers of a network to some examples: its first output, row by row.
 *
 * @param rows one row for each example
 * @param labels the class of each example, if it is known
 */
public record ArchiveAnswers(List<float[]> rows, Optional<long[]> labels) {

    /** The head of a table with {@link #describe} in its rows. */
    public static final String HEAD = "answers move by  same class  accuracy";

    private static final int BATCH = 64;

    /** Computes the answers of a model. */
    public static ArchiveAnswers of(Model model, LabelledArrays examples) {
        List<float[]> rows = new ArrayList<>();
        ParameterStore parameters = new ParameterStore(model.getNDManager(), false);
        for (int from = 0; from < examples.size(); from += BATCH) {
            int to = Math.min(from + BATCH, examples.size());
            try (NDManager scratch = model.getNDManager().newSubManager()) {
                NDList inputs = examples.inputs(scratch, from, to);
                NDArray output = model.getBlock().forward(parameters, inputs, false).head();
                add(output, to - from, examples.isLabelled(), rows);
            }
        }
        return new ArchiveAnswers(rows, examples.labels());
    }

    private static void add(NDArray output, int count, boolean labelled, List<float[]> rows) {
        if (output.getShape().dimension() < 1 || output.getShape().get(0) != count) {
            throw new DataException(
                    "expected the network's first output to have one row for each of "
                            + count
                            + " examples but its shape is "
                            + output.getShape());
        }
        if (labelled && output.getShape().dimension() != 2) {
            throw new DataException(
                    "expected the network's first output to have the shape (examples, classes), as"
                            + " there are labels, but its shape is "
                            + output.getShape());
        }
        float[] values = output.toType(DataType.FLOAT32, false).toFloatArray();
        int width = values.length / count;
        for (int i = 0; i < count; i++) {
            float[] row = new float[width];
            System.arraycopy(values, i * width, row, 0, width);
            rows.add(row);
        }
    }

    /** Returns the numbers of an answer. */
    public int width() {
        return rows.get(0).length;
    }

    /** Describes the answers of the network itself. */
    public String describe() {
        return String.format(Locale.ROOT, "%15s  %10s  %8s", "", "", accuracy());
    }

    /**
     * Describes these answers beside those of the network itself: the root mean square of the
     * differences, as a share of that of its answers, and how many answers have the same largest
     * element.
     */
    public String describe(ArchiveAnswers original) {
        double difference = 0;
        double square = 0;
        int same = 0;
        for (int i = 0; i < rows.size(); i++) {
            float[] row = rows.get(i);
            float[] its = original.rows.get(i);
            for (int k = 0; k < row.length; k++) {
                difference += Math.pow(row[k] - its[k], 2);
                square += Math.pow(its[k], 2);
            }
            same += best(row) == best(its) ? 1 : 0;
        }
        return String.format(
                Locale.ROOT,
                "%15s  %9.2f%%  %8s",
                percent(Math.sqrt(difference / square)),
                100.0 * same / rows.size(),
                accuracy());
    }

    /** A network that was trained anew gives answers of its own scale. */
    private static String percent(double movement) {
        return movement > 1 ? "over 100%" : String.format(Locale.ROOT, "%.2f%%", 100 * movement);
    }

    private String accuracy() {
        if (labels.isEmpty()) {
            return "";
        }
        int right = 0;
        for (int i = 0; i < rows.size(); i++) {
            right += best(rows.get(i)) == labels.get()[i] ? 1 : 0;
        }
        return String.format(Locale.ROOT, "%7.2f%%", 100.0 * right / rows.size());
    }

    private static int best(float[] row) {
        int best = 0;
        for (int k = 1; k < row.length; k++) {
            best = row[k] > row[best] ? k : best;
        }
        return best;
    }
}
