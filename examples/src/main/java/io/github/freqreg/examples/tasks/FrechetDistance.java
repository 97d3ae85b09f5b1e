package io.github.freqreg.examples.tasks;

import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The Fréchet distance between two sets of points, each modelled as a normal distribution with mean
 * μ and covariance Σ:
 *
 * <pre>
 * |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½)
 * </pre>
 *
 * @see <a href="https://arxiv.org/abs/1706.08500">GANs Trained by a Two Time-Scale Update Rule
 *     Converge to a Local Nash Equilibrium</a>
 */
final class FrechetDistance {

    /** The largest covariance of points that are equal but for rounding to float32. */
    private static final double ROUNDING = 1e-11;

    private FrechetDistance() {}

    /**
     * Returns the distance between two sets of points, one point per row. Each set has at least two
     * points, and all points have the same dimension.
     */
    static double between(double[][] one, double[][] other) {
        double[] mean = mean(one);
        double[] otherMean = mean(other);
        double distance = 0;
        for (int i = 0; i < mean.length; i++) {
            distance += (mean[i] - otherMean[i]) * (mean[i] - otherMean[i]);
        }
        DMatrixRMaj covariance = covariance(one, mean);
        DMatrixRMaj otherCovariance = covariance(other, otherMean);
        DMatrixRMaj root = root(covariance);
        DMatrixRMaj half = new DMatrixRMaj(mean.length, mean.length);
        DMatrixRMaj product = new DMatrixRMaj(mean.length, mean.length);
        CommonOps_DDRM.mult(root, otherCovariance, half);
        CommonOps_DDRM.mult(half, root, product);
        symmetrise(product);
        EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(product);
        double traceOfRoot = 0;
        for (int i = 0; i < mean.length; i++) {
            traceOfRoot += Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
        }
        return distance
                + CommonOps_DDRM.trace(covariance)
                + CommonOps_DDRM.trace(otherCovariance)
                - 2 * traceOfRoot;
    }

    private static double[] mean(double[][] points) {
        double[] mean = new double[points[0].length];
        for (double[] point : points) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += point[i] / points.length;
            }
        }
        return mean;
    }

    private static DMatrixRMaj covariance(double[][] points, double[] mean) {
        DMatrixRMaj centred = new DMatrixRMaj(points);
        for (int row = 0; row < points.length; row++) {
            for (int i = 0; i < mean.length; i++) {
                centred.add(row, i, -mean[i]);
            }
        }
        DMatrixRMaj covariance = new DMatrixRMaj(mean.length, mean.length);
        CommonOps_DDRM.multTransA(1.0 / (points.length - 1), centred, centred, covariance);
        symmetrise(covariance);
        double size = Arrays.stream(mean).map(each -> each * each).max().orElse(0);
        if (CommonOps_DDRM.elementMaxAbs(covariance) < ROUNDING * size) {
            // Of equal points. The decomposition of rounding errors does not converge.
            covariance.zero();
        }
        return covariance;
    }

    /** Makes a matrix exactly symmetric, which rounding prevents. */
    private static void symmetrise(DMatrixRMaj matrix) {
        DMatrixRMaj transposed = CommonOps_DDRM.transpose(matrix, null);
        CommonOps_DDRM.addEquals(matrix, transposed);
        CommonOps_DDRM.scale(0.5, matrix);
    }

    private static EigenDecomposition_F64<DMatrixRMaj> decompose(DMatrixRMaj symmetric) {
        EigenDecomposition_F64<DMatrixRMaj> eigen =
                DecompositionFactory_DDRM.eig(symmetric.numRows, true, true);
        if (!eigen.decompose(symmetric.copy())) {
            throw new ArithmeticException(
                    "The eigenvalue decomposition of a "
                            + symmetric.numRows
                            + "x"
                            + symmetric.numRows
                            + " covariance matrix did not converge: check the features for values that"
                            + " are not finite");
        }
        return eigen;
    }

    /** Returns the symmetric square root of a covariance matrix. */
    private static DMatrixRMaj root(DMatrixRMaj covariance) {
        int size = covariance.numRows;
        EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(covariance);
        DMatrixRMaj root = new DMatrixRMaj(size, size);
        for (int i = 0; i < size; i++) {
            double value = Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
            DMatrixRMaj vector = eigen.getEigenVector(i);
            CommonOps_DDRM.multAddTransB(value, vector, vector, root);
        }
        return root;
    }
}
