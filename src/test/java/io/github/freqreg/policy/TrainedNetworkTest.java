package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.GarbageCollection;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A trained network under a budget keeps the coefficients of its weights.
 *
 * <p>Dividing the budget computes these coefficients, and wrapping takes them over where it can.
 */
class TrainedNetworkTest {

    private static final Shape INPUT = new Shape(2, 1, 5, 4);
    private static final String CONVOLUTION = "01Conv2d_weight";
    private static final String LINEAR = "03Linear_weight";

    /** A convolution with the weight (3, 1, 3, 1) and a linear layer with the weight (5, 36). */
    private static SequentialBlock network() {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(3).setKernelShape(new Shape(3, 1)).build())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(5));
    }

    /** Biases of 3 and 5 numbers, and 60 coefficients. */
    private static FrequencyRegularizationBuilder policy() {
        return SmallNetwork.weights().optBudget(8 + 60);
    }

    /**
     * A trained network.
     *
     * @param type of its parameters
     * @param tolerance relative to a tensor's largest coefficient; coefficients of float64 would be
     *     off by more if they had been float32 in between
     * @param startRate the share of all coefficients with which truncation starts
     * @param linear the axes along which the linear layer is transformed
     */
    record Trained(DataType type, double tolerance, double startRate, Shape linear) {

        FrequencyRegularizationBuilder policy() {
            FrequencyRegularizationBuilder policy = TrainedNetworkTest.policy();
            if (linear.dimension() > 2) {
                policy.addSplit("Linear", linear);
            }
            return policy;
        }

        Shape axes(String name, Shape shape) {
            return name.equals(LINEAR) ? linear : shape;
        }
    }

    static Stream<Trained> networks() {
        List<Trained> all = new ArrayList<>();
        for (double startRate : new double[] {0.001, 0.85, 1}) {
            for (Shape linear : List.of(new Shape(5, 36), new Shape(5, 3, 3, 1, 4))) {
                all.add(new Trained(DataType.FLOAT16, 2e-3, startRate, linear));
                all.add(new Trained(DataType.FLOAT32, 1e-6, startRate, linear));
                all.add(new Trained(DataType.FLOAT64, 1e-13, startRate, linear));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void keepsTheCoefficientsOfItsWeights(Trained trained) {
        try (Model model = TestModels.model(network(), trained.type, INPUT)) {
            Map<String, double[]> expected = new LinkedHashMap<>();
            for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
                if (each.getKey().endsWith("weight")) {
                    NDArray weights = each.getValue().getArray();
                    expected.put(
                            each.getKey(),
                            coefficients(
                                    doubles(weights),
                                    trained.axes(each.getKey(), weights.getShape())));
                }
            }
            trained.policy().optStartRate(trained.startRate).build().apply(model);
            Map<String, Integer> kept = FrequencyBlocks.kept(model.getBlock());
            assertEquals(expected.keySet(), kept.keySet());
            expected.forEach(
                    (name, all) -> {
                        double[] prefix = Arrays.copyOf(all, kept.get(name));
                        NDArray found = model.getBlock().getParameters().get(name).getArray();
                        assertEquals(trained.type, found.getDataType());
                        double largest = Arrays.stream(all).map(Math::abs).max().orElseThrow();
                        assertArrayEquals(prefix, doubles(found), trained.tolerance * largest);
                    });
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void startsWithTheStartRateAndIsTruncatedToItsShare(Trained trained) {
        try (Model small = TestModels.model(network(), trained.type, INPUT);
                Model model = TestModels.model(network(), trained.type, INPUT)) {
            trained.policy().build().apply(small);
            Map<String, Integer> shares = FrequencyBlocks.kept(small.getBlock());
            assertEquals(60, shares.values().stream().mapToInt(kept -> kept).sum());
            trained.policy().optStartRate(trained.startRate).build().apply(model);
            Map<String, Integer> starts = FrequencyBlocks.kept(model.getBlock());
            assertEquals(
                    Math.max(shares.get(CONVOLUTION), Math.round(9 * trained.startRate)),
                    (long) starts.get(CONVOLUTION));
            assertEquals(
                    Math.max(shares.get(LINEAR), Math.round(180 * trained.startRate)),
                    (long) starts.get(LINEAR));
            FrequencyBlocks.truncate(model.getBlock(), 0);
            assertEquals(shares, FrequencyBlocks.kept(model.getBlock()));
        }
    }

    /**
     * Coefficients of a table cost half as many bytes. 200 words are transformed as (8, 25), and a
     * tenth of the highest index sum, 7 + 24, is the weight of the dimensions.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 37, 150, 400})
    void tableKeepsTheCoefficientsOfItsDefaultAxes(long bytes) {
        Block table = new IdEmbedding.Builder().setDictionarySize(200).setEmbeddingSize(3).build();
        try (Model model = TestModels.model(table, new Shape(2))) {
            String name = table.getParameters().keyAt(0);
            double[] all =
                    coefficients(
                            doubles(table.getParameters().valueAt(0).getArray()),
                            new Shape(8, 25, 3),
                            1,
                            1,
                            3);
            SmallNetwork.policy().optBudgetBytes(bytes).build().apply(model);
            int kept = (int) Math.min(600, 4 * bytes);
            assertEquals(Map.of(name, kept), FrequencyBlocks.kept(model.getBlock()));
            NDArray found = model.getBlock().getParameters().get(name).getArray();
            assertArrayEquals(Arrays.copyOf(all, kept), doubles(found), 1e-5);
        }
    }

    /**
     * The coefficients were in Java memory once, which the collector freed while the network used
     * them. Runs in a process of its own, which such a defect can end.
     */
    @Test
    void theCollectorDoesNotChangeTraining() throws Exception {
        ChildProcess.run(
                ChildProcess.java(),
                List.of(
                        "-Xmx256m",
                        "-Dai.djl.offline=true",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                Collected.class);
    }

    /** Trains the same network without and with forced collections. */
    static final class Collected {

        private static final int STEPS = 6;

        private Collected() {}

        public static void main(String[] arguments) throws InterruptedException {
            assertArrayEquals(losses(false), losses(true));
        }

        private static float[] losses(boolean collected) throws InterruptedException {
            float[] losses = new float[STEPS];
            try (Model model = SmallNetwork.small()) {
                SmallNetwork.policy().optBudgetBytes(120).build().apply(model);
                int[] sizes =
                        FrequencyBlocks.kept(model.getBlock()).values().stream()
                                .mapToInt(kept -> kept * Float.BYTES)
                                .toArray();
                try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                    for (int i = 0; i < STEPS; i++) {
                        if (collected) {
                            GarbageCollection.force(sizes);
                        }
                        losses[i] = step(trainer);
                    }
                }
            }
            return losses;
        }

        /** The loss before a step. */
        private static float step(Trainer trainer) {
            float found;
            try (NDManager batch = trainer.getManager().newSubManager();
                    GradientCollector collector = trainer.newGradientCollector()) {
                NDArray input = TestModels.random(batch, TestModels.SMALL_INPUT);
                NDArray loss = TestModels.loss(trainer.forward(new NDList(input)));
                found = loss.getFloat();
                collector.backward(loss);
            }
            trainer.step();
            return found;
        }
    }

    private static double[] doubles(NDArray array) {
        try (NDArray plain = array.stopGradient();
                NDArray wide = plain.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    /** The orthonormal DCT-II by definition, in zigzag order by definition. */
    private static double[] coefficients(double[] weights, Shape shape, int... axisWeights) {
        int axes = shape.dimension();
        int[] extents = IntStream.range(0, axes).map(axis -> (int) shape.get(axis)).toArray();
        int[] costs = axisWeights.length > 0 ? axisWeights : new int[axes];
        if (axisWeights.length == 0) {
            Arrays.fill(costs, 1);
        }
        return IntStream.range(0, weights.length)
                .mapToObj(position -> coordinate(position, extents))
                .sorted(
                        Comparator.comparingInt((int[] k) -> sum(costs, k))
                                .thenComparing(Arrays::compare))
                .mapToDouble(k -> coefficient(weights, extents, k))
                .toArray();
    }

    private static int sum(int[] costs, int[] k) {
        return IntStream.range(0, k.length).map(axis -> costs[axis] * k[axis]).sum();
    }

    private static double coefficient(double[] weights, int[] extents, int[] k) {
        double sum = 0;
        for (int position = 0; position < weights.length; position++) {
            int[] x = coordinate(position, extents);
            double wave = 1;
            for (int axis = 0; axis < extents.length; axis++) {
                int n = extents[axis];
                wave *= Math.cos(Math.PI * (2 * x[axis] + 1) * k[axis] / (2.0 * n));
                wave *= Math.sqrt((k[axis] == 0 ? 1.0 : 2.0) / n);
            }
            sum += weights[position] * wave;
        }
        return sum;
    }

    /** The coordinate at a row-major position. */
    private static int[] coordinate(int position, int[] extents) {
        int[] coordinate = new int[extents.length];
        int rest = position;
        for (int axis = extents.length - 1; axis >= 0; axis--) {
            coordinate[axis] = rest % extents[axis];
            rest /= extents[axis];
        }
        return coordinate;
    }
}
