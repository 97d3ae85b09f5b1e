package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@UsesEngine
class SpectralTransformTest {

    private static final double TOLERANCE = 1e-9;

    private final NDManager manager;

    SpectralTransformTest(NDManager manager) {
        this.manager = manager;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void rebuildsTheIdctOfTheScatteredCoefficients(long seed) {
        Random random = new Random(Seeds.of(seed));
        ZigzagMask mask = mask(random);
        double[] coefficients = RandomTensors.gaussians(random, mask.getKept());
        NDArray full = scattered(mask, coefficients);
        NDArray vector = vector(coefficients);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            NDArray rebuilt = transform.rebuild(vector, manager);
            assertEquals(mask.getShape(), rebuilt.getShape());
            RandomTensors.assertClose(Dct.idct(full).toDoubleArray(), rebuilt, TOLERANCE);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void projectionAndRebuildAreAdjoint(long seed) {
        Random random = new Random(Seeds.of(seed));
        ZigzagMask mask = mask(random);
        NDArray c = vector(RandomTensors.gaussians(random, mask.getKept()));
        NDArray w = RandomTensors.tensor(manager, random, mask.getShape(), DataType.FLOAT64);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            double inSpace = transform.rebuild(c, manager).mul(w).sum().getDouble();
            double inFrequency = transform.project(w, manager).mul(c).sum().getDouble();
            assertEquals(inSpace, inFrequency, TOLERANCE * Math.max(1, Math.abs(inSpace)));
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void projectionUndoesRebuild(long seed) {
        Random random = new Random(Seeds.of(seed));
        ZigzagMask mask = mask(random);
        double[] coefficients = RandomTensors.gaussians(random, mask.getKept());
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            NDArray back =
                    transform.project(transform.rebuild(vector(coefficients), manager), manager);
            assertEquals(new Shape(mask.getKept()), back.getShape());
            RandomTensors.assertClose(coefficients, back, TOLERANCE);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void theGradientEqualsFiniteDifferences(long seed) {
        Random random = new Random(Seeds.of(seed));
        ZigzagMask mask = mask(random);
        // Includes a tail that is not kept: its differences and its gradient are zero.
        NDArray c = vector(RandomTensors.gaussians(random, mask.getKept() + 2L));
        NDArray w = RandomTensors.tensor(manager, random, mask.getShape(), DataType.FLOAT64);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            Gradients.assertEqualsFiniteDifferences(c, w, v -> transform.rebuild(v, manager));
            NDArray weights = vector(RandomTensors.gaussians(random, mask.getKept()));
            Gradients.assertEqualsFiniteDifferences(w, weights, v -> transform.project(v, manager));
        }
    }

    @Test
    void coefficientsBehindThePrefixHaveNoInfluenceAndNoGradient() {
        ZigzagMask mask = ZigzagMask.of(new Shape(4, 5), 7);
        double[] kept = RandomTensors.gaussians(new Random(Seeds.of(5)), 7);
        double[] longer = Arrays.copyOf(kept, 20);
        Arrays.fill(longer, 7, 20, 1e6);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            double[] expected = transform.rebuild(vector(kept), manager).toDoubleArray();
            NDArray vector = vector(longer);
            vector.setRequiresGradient(true);
            NDArray rebuilt;
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                rebuilt = transform.rebuild(vector, manager);
                collector.backward(rebuilt.mul(rebuilt).sum());
            }
            assertArrayEquals(expected, rebuilt.stopGradient().toDoubleArray());
            // The transform preserves the energy, so the gradient of the energy is 2c.
            double[] gradient = Arrays.stream(kept).map(c -> 2 * c).toArray();
            RandomTensors.assertClose(Arrays.copyOf(gradient, 20), vector.getGradient(), TOLERANCE);
            double[] tail = Arrays.copyOfRange(vector.getGradient().toDoubleArray(), 7, 20);
            assertArrayEquals(new double[13], tail);
        }
    }

    @Test
    void moreCoefficientsThanAreCachedGiveTheSame() {
        Shape shape = new Shape(1030, 1020);
        int kept = (1 << 20) + 1;
        ZigzagMask mask = ZigzagMask.of(shape, kept);
        float[] coefficients = new float[kept];
        float[] full = new float[(int) shape.size()];
        Random random = new Random(Seeds.of(6));
        int[][] order = ZigzagOrder.of(shape).first(kept);
        for (int i = 0; i < kept; i++) {
            coefficients[i] = (float) random.nextGaussian();
            full[(int) (order[i][0] * shape.get(1) + order[i][1])] = coefficients[i];
        }
        NDArray spectrum = manager.create(FloatBuffer.wrap(full), shape, DataType.FLOAT32);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT32)) {
            NDArray vector = manager.create(coefficients);
            int before = manager.getManagedArrays().size();
            NDArray rebuilt = transform.rebuild(vector, manager);
            NDArray projected = transform.project(rebuilt, manager);
            assertEquals(before + 2, manager.getManagedArrays().size());
            double[] expected = RandomTensors.doubles(Dct.idct(spectrum));
            RandomTensors.assertClose(expected, rebuilt, 1e-5);
            RandomTensors.assertClose(RandomTensors.doubles(vector), projected, 1e-5);
        }
    }

    /** The gradient of the energy is 2c; it adds up over passes, which share the positions. */
    @Test
    void moreCoefficientsThanAreCachedHaveGradients() {
        Shape shape = new Shape(1030, 1020);
        int kept = (1 << 20) + 1;
        try (SpectralTransform transform =
                transform(ZigzagMask.of(shape, kept), DataType.FLOAT32)) {
            NDArray vector = manager.randomNormal(new Shape(kept));
            vector.setRequiresGradient(true);
            for (int pass = 0; pass < 2; pass++) {
                try (NDManager scratch = manager.newSubManager();
                        GradientCollector collector = manager.getEngine().newGradientCollector()) {
                    NDArray rebuilt = transform.rebuild(vector, scratch);
                    collector.backward(rebuilt.mul(rebuilt).sum());
                }
            }
            double[] gradient =
                    Arrays.stream(RandomTensors.doubles(vector.stopGradient()))
                            .map(c -> 4 * c)
                            .toArray();
            RandomTensors.assertClose(gradient, vector.getGradient(), 1e-4);
        }
    }

    /** Few frequencies are computed by a product with the basis, many by the FFT. */
    @ParameterizedTest
    @CsvSource({"30, 7", "30, 30", "2000, 2000", "2001, 1900"})
    void theLastAxisIsMultipliedByTheBasis(int n, int frequencies) {
        ZigzagMask mask = ZigzagMask.of(new Shape(1, n), frequencies);
        Random random = new Random(Seeds.of(10));
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            for (Shape rows : List.of(new Shape(7), new Shape(2, 5), new Shape())) {
                NDArray x = RandomTensors.tensor(manager, random, rows.add(n), DataType.FLOAT64);
                NDArray basis = transform.basis(1, manager);
                NDArray projected = transform.projectLast(x, new int[] {1}, manager);
                NDArray product = x.reshape(-1, n).matMul(basis);
                assertEquals(rows.add(frequencies), projected.getShape());
                RandomTensors.assertClose(product.toDoubleArray(), projected, TOLERANCE);
                NDArray rebuilt = transform.rebuildLast(projected, new int[] {1}, manager);
                assertEquals(x.getShape(), rebuilt.getShape());
                RandomTensors.assertClose(
                        product.matMul(basis.transpose()).toDoubleArray(), rebuilt, TOLERANCE);
            }
        }
    }

    /** The last axis may have the elements of several axes; an axis of one element is skipped. */
    @Test
    void theLastAxisMayBeSplit() {
        ZigzagMask mask = ZigzagMask.of(new Shape(2, 3, 1, 5, 4), 30);
        Shape box = mask.getBox();
        Random random = new Random(Seeds.of(11));
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            int[] axes = {1, 2, 3};
            NDArray x = RandomTensors.tensor(manager, random, new Shape(7, 15), DataType.FLOAT64);
            NDArray projected = transform.projectLast(x, axes, manager);
            assertEquals(new Shape(7, box.get(1) * box.get(3)), projected.getShape());
            NDArray a = transform.basis(1, manager);
            NDArray b = transform.basis(3, manager);
            NDArray direct =
                    a.transpose()
                            .matMul(x.reshape(7, 3, 5).matMul(b))
                            .reshape(projected.getShape());
            RandomTensors.assertClose(direct.toDoubleArray(), projected, TOLERANCE);
            NDArray back = transform.rebuildLast(projected, axes, manager);
            NDArray rebuilt =
                    a.matMul(direct.reshape(7, box.get(1), box.get(3)).matMul(b.transpose()))
                            .reshape(x.getShape());
            RandomTensors.assertClose(rebuilt.toDoubleArray(), back, TOLERANCE);
        }
    }

    /** With all frequencies, both directions preserve the energy, whose gradient is 2x. */
    @ParameterizedTest
    @CsvSource({"3, 30", "7, 2000", "300, 2001"})
    void theLastAxisHasGradients(int rows, int n) {
        ZigzagMask mask = ZigzagMask.of(new Shape(1, n), n);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            for (boolean projects : new boolean[] {true, false}) {
                NDArray x = manager.randomNormal(new Shape(rows, n), DataType.FLOAT64);
                x.setRequiresGradient(true);
                try (NDManager scratch = manager.newSubManager();
                        GradientCollector collector = manager.getEngine().newGradientCollector()) {
                    NDArray same = x.add(scratch.zeros(new Shape(1), DataType.FLOAT64));
                    NDArray y =
                            projects
                                    ? transform.projectLast(same, new int[] {1}, scratch)
                                    : transform.rebuildLast(same, new int[] {1}, scratch);
                    collector.backward(y.mul(y).sum());
                }
                double[] twice = x.stopGradient().mul(2).toDoubleArray();
                RandomTensors.assertClose(twice, x.getGradient(), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void resultsBelongToTheGivenManager(DataType type) {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 1, 5), 6);
        NDArray vector = RandomTensors.tensor(manager, new Random(Seeds.of(7)), new Shape(6), type);
        int before = manager.getManagedArrays().size();
        try (NDManager other = manager.newSubManager();
                SpectralTransform transform = transform(mask, type)) {
            NDArray rebuilt = transform.rebuild(vector, other);
            assertSame(other, rebuilt.getManager());
            assertEquals(type, rebuilt.getDataType());
            assertEquals(1, other.getManagedArrays().size());
            NDArray projected = transform.project(rebuilt, other);
            assertSame(other, projected.getManager());
            assertEquals(type, projected.getDataType());
            assertEquals(2, other.getManagedArrays().size());
        }
        assertSame(manager, vector.getManager());
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void closingFreesTheTables() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 6);
        NDArray vector = vector(new double[6]);
        SpectralTransform transform = transform(mask, DataType.FLOAT64);
        transform.rebuild(vector, manager);
        transform.close();
        assertThrows(IllegalStateException.class, () -> transform.rebuild(vector, manager));
    }

    @Test
    void knowsItsMaskAndDevice() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 6);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT32)) {
            assertSame(mask, transform.getMask());
            assertEquals(manager.getDevice(), transform.getDevice());
        }
    }

    @Test
    void refusesTooFewCoefficientsAndOtherShapes() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 6);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT32)) {
            for (Shape shape : List.of(new Shape(5), new Shape(6, 1), new Shape())) {
                NDArray array = manager.zeros(shape);
                Exception e =
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> transform.rebuild(array, manager));
                assertEquals(
                        "Expected a vector of at least 6 coefficients, but its shape is " + shape,
                        e.getMessage());
            }
            NDArray array = manager.zeros(new Shape(4, 3));
            Exception e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> transform.project(array, manager));
            assertEquals(
                    "Expected a tensor of shape (3, 4) but its shape is (4, 3)", e.getMessage());
        }
    }

    @Test
    void refusesOtherDataTypes() {
        ZigzagMask mask = ZigzagMask.of(new Shape(3, 4), 6);
        Exception e =
                assertThrows(IllegalArgumentException.class, () -> transform(mask, DataType.INT32));
        assertEquals(
                "The cosine transform takes float16, float32 or float64, but the data type is"
                        + " int32",
                e.getMessage());
    }

    @Test
    void threadsMayShareOneTransform() throws ExecutionException, InterruptedException {
        ZigzagMask mask = ZigzagMask.of(new Shape(20, 30), 100);
        double[] coefficients = RandomTensors.gaussians(new Random(Seeds.of(8)), 100);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (SpectralTransform transform = transform(mask, DataType.FLOAT64)) {
            double[] expected = transform.rebuild(vector(coefficients), manager).toDoubleArray();
            NDArray vector = vector(coefficients);
            List<Future<double[]>> results = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                results.add(
                        threads.submit(
                                () -> {
                                    try (NDManager own = manager.newSubManager()) {
                                        return transform.rebuild(vector, own).toDoubleArray();
                                    }
                                }));
            }
            for (Future<double[]> each : results) {
                RandomTensors.assertClose(expected, vector(each.get()), TOLERANCE);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void aFrequencyTensorHoldsTheFirstCoefficients(long seed) {
        Random random = new Random(Seeds.of(seed));
        ZigzagMask mask = mask(random);
        NDArray w = RandomTensors.tensor(manager, random, mask.getShape(), DataType.FLOAT64);
        int before = manager.getManagedArrays().size();
        FrequencyTensor tensor = FrequencyTensor.of(w, mask.getKept());
        assertEquals(before, manager.getManagedArrays().size());
        assertEquals(mask, tensor.mask());
        double[] spectrum = Dct.dct(w).toDoubleArray();
        int[][] order = RandomTensors.sortedCoordinates(mask.getShape());
        double[] first = new double[mask.getKept()];
        for (int i = 0; i < first.length; i++) {
            first[i] = spectrum[position(mask.getShape(), order[i])];
            assertEquals(
                    (float) first[i], tensor.coefficients()[i], 1e-6 * Math.abs(first[i]) + 1e-12);
        }
        try (NDManager other = manager.newSubManager()) {
            NDArray rebuilt = tensor.rebuild(other);
            assertSame(other, rebuilt.getManager());
            assertEquals(1, other.getManagedArrays().size());
            assertEquals(DataType.FLOAT32, rebuilt.getDataType());
            assertEquals(mask.getShape(), rebuilt.getShape());
            double[] expected = Dct.idct(scattered(mask, first)).toDoubleArray();
            RandomTensors.assertClose(expected, rebuilt, 1e-5);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void aFrequencyTensorThatKeepsAllIsTheTensor(DataType type) {
        NDArray w =
                RandomTensors.tensor(manager, new Random(Seeds.of(9)), new Shape(4, 3, 2), type);
        // Weights are often trainable when they are projected.
        w.setRequiresGradient(true);
        NDArray back = FrequencyTensor.of(w, 24).rebuild(manager);
        double tolerance = type == DataType.FLOAT16 ? 2e-3 : 1e-5;
        RandomTensors.assertClose(RandomTensors.doubles(w.stopGradient()), back, tolerance);
    }

    @Test
    void aFrequencyTensorRefusesAWrongNumberOfCoefficients() {
        Shape shape = new Shape(3, 4);
        for (int count : new int[] {0, 13}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new FrequencyTensor(FrequencyAxes.OWN, shape, new float[count]));
        }
        NDArray w = manager.zeros(new Shape(3, 4));
        assertThrows(IllegalArgumentException.class, () -> FrequencyTensor.of(w, 0));
        assertThrows(IllegalArgumentException.class, () -> FrequencyTensor.of(w, 13));
    }

    private static ZigzagMask mask(Random random) {
        Shape shape = RandomTensors.shape(random);
        return ZigzagMask.of(shape, RandomTensors.kept(random, shape));
    }

    private SpectralTransform transform(ZigzagMask mask, DataType type) {
        return new SpectralTransform(mask, manager, manager.getDevice(), type);
    }

    private NDArray vector(double[] values) {
        return RandomTensors.tensor(manager, values, new Shape(values.length), DataType.FLOAT64);
    }

    /** The full spectrum, with the coefficients scattered by the definition of the order. */
    private NDArray scattered(ZigzagMask mask, double[] coefficients) {
        Shape shape = mask.getShape();
        int[][] order = RandomTensors.sortedCoordinates(shape);
        double[] full = new double[(int) shape.size()];
        for (int i = 0; i < coefficients.length; i++) {
            full[position(shape, order[i])] = coefficients[i];
        }
        return RandomTensors.tensor(manager, full, shape, DataType.FLOAT64);
    }

    private static int position(Shape shape, int[] coordinate) {
        int position = 0;
        for (int axis = 0; axis < coordinate.length; axis++) {
            position = (int) (position * shape.get(axis) + coordinate[axis]);
        }
        return position;
    }
}
