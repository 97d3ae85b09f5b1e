package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.freqreg.TestModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FourierCosineTest {

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9, 16, 27, 97, 128, 1000})
    void equalsTheProductWithTheBasis(int n) {
        try (NDManager manager = NDManager.newBaseManager()) {
            TestModels.seed();
            NDArray x = manager.randomNormal(new Shape(3, n, 2), DataType.FLOAT64);
            NDArray basis = Dct.basis(manager, n, n, DataType.FLOAT64);
            FourierCosine fourier = new FourierCosine(n, DataType.FLOAT64);
            assertNear(basis.transpose().matMul(x), fourier.forward(x), 1e-12);
            assertNear(basis.matMul(x), fourier.inverse(x), 1e-12);
        }
    }

    /** The error of float32 is a few roundings, relative to the root mean square of 1. */
    @ParameterizedTest
    @ValueSource(ints = {1000, 1009, 4096, 10_000})
    void float32IsAccurate(int n) {
        try (NDManager manager = NDManager.newBaseManager()) {
            TestModels.seed();
            NDArray x = manager.randomNormal(new Shape(1, n, 4));
            NDArray exact = x.toType(DataType.FLOAT64, true);
            NDArray wide = new FourierCosine(n, DataType.FLOAT64).forward(exact);
            NDArray narrow = new FourierCosine(n, DataType.FLOAT32).forward(x);
            assertNear(wide, narrow.toType(DataType.FLOAT64, true), 4e-6);
            NDArray back = new FourierCosine(n, DataType.FLOAT32).inverse(narrow);
            assertNear(x, back, 4e-6);
        }
    }

    /** The transform is orthonormal, so its gradient is the other transform. */
    @ParameterizedTest
    @ValueSource(ints = {8, 9})
    void gradientsAreTheOtherTransform(int n) {
        try (NDManager manager = NDManager.newBaseManager()) {
            TestModels.seed();
            FourierCosine fourier = new FourierCosine(n, DataType.FLOAT32);
            NDArray x = manager.randomNormal(new Shape(2, n, 3));
            NDArray weights = manager.randomNormal(x.getShape());
            x.setRequiresGradient(true);
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray sum = fourier.forward(x).mul(weights).sum();
                System.gc();
                collector.backward(sum);
            }
            assertNear(fourier.inverse(weights), x.getGradient(), 1e-5);
            x.getGradient().subi(x.getGradient());
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray sum = fourier.inverse(x).mul(weights).sum();
                System.gc();
                collector.backward(sum);
            }
            assertNear(fourier.forward(weights), x.getGradient(), 1e-5);
        }
    }

    /** The products with the bases of both axes, as the FFT of one of them computes. */
    @ParameterizedTest
    @CsvSource({"1, 1200, 2100, 1100", "0, 2100, 1200, 1100", "1, 2100, 1201, 1201"})
    void transformsOfManyFrequenciesUseIt(int axis, int rows, int columns, int frequencies) {
        Shape shape = new Shape(rows, columns);
        Shape box = axis == 0 ? new Shape(frequencies, 7) : new Shape(7, frequencies);
        assertTrue(TransformCost.prefersFourier(shape.size(), frequencies));
        try (NDManager manager = NDManager.newBaseManager()) {
            TestModels.seed();
            NDArray x = manager.randomNormal(shape);
            NDArray left = Dct.basis(manager, rows, (int) box.get(0), DataType.FLOAT32);
            NDArray right = Dct.basis(manager, columns, (int) box.get(1), DataType.FLOAT32);
            NDArray expected = left.transpose().matMul(x).matMul(right);
            NDArray whole =
                    axis == 0 ? Dct.dct(x, shape).get(":, :7") : Dct.dct(x, shape).get(":7");
            NDArray spectrum =
                    axis == 0 ? whole.get(":" + frequencies) : whole.get(":, :" + frequencies);
            assertNear(expected, spectrum, 1e-4);
            assertNear(
                    left.matMul(expected).matMul(right.transpose()),
                    Dct.idct(expected, shape),
                    1e-4);
        }
    }

    /** More coefficients than positions are cached for, and several parts of lines. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largeTensorsAreTransformedInParts(boolean gradients) {
        Shape shape = new Shape(1500, 1501);
        ZigzagMask mask = ZigzagMask.of(shape, shape.size() - 5);
        try (NDManager manager = NDManager.newBaseManager();
                SpectralTransform transform =
                        new SpectralTransform(
                                mask, manager, manager.getDevice(), DataType.FLOAT32)) {
            TestModels.seed();
            NDArray vector = manager.randomNormal(new Shape(mask.getKept()));
            vector.setRequiresGradient(gradients);
            if (!gradients) {
                NDArray tensor = transform.rebuild(vector, manager);
                assertNear(vector, transform.project(tensor, manager), 2e-5);
                return;
            }
            NDArray weights = manager.randomNormal(new Shape(mask.getKept()));
            try (GradientCollector collector = Engine.getInstance().newGradientCollector();
                    NDManager scratch = manager.newSubManager()) {
                NDArray tensor = transform.rebuild(vector, scratch);
                NDArray sum = transform.project(tensor, scratch).mul(weights).sum();
                System.gc();
                collector.backward(sum);
            }
            assertNear(weights, vector.getGradient(), 2e-5);
        }
    }

    @Test
    void layersOfFewFrequenciesUseMatrices() {
        assertFalse(TransformCost.prefersFourier(512 * 512 * 9, 100));
        assertTrue(TransformCost.prefersFourier(9216.0 * 4096, 4096));
    }

    private static void assertNear(NDArray expected, NDArray actual, double tolerance) {
        assertEquals(expected.getShape(), actual.getShape());
        NDArray error = expected.sub(actual).abs().max().toType(DataType.FLOAT64, true);
        assertEquals(0, error.getDouble(), tolerance);
    }
}
