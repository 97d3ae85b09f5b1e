package io.github.freqreg.policy;

import static io.github.freqreg.policy.SmallNetwork.SMALL_BIASES;
import static io.github.freqreg.policy.SmallNetwork.SMALL_WEIGHTS;
import static io.github.freqreg.policy.SmallNetwork.kept;
import static io.github.freqreg.policy.SmallNetwork.keptOfFresh;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static io.github.freqreg.policy.SmallNetwork.small;
import static io.github.freqreg.policy.SmallNetwork.weights;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the tensors of a network share a budget. */
class BudgetSharesTest {

    @Test
    void freshTensorsShareTheBudgetEqually() {
        assertEquals(List.of(50, 51, 51), keptOfFresh(policy().optBudget(SMALL_BIASES + 152)));
        // The first tensor has only 108 coefficients; the others share the rest.
        assertEquals(List.of(108, 150, 150), keptOfFresh(policy().optBudget(SMALL_BIASES + 408)));
    }

    /** Biases of 4, 6 and 5 numbers are an eighth of 120. */
    @Test
    void freshVectorsAreKeptWholeWhereTheyAreFew() {
        assertEquals(List.of(35, 4, 35, 6, 35, 5), keptOfFresh(everything().optBudget(120)));
        assertEquals(List.of(37, 2, 37, 3, 37, 3), keptOfFresh(everything().optBudget(119)));
        assertEquals(
                List.of(11, 4, 11, 6, 12, 5),
                keptOfFresh(everything().optBudget(49).optSeededStart(1)));
        // They are half of 30 numbers.
        assertEquals(
                List.of(5, 4, 5, 6, 5, 5),
                keptOfFresh(everything().optBudget(30).optSeededStart(1)));
        assertEquals(
                List.of(7, 2, 7, 3, 7, 3),
                keptOfFresh(everything().optBudget(29).optSeededStart(1)));
    }

    /** The second layer is twice as large as the first, the third four times. */
    @Test
    void weightsThatStartAtTheIdentityShareEqually() {
        List<Long> identities = keptOfSequence(builder -> builder);
        assertEquals(identities.get(0), identities.get(1), 1);
        assertEquals(identities.get(0), identities.get(2), 1);
        List<Long> others = keptOfSequence(builder -> builder.optIdentityStart(false));
        assertTrue(others.get(0) < others.get(1), others::toString);
    }

    private static List<Long> keptOfSequence(UnaryOperator<FrequencyRegularizationBuilder> more) {
        SequentialBlock network =
                new SequentialBlock()
                        .add(TestModels.padded(16))
                        .add(TestModels.padded(32))
                        .add(TestModels.padded(32));
        FrequencyRegularization policy =
                more.apply(FrequencyRegularization.builder().optBudgetBytes(400)).build();
        Block block = policy.apply(network, new Shape(1, 16, 8, 8));
        try (Model model = TestModels.model(block, new Shape(1, 16, 8, 8))) {
            return FrequencyBlocks.tensors(model.getBlock()).values().stream()
                    .filter(each -> each.shape().dimension() > 1)
                    .map(each -> (long) each.coefficients().length)
                    .toList();
        }
    }

    private static FrequencyRegularizationBuilder everything() {
        return policy().optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.BIAS);
    }

    /**
     * Biases of 4, 6 and 5 numbers get 2, 3 and 3 until the weights are complete, if they would
     * take more than an eighth.
     */
    @Test
    void freshVectorGetsTheSquareRootOfItsSize() {
        FrequencyRegularizationBuilder policy = everything();
        assertEquals(List.of(35, 2, 35, 3, 36, 3), keptOfFresh(policy.optBudget(114)));
        long all = SMALL_WEIGHTS + SMALL_BIASES;
        assertEquals(
                List.of(108, 4, 216, 6, (int) SMALL_WEIGHTS - 324, 5),
                keptOfFresh(policy.optBudget(all)));
    }

    /**
     * Where few numbers are kept a vector gets the square root of its size, where many are, all.
     */
    @Test
    void vectorGetsMoreWhereMoreIsKept() {
        assertEquals(0.5, BudgetShares.Rule.GROWING.vectorExponent(0.001));
        assertEquals(0.5, BudgetShares.Rule.GROWING.vectorExponent(1.0 / 16));
        assertEquals(2.0 / 3, BudgetShares.Rule.GROWING.vectorExponent(1.0 / 8), 1e-9);
        assertEquals(1, BudgetShares.Rule.GROWING.vectorExponent(0.5), 1e-9);
        assertEquals(1, BudgetShares.Rule.GROWING.vectorExponent(1), 1e-9);
        assertEquals(0.5, BudgetShares.Rule.PAPER.vectorExponent(1));
    }

    /** The tensors have 108, 216 and 480 elements, of which 153 are kept: the power is 0.622. */
    @Test
    void freshTensorsShareByAPowerOfTheirSizes() {
        FrequencyRegularizationBuilder found =
                FrequencyRegularization.builder()
                        .optParameterTypes(Parameter.Type.WEIGHT)
                        .optBudget(SMALL_BIASES + 153);
        assertEquals(List.of(30, 46, 77), keptOfFresh(found));
        found.optBudget(SMALL_BIASES + 3);
        assertEquals(List.of(1, 1, 1), keptOfFresh(found));
        found.optBudget(SMALL_WEIGHTS + SMALL_BIASES);
        assertEquals(List.of(108, 216, 480), keptOfFresh(found));
    }

    /**
     * By hand, 4, 6, 20 and all 10 numbers of the biases, and 150, 500, 1,400 and 300 were best.
     */
    @Test
    void sharesOfLeNetResembleThoseFoundByHand() {
        Block block =
                new SequentialBlock()
                        .add(convolution(20))
                        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                        .add(convolution(50))
                        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                        .add(Blocks.batchFlattenBlock())
                        .add(Linear.builder().setUnits(500).build())
                        .add(Linear.builder().setUnits(10).build());
        Shape input = new Shape(1, 1, 28, 28);
        Block wrapped =
                FrequencyRegularization.builder().optBudget(2_390).build().apply(block, input);
        try (NDManager manager = NDManager.newBaseManager()) {
            wrapped.initialize(manager, DataType.FLOAT32, input);
            assertEquals(List.of(149, 5, 538, 8, 1_340, 23, 317, 10), kept(wrapped));
        }
    }

    /** Most weights of this network start at the identity, and no frequency is low there. */
    @Test
    void scalesAndShiftsBehindIdentitiesAreWholeAndPaidOnce() {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder().optBudgetBytes(300);
        Map<String, Integer> kept = keptOfIdentities(policy);
        assertEquals(600, kept.values().stream().mapToInt(each -> each).sum());
        assertTrue(
                kept.entrySet().stream()
                        .filter(each -> each.getKey().contains("BatchNorm"))
                        .allMatch(each -> each.getValue() == 16));
    }

    /** Statistics are folded into a scale and a shift, not into a scale alone. */
    @Test
    void statisticsBehindScalesAloneArePaid() {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder()
                        .optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.GAMMA)
                        .optBudgetBytes(600);
        int kept = keptOfIdentities(policy).values().stream().mapToInt(each -> each).sum();
        // At two bytes each, 64 shifts and 74 biases leave 324 bytes, and statistics less.
        assertTrue(kept < 2 * 324, kept + " coefficients");
    }

    private static Map<String, Integer> keptOfIdentities(FrequencyRegularizationBuilder policy) {
        SequentialBlock block = new SequentialBlock();
        for (int i = 0; i < 4; i++) {
            block.add(TestModels.padded(16)).add(BatchNorm.builder().build());
        }
        block.add(Blocks.batchFlattenBlock()).add(TestModels.linear(10));
        Shape input = new Shape(1, 16, 4, 4);
        Block wrapped = policy.build().apply(block, input);
        try (NDManager manager = NDManager.newBaseManager()) {
            wrapped.initialize(manager, DataType.FLOAT32, input);
            return FrequencyBlocks.kept(wrapped);
        }
    }

    private static Block convolution(int filters) {
        return Conv2d.builder().setFilters(filters).setKernelShape(new Shape(5, 5)).build();
    }

    /** Moving coefficients from one tensor to another never raises the sum of energy shares. */
    @ParameterizedTest
    @ValueSource(longs = {40, 100, 300, 600})
    void trainedTensorsShareTheBudgetByEnergy(long coefficients) {
        double[][] parts = new double[3][];
        try (Model model = small()) {
            int tensor = 0;
            for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
                if (each.getKey().endsWith("weight")) {
                    NDArray weights = each.getValue().getArray();
                    parts[tensor++] = parts(FrequencyTensor.of(weights, weights.size()));
                }
            }
            weights().optBudget(SMALL_BIASES + coefficients).build().apply(model);
            List<Integer> kept = kept(model.getBlock());
            double found = 0;
            for (int i = 0; i < parts.length; i++) {
                found += parts[i][kept.get(i)];
            }
            double best = 0;
            for (int first = 1; first <= 108; first++) {
                for (int second = 1; second <= 216; second++) {
                    long third = coefficients - first - second;
                    if (third >= 1 && third <= 480) {
                        best =
                                Math.max(
                                        best,
                                        parts[0][first] + parts[1][second] + parts[2][(int) third]);
                    }
                }
            }
            // Taking hull segments by slope is optimal for the hulls; only the last may be partial.
            double hulls = 0;
            int below = 0;
            for (int i = 0; i < parts.length; i++) {
                // No tensor can get more than the whole budget.
                int most = (int) Math.min(parts[i].length, coefficients + 1);
                double hull = hull(Arrays.copyOf(parts[i], most))[kept.get(i)];
                hulls += hull;
                below += hull > parts[i][kept.get(i)] + 1e-6 ? 1 : 0;
            }
            assertTrue(hulls >= best - 1e-6, hulls + " of " + best);
            assertTrue(below <= 1, below + " tensors within a step");
            assertTrue(found <= best + 1e-6, found + " of " + best);
        }
    }

    /**
     * Two coefficients of a table cost as much as one of another layer. All energy of this table is
     * in its 151st coefficient, and the linear layer needs its first one only.
     */
    @Test
    void coefficientsOfATableArePaidInPairs() {
        Block table = new IdEmbedding.Builder().setDictionarySize(90).setEmbeddingSize(8).build();
        Block linear = Linear.builder().setUnits(15).optBias(false).build();
        SequentialBlock block = new SequentialBlock().add(linear).add(table);
        try (Model model = TestModels.model(block, new Shape(2, 7))) {
            fill(linear, FrequencyAxes.OWN, 1);
            fill(table, FrequencyAxes.ofTable(new Shape(90, 8)), 151);
            policy().optBudgetBytes(50).build().apply(model);
            List<Integer> kept = kept(model.getBlock());
            assertTrue(kept.get(1) >= 2 * 76, kept.toString());
            assertEquals(2 * 50, kept.get(0) + kept.get(1) / 2);
        }
    }

    /** Sets the last of some coefficients of a layer's only parameter to 1, all others to 0. */
    private static void fill(Block layer, FrequencyAxes axes, int kept) {
        NDArray weights = layer.getParameters().valueAt(0).getArray();
        float[] coefficients = new float[kept];
        coefficients[kept - 1] = 1;
        try (NDManager scratch = weights.getManager().newSubManager()) {
            NDArray values =
                    new FrequencyTensor(axes, weights.getShape(), coefficients).rebuild(scratch);
            weights.setRequiresGradient(false);
            values.copyTo(weights);
            weights.setRequiresGradient(true);
        }
    }

    /** The concave hull of a curve from its second point on. */
    private static double[] hull(double[] curve) {
        double[] hull = curve.clone();
        int from = 1;
        while (from < curve.length - 1) {
            int to = from + 1;
            for (int i = to; i < curve.length; i++) {
                if (slope(curve, from, i) >= slope(curve, from, to)) {
                    to = i;
                }
            }
            for (int i = from; i < to; i++) {
                hull[i] = curve[from] + (i - from) * slope(curve, from, to);
            }
            from = to;
        }
        return hull;
    }

    private static double slope(double[] curve, int from, int to) {
        return (curve[to] - curve[from]) / (to - from);
    }

    /** The share of the energy in the first n coefficients, for each n. */
    private static double[] parts(FrequencyTensor tensor) {
        double[] sums = new double[tensor.coefficients().length + 1];
        for (int i = 1; i < sums.length; i++) {
            sums[i] = sums[i - 1] + Math.pow(tensor.coefficients()[i - 1], 2);
        }
        double all = sums[sums.length - 1];
        return Arrays.stream(sums).map(sum -> sum / all).toArray();
    }
}
