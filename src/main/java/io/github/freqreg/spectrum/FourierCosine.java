package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The cosine transforms of {@link Dct} along the middle axis of an array (before, n, after) through
 * the engine's real FFT of n elements, in O(log n) operations for each element.
 *
 * <p>With θ_k = πk / 2n and the orthonormal scales s_k,
 *
 * <pre>
 * DCT-II:   v = x_0, x_2, x_4, …, x_5, x_3, x_1        V = FFT(v)
 *           X_k     = s_k (Re V_k cos θ_k + Im V_k sin θ_k)       k = 0 … n/2
 *           X_{n-k} = s_k (Re V_k sin θ_k - Im V_k cos θ_k)
 * DCT-III:  a_k = r_k (X_k cos θ_k + X_{n-k} sin θ_k)    r_0 = √(1/n), r_k = √(1/2n), X_n = 0
 *           b_k = r_k (X_k sin θ_k - X_{n-k} cos θ_k)
 *           h_k = a_k + b_k,  h_{n-k} = a_k - b_k        H = FFT(h)
 *           v_j = Re H_j + Im H_j,  v_{n-j} = Re H_j - Im H_j,  and x from v as above
 * </pre>
 *
 * <p>The inverse needs no complex input, for which the engine has no gradients. All arrays belong
 * to the manager of the array that is transformed. Differentiable.
 *
 * @see <a href="https://doi.org/10.1109/TASSP.1980.1163351">Makhoul, A fast cosine transform in one
 *     and two dimensions</a>
 */
final class FourierCosine {

    private final int n;
    private final CosineSeries series;
    private final DataType type;

    /**
     * Prepares transforms.
     *
     * @param n the elements of the axis, 2 or more
     * @param type float32 or float64
     */
    FourierCosine(int n, DataType type) {
        this.n = n;
        series = CosineSeries.of(n);
        this.type = type;
    }

    /** Computes the DCT-II. */
    NDArray forward(NDArray x) {
        NDArray v = slice(x, "::2").concat(slice(x, "1::2").flip(1), 1);
        NDArray transformed = v.rfft(n, 1).real();
        NDArray re = transformed.get("...,0");
        NDArray im = transformed.get("...,1");
        NDArray cosines = table(x, true, 2);
        NDArray sines = table(x, false, 2);
        NDArray low = re.mul(cosines).add(im.mul(sines));
        NDArray high = re.mul(sines).sub(im.mul(cosines));
        return low.concat(mirrored(high), 1);
    }

    /** Computes the DCT-III. */
    NDArray inverse(NDArray spectrum) {
        NDArray low = slice(spectrum, ":" + (n / 2 + 1));
        NDArray tail = slice(spectrum, (n + 1) / 2 + ":").flip(1);
        Shape shape = spectrum.getShape();
        NDArray none = spectrum.getManager().zeros(new Shape(shape.get(0), 1, shape.get(2)), type);
        NDArray high = none.concat(tail, 1);
        NDArray cosines = table(spectrum, true, 0.5);
        NDArray sines = table(spectrum, false, 0.5);
        NDArray a = low.mul(cosines).add(high.mul(sines));
        NDArray b = low.mul(sines).sub(high.mul(cosines));
        NDArray hartley = a.add(b).concat(mirrored(a.sub(b)), 1);
        NDArray transformed = hartley.rfft(n, 1).real();
        NDArray re = transformed.get("...,0");
        NDArray im = transformed.get("...,1");
        return interleaved(re.add(im).concat(mirrored(re.sub(im)), 1));
    }

    /** Returns the elements of frequencies 1 and up below n / 2, in reverse. */
    private NDArray mirrored(NDArray half) {
        return slice(half, "1:" + (n + 1) / 2).flip(1);
    }

    /** Returns v_0, v_{n-1}, v_1, v_{n-2}, … */
    private NDArray interleaved(NDArray v) {
        int pairs = n / 2;
        NDArray even = slice(v, ":" + pairs);
        NDArray odd = slice(v, (n - pairs) + ":").flip(1);
        Shape shape = v.getShape();
        NDArray paired =
                NDArrays.stack(new NDList(even, odd), 2)
                        .reshape(shape.get(0), 2L * pairs, shape.get(2));
        return n % 2 == 0 ? paired : paired.concat(slice(v, pairs + ":" + (pairs + 1)), 1);
    }

    private static NDArray slice(NDArray array, String range) {
        return array.get(new NDIndex(":," + range + ",:"));
    }

    /** Returns the scaled cosines, or sines, of θ_k for k = 0 … n/2, as a column. */
    private NDArray table(NDArray like, boolean cosine, double square) {
        double[] values = new double[n / 2 + 1];
        for (int k = 0; k < values.length; k++) {
            double scale = Math.sqrt((k == 0 ? 1 : square) / n);
            values[k] = scale * (cosine ? series.cosine(k) : series.cosine(n - k));
        }
        return Dct.table(like.getManager(), values, new Shape(1, values.length, 1), type);
    }
}
