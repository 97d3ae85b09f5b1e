package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.SplitAxes;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * The gains of the coefficients of a fresh tensor over those that are projected from its
 * initialiser.
 *
 * <p>Regard the tensor as a matrix n × m, where n is its first extent. Dense weights of variance v
 * map an input of norm 1 to an output of norm √(n · v). Of the kept coefficients, K have the lowest
 * frequency along all axes but the first. With variance v · gain², they map the constant input,
 * which resembles smooth and positive inputs, to an output of norm √(K · v) · gain. Equal norms
 * require gain = √(n / K). The gain is 1 if all coefficients are kept, and for tensors with one
 * axis, which start as constants.
 *
 * <p>A prefix of the zigzag order contains many coefficients at low frequencies and few at high
 * ones. With equal variances, a layer responds mainly to low frequencies; after a few layers all
 * inputs look alike. Balancing chooses a gain for each coefficient, with i along the first axis and
 * j along all others:
 *
 * <pre>
 * gain_ij² = a_i · b_j,   Σ_i gain_ij² = n for each j
 * </pre>
 *
 * <p>and makes the sums over j more equal. These gains result from a few rounds in which rows and
 * columns are scaled in turn (Sinkhorn and Knopp 1967). The limit of infinitely many rounds would
 * leave only the last coefficient of each row and column: on AlexNet, 3 and 10 rounds did equally
 * well, 1 and 100 rounds worse.
 */
final class StartScale {

    private final long[] positions;
    private final long others;
    private final double[] rows;
    private final double[] columns;

    private StartScale(long[] positions, long others, int rows) {
        this.positions = positions;
        this.others = others;
        this.rows = new double[rows];
        columns = new double[Math.toIntExact(others)];
        Arrays.fill(this.rows, 1);
        Arrays.fill(columns, 1);
    }

    /**
     * Scales the projected coefficients of a fresh tensor.
     *
     * @param vector the coefficients
     * @param gains see {@link #of}
     * @param scratch a manager for temporary arrays
     */
    static void scale(NDArray vector, float[] gains, NDManager scratch) {
        NDArray there = scratch.create(gains).toDevice(vector.getDevice(), false);
        vector.muli(there.toType(vector.getDataType(), false));
    }

    /**
     * Returns the factors by which the projected coefficients of a fresh tensor are multiplied.
     *
     * @param shape the tensor's shape in the network
     * @param mask its kept coefficients
     * @param rounds the number of rounds of balancing, 0 for a single gain
     * @return a gain for each kept coefficient, or an array with a single gain for all
     */
    static float[] of(Shape shape, ZigzagMask mask, int rounds) {
        if (shape.dimension() < 2) {
            return new float[] {1};
        }
        Shape box = mask.getBox();
        // In row-major order, the parts of the first axis precede all others.
        long first = SplitAxes.of(shape, mask.getShape()).size(0, box);
        long others = box.size() / first;
        long n = shape.get(0);
        if (mask.getKept() == box.size()) {
            return new float[] {(float) Math.sqrt((double) n / first)};
        }
        long[] positions = mask.positions();
        if (rounds == 0) {
            long lowest = Arrays.stream(positions).filter(at -> at % others == 0).count();
            return new float[] {(float) Math.sqrt((double) n / lowest)};
        }
        return new StartScale(positions, others, Math.toIntExact(first)).balance(n, rounds);
    }

    private float[] balance(long energy, int rounds) {
        for (int round = 0; round < rounds; round++) {
            normalize(rows, this::row, columns, this::column);
            normalize(columns, this::column, rows, this::row);
        }
        float[] gains = new float[positions.length];
        for (int i = 0; i < gains.length; i++) {
            gains[i] = (float) Math.sqrt(energy * rows[row(i)] * columns[column(i)]);
        }
        return gains;
    }

    /**
     * Scales the rows so that each has energy 1, or likewise the columns.
     *
     * @param scales of the rows, which are set
     * @param own the row of a coefficient
     * @param others the scales of the columns
     * @param across the column of a coefficient
     */
    private void normalize(
            double[] scales, IntUnaryOperator own, double[] others, IntUnaryOperator across) {
        Arrays.fill(scales, 0);
        for (int i = 0; i < positions.length; i++) {
            scales[own.applyAsInt(i)] += others[across.applyAsInt(i)];
        }
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 1 / scales[i];
        }
    }

    private int row(int i) {
        return (int) (positions[i] / others);
    }

    private int column(int i) {
        return (int) (positions[i] % others);
    }
}
