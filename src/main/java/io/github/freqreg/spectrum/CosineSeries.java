package io.github.freqreg.spectrum;

import io.github.freqreg.Internal;

/**
 * The orthonormal cosine series of n numbers, computed in plain Java without an engine.
 *
 * <p>The basis is that of {@link Dct} along one axis:
 *
 * <pre>
 * D[i, k] = s_k · cos(π (2i + 1) k / 2n),   s_0 = √(1/n),  s_k = √(2/n) for k &gt; 0
 * </pre>
 *
 * <p>The angle is a multiple of π / 2n, so one table of 4n cosines holds every entry. Sums are
 * float64. Instances are immutable and safe for concurrent use.
 */
@Internal
public final class CosineSeries {

    private final int n;

    /** cos(π j / 2n) for j from 0 to 4n - 1, one period. */
    private final double[] cosines;

    private CosineSeries(int n) {
        this.n = n;
        cosines = new double[Math.multiplyExact(4, n)];
        for (int j = 0; j < cosines.length; j++) {
            cosines[j] = Math.cos(Math.PI * j / (2.0 * n));
        }
    }

    /**
     * Computes the table of cosines for series of a given length.
     *
     * @param n the number of elements, 1 or more
     * @return the series
     * @throws IllegalArgumentException if {@code n} is below 1
     */
    public static CosineSeries of(int n) {
        if (n < 1) {
            throw new IllegalArgumentException(
                    "A cosine series needs 1 element or more but has " + n);
        }
        return new CosineSeries(n);
    }

    /**
     * Returns the first columns of the basis D.
     *
     * @param frequencies the number of columns, from 1 to n
     * @return the matrix (n, frequencies), row by row
     */
    double[] basis(int frequencies) {
        double constant = scale(0);
        double other = scale(1);
        double[] values = new double[Math.multiplyExact(n, frequencies)];
        for (int i = 0, at = 0; i < n; i++) {
            values[at++] = constant;
            for (int k = 1; k < frequencies; k++) {
                values[at++] = cosines[(int) ((2L * i + 1) * k % cosines.length)] * other;
            }
        }
        return values;
    }

    /**
     * Computes one coefficient of the DCT-II: Σ_i D[i, k] · values[i].
     *
     * @param values n numbers
     * @param k the frequency, from 0 to n - 1
     * @return the coefficient
     */
    public double coefficient(float[] values, int k) {
        double sum = 0;
        int at = k;
        for (float value : values) {
            sum += value * cosines[at];
            at = next(at, k);
        }
        return sum * scale(k);
    }

    /**
     * Rebuilds the numbers from their lowest coefficients (DCT-III): Σ_k D[i, k] · coefficients[k].
     *
     * @param coefficients the coefficients of frequency 0 and up, at most n; the others are zero
     * @return n numbers
     */
    public float[] rebuild(float[] coefficients) {
        double[] sums = new double[n];
        for (int k = 0; k < coefficients.length; k++) {
            double scaled = coefficients[k] * scale(k);
            int at = k;
            for (int i = 0; i < n; i++) {
                sums[i] += scaled * cosines[at];
                at = next(at, k);
            }
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) sums[i];
        }
        return values;
    }

    /** Returns cos(π j / 2n) for j from 0 to 4n - 1. */
    double cosine(int j) {
        return cosines[j];
    }

    /** The table index (2i + 1) k of element i + 1, from that of element i. */
    private int next(int at, int k) {
        int next = at + 2 * k;
        return next < cosines.length ? next : next - cosines.length;
    }

    private double scale(int k) {
        return Math.sqrt((k == 0 ? 1.0 : 2.0) / n);
    }
}
