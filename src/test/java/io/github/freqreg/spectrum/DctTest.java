package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import com.google.gson.JsonObject;
import io.github.freqreg.GarbageCollection;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@UsesEngine
class DctTest {

    private static final double WIDE = 1e-9;
    private static final double GOLDEN = 1e-8;
    private static final double NARROW = 1e-5;

    private final NDManager manager;

    DctTest(NDManager manager) {
        this.manager = manager;
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "FLOAT64"})
    void equalsTheGoldenValues(DataType type) throws IOException {
        // The file has nine digits, which limits the accuracy of the comparison in float64.
        double tolerance = type == DataType.FLOAT64 ? GOLDEN : NARROW;
        List<JsonObject> cases = RandomTensors.golden("idct.json");
        assertFalse(cases.isEmpty());
        for (JsonObject golden : cases) {
            Shape shape = RandomTensors.goldenShape(golden);
            double[] spectrum = RandomTensors.goldenNumbers(golden.getAsJsonArray("coefficients"));
            double[] spatial = RandomTensors.goldenNumbers(golden.getAsJsonArray("spatial"));
            NDArray inverse = Dct.idct(RandomTensors.tensor(manager, spectrum, shape, type));
            RandomTensors.assertClose(spatial, inverse, tolerance);
            NDArray forward = Dct.dct(RandomTensors.tensor(manager, spatial, shape, type));
            RandomTensors.assertClose(spectrum, forward, tolerance);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void equalsTheDefinition(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        double[] values = RandomTensors.gaussians(random, shape.size());
        double[] forward = transform(values, shape, false);
        double[] inverse = transform(values, shape, true);
        NDArray wide = RandomTensors.tensor(manager, values, shape, DataType.FLOAT64);
        RandomTensors.assertClose(forward, Dct.dct(wide), WIDE);
        RandomTensors.assertClose(inverse, Dct.idct(wide), WIDE);
        NDArray narrow = RandomTensors.tensor(manager, values, shape, DataType.FLOAT32);
        RandomTensors.assertClose(forward, Dct.dct(narrow), NARROW);
        RandomTensors.assertClose(inverse, Dct.idct(narrow), NARROW);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 7, 13, 31, 97, 127, 257})
    void equalsTheDefinitionOnOddAndPrimeAxes(long n) {
        double[] values = RandomTensors.gaussians(new Random(Seeds.of(n)), n);
        NDArray array = RandomTensors.tensor(manager, values, new Shape(n), DataType.FLOAT64);
        RandomTensors.assertClose(transform(values, new Shape(n), false), Dct.dct(array), WIDE);
        RandomTensors.assertClose(transform(values, new Shape(n), true), Dct.idct(array), WIDE);
    }

    /** The definition: each output element is a sum over all input elements. */
    private static double[] transform(double[] values, Shape shape, boolean inverse) {
        List<int[]> coordinates = RandomTensors.coordinates(shape);
        double[] result = new double[values.length];
        for (int to = 0; to < result.length; to++) {
            for (int from = 0; from < values.length; from++) {
                int[] place = coordinates.get(inverse ? to : from);
                int[] frequency = coordinates.get(inverse ? from : to);
                double product = values[from];
                for (int axis = 0; axis < shape.dimension(); axis++) {
                    double n = shape.get(axis);
                    int k = frequency[axis];
                    product *=
                            Math.sqrt((k == 0 ? 1 : 2) / n)
                                    * Math.cos(Math.PI * (2 * place[axis] + 1) * k / (2 * n));
                }
                result[to] += product;
            }
        }
        return result;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void keepsTheEnergyAndComesBack(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        NDArray array = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        double[] values = array.toDoubleArray();
        double energy = Arrays.stream(values).map(v -> v * v).sum();
        for (NDArray each : List.of(Dct.dct(array), Dct.idct(array))) {
            double kept = Arrays.stream(each.toDoubleArray()).map(v -> v * v).sum();
            assertEquals(energy, kept, WIDE * energy);
        }
        RandomTensors.assertClose(values, Dct.idct(Dct.dct(array)), WIDE);
        RandomTensors.assertClose(values, Dct.dct(Dct.idct(array)), WIDE);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void isLinear(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        NDArray a = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        NDArray b = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        double factor = random.nextGaussian();
        List<UnaryOperator<NDArray>> transforms = List.of(Dct::dct, Dct::idct);
        for (UnaryOperator<NDArray> transform : transforms) {
            NDArray expected = transform.apply(a).mul(factor).add(transform.apply(b));
            NDArray actual = transform.apply(a.mul(factor).add(b));
            RandomTensors.assertClose(expected.toDoubleArray(), actual, WIDE);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void aBoxEqualsAFullSpectrumOfZeros(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        Shape box = box(random, shape);
        double[] low = RandomTensors.gaussians(random, box.size());
        double[] padded = new double[(int) shape.size()];
        boolean[] inside = new boolean[padded.length];
        int at = 0;
        for (int i = 0; i < padded.length; i++) {
            int[] coordinate = RandomTensors.coordinate(shape, i);
            inside[i] = true;
            for (int axis = 0; axis < coordinate.length; axis++) {
                inside[i] &= coordinate[axis] < box.get(axis);
            }
            padded[i] = inside[i] ? low[at++] : 0;
        }
        NDArray spectrum = RandomTensors.tensor(manager, low, box, DataType.FLOAT64);
        NDArray full = RandomTensors.tensor(manager, padded, shape, DataType.FLOAT64);
        NDArray spatial = Dct.idct(spectrum, shape);
        assertEquals(shape, spatial.getShape());
        RandomTensors.assertClose(Dct.idct(full).toDoubleArray(), spatial, WIDE);

        NDArray tensor = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        double[] all = Dct.dct(tensor).toDoubleArray();
        double[] cut = new double[low.length];
        at = 0;
        for (int i = 0; i < all.length; i++) {
            if (inside[i]) {
                cut[at++] = all[i];
            }
        }
        NDArray lowest = Dct.dct(tensor, box);
        assertEquals(box, lowest.getShape());
        RandomTensors.assertClose(cut, lowest, WIDE);
    }

    private static Shape box(Random random, Shape shape) {
        long[] extents = shape.getShape().clone();
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = 1L + random.nextInt((int) extents[axis]);
        }
        return new Shape(extents);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("io.github.freqreg.spectrum.RandomTensors#seeds")
    void theGradientEqualsFiniteDifferences(long seed) {
        Random random = new Random(Seeds.of(seed));
        Shape shape = RandomTensors.shape(random);
        Shape box = box(random, shape);
        NDArray weights = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        NDArray spectrum = RandomTensors.tensor(manager, random, box, DataType.FLOAT64);
        Gradients.assertEqualsFiniteDifferences(spectrum, weights, c -> Dct.idct(c, shape));
        NDArray spatial = RandomTensors.tensor(manager, random, shape, DataType.FLOAT64);
        NDArray lowWeights = RandomTensors.tensor(manager, random, box, DataType.FLOAT64);
        Gradients.assertEqualsFiniteDifferences(spatial, lowWeights, w -> Dct.dct(w, box));
    }

    @Test
    void theGradientOfTheInverseIsTheForwardTransform() {
        Shape shape = new Shape(5, 1, 6);
        NDArray spectrum =
                RandomTensors.tensor(manager, new Random(Seeds.of(1)), shape, DataType.FLOAT64);
        NDArray weights =
                RandomTensors.tensor(manager, new Random(Seeds.of(2)), shape, DataType.FLOAT64);
        spectrum.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(Dct.idct(spectrum).mul(weights).sum());
        }
        RandomTensors.assertClose(Dct.dct(weights).toDoubleArray(), spectrum.getGradient(), WIDE);
    }

    @Test
    void takesFloat16AndComputesInFloat32() {
        Shape shape = new Shape(7, 20);
        NDArray half =
                RandomTensors.tensor(manager, new Random(Seeds.of(3)), shape, DataType.FLOAT16);
        NDArray single = half.toType(DataType.FLOAT32, true);
        List<UnaryOperator<NDArray>> transforms =
                List.of(Dct::dct, Dct::idct, a -> Dct.dct(a, new Shape(2, 5)));
        for (UnaryOperator<NDArray> transform : transforms) {
            NDArray result = transform.apply(half);
            assertEquals(DataType.FLOAT16, result.getDataType());
            NDArray expected = transform.apply(single).toType(DataType.FLOAT16, true);
            assertArrayEquals(RandomTensors.doubles(expected), RandomTensors.doubles(result));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INT32", "INT64", "UINT8", "BOOLEAN"})
    void refusesOtherDataTypes(DataType type) {
        NDArray array = manager.zeros(new Shape(2, 3), type);
        String message =
                "The cosine transform takes float16, float32 or float64, but the data type is "
                        + type;
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Dct.dct(array)).getMessage());
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Dct.idct(array)).getMessage());
        assertEquals(1, manager.getManagedArrays().size());
    }

    @Test
    void refusesABoxThatDoesNotFit() {
        NDArray array = manager.zeros(new Shape(2, 3));
        for (Shape box : List.of(new Shape(2), new Shape(3, 3), new Shape(2, 0))) {
            Exception e = assertThrows(IllegalArgumentException.class, () -> Dct.dct(array, box));
            String expected =
                    box.dimension() == 2
                            ? "Each extent of the box of frequencies "
                                    + box
                                    + " must be between 1 and that of the tensor (2, 3)"
                            : "The box of frequencies "
                                    + box
                                    + " and the tensor (2, 3) must have the same rank, 1 or more";
            assertEquals(expected, e.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> Dct.idct(array, new Shape(2, 2)));
        assertThrows(IllegalArgumentException.class, () -> Dct.idct(array, new Shape(6)));
    }

    @Test
    void refusesAScalarAndAnEmptyTensor() {
        NDArray scalar = manager.create(1f);
        NDArray empty = manager.zeros(new Shape(0, 3));
        assertThrows(IllegalArgumentException.class, () -> Dct.dct(scalar));
        assertThrows(IllegalArgumentException.class, () -> Dct.idct(scalar));
        assertThrows(IllegalArgumentException.class, () -> Dct.idct(empty));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void leavesNothingButTheResultOnTheCallersManager(DataType type) {
        NDArray array =
                RandomTensors.tensor(manager, new Random(Seeds.of(4)), new Shape(4, 1, 6), type);
        int before = manager.getManagedArrays().size();
        NDArray forward = Dct.dct(array, new Shape(2, 1, 3));
        assertSame(manager, forward.getManager());
        assertEquals(before + 1, manager.getManagedArrays().size());
        NDArray inverse = Dct.idct(forward, new Shape(4, 1, 6));
        assertSame(manager, inverse.getManager());
        assertEquals(before + 2, manager.getManagedArrays().size());
        assertSame(manager, array.getManager());
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void theResultIsAnArrayOfItsOwn(DataType type) {
        // Axes of one element need no product, but the result must not share memory either.
        NDArray array = RandomTensors.tensor(manager, new double[] {3}, new Shape(1, 1), type);
        List<UnaryOperator<NDArray>> transforms = List.of(Dct::dct, Dct::idct);
        for (UnaryOperator<NDArray> transform : transforms) {
            transform.apply(array).muli(0);
            assertArrayEquals(new double[] {3}, RandomTensors.doubles(array));
        }
    }

    /**
     * DJL passes arrays of Java memory to the engine without a copy. The garbage collector must not
     * free memory that the graph still needs, such as a scalar factor or a table.
     */
    @Test
    void theCollectorDoesNotChangeGradients() throws InterruptedException {
        for (Shape shape : new Shape[] {new Shape(1, 1), new Shape(3, 4)}) {
            NDArray spectrum = manager.ones(shape);
            spectrum.setRequiresGradient(true);
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray sum = Dct.idct(spectrum, shape).sum();
                GarbageCollection.force(64);
                collector.backward(sum);
            }
            // The sum is √n times the constant coefficient; other coefficients do not contribute.
            assertEquals(
                    Math.sqrt(shape.size()),
                    spectrum.getGradient().toFloatArray()[0],
                    1e-5,
                    shape.toString());
        }
    }
}
