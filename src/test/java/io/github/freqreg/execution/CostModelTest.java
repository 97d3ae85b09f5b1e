package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.freqreg.Seeds;
import io.github.freqreg.execution.CostModel.Traffic;
import io.github.freqreg.spectrum.TransformCost;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the cost model must say whatever its constants are. */
class CostModelTest {

    static Stream<LayerSizes> layers() {
        return LongStream.range(0, 40).mapToObj(seed -> layer(new Random(Seeds.of(seed))));
    }

    /** A random layer, often with a single channel, tap or place. */
    private static LayerSizes layer(Random random) {
        int in = upTo(random, 300);
        int out = upTo(random, 300);
        int places = upTo(random, 5_000);
        return new LayerSizes(
                upTo(random, 64),
                upTo(random, 4),
                in,
                1 + random.nextInt(in),
                out,
                1 + random.nextInt(out),
                upTo(random, 25),
                places,
                Math.max(1, places / 4));
    }

    private static int upTo(Random random, int most) {
        return random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(most);
    }

    private static LayerSizes keeping(LayerSizes s, double inBox, double outBox) {
        return new LayerSizes(
                s.batch(),
                s.groups(),
                s.in(),
                inBox,
                s.out(),
                outBox,
                s.taps(),
                s.inPlaces(),
                s.outPlaces());
    }

    private static double best(LayerSizes sizes, boolean training) {
        return CostModel.cost(CostModel.pick(Factorization.ALL, sizes, training), sizes, training);
    }

    @ParameterizedTest
    @MethodSource("layers")
    void fewerFrequenciesNeverCostMore(LayerSizes sizes) {
        LayerSizes more = keeping(sizes, sizes.in(), sizes.out());
        LayerSizes less = keeping(sizes, Math.ceil(sizes.inBox() / 2), sizes.outBox());
        LayerSizes least = keeping(less, less.inBox(), Math.ceil(sizes.outBox() / 2));
        List<LayerSizes> falling = List.of(more, sizes, less, least);
        for (boolean training : new boolean[] {false, true}) {
            for (int i = 1; i < falling.size(); i++) {
                LayerSizes before = falling.get(i - 1);
                LayerSizes after = falling.get(i);
                for (Factorization way : Factorization.ALL) {
                    assertTrue(
                            CostModel.cost(way, after, training)
                                    <= CostModel.cost(way, before, training),
                            way + " of " + after);
                }
                assertTrue(best(after, training) <= best(before, training), after.toString());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void layerThatKeepsEverythingPredictsWithItsDenseWeight(LayerSizes sizes) {
        LayerSizes all = keeping(sizes, sizes.in(), sizes.out());
        assertEquals(Factorization.REBUILD, CostModel.pick(Factorization.ALL, all, false));
    }

    /** Training transforms what is smaller: the weight, or the input and the output. */
    @Test
    void layerThatKeepsEverythingTransformsTheSmaller() {
        LayerSizes manyPlaces = new LayerSizes(8, 1, 64, 64, 64, 64, 9, 3_136, 3_136);
        LayerSizes fewRows = new LayerSizes(16, 1, 4_096, 4_096, 4_096, 4_096, 1, 1, 1);
        assertEquals(Factorization.REBUILD, CostModel.pick(Factorization.ALL, manyPlaces, true));
        assertEquals(
                Factorization.PROJECT_AND_EXPAND, CostModel.pick(Factorization.ALL, fewRows, true));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void plainLayerCostsLikeARebuiltOneWithoutTheRebuilding(LayerSizes sizes) {
        double plain = CostModel.dense(sizes, false);
        assertEquals(CostModel.cost(Factorization.REBUILD, sizes, false), plain);
        assertTrue(CostModel.dense(sizes, true) > plain);
        assertTrue(
                CostModel.cost(Factorization.REBUILD, sizes, true) > CostModel.dense(sizes, true));
        // The plain layer has no coefficients.
        assertEquals(plain, CostModel.dense(keeping(sizes, 1, 1), false));
        assertEquals(CostModel.dense(sizes, true), CostModel.dense(keeping(sizes, 1, 1), true));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void mapThatIsNotMovedCostsNothing(LayerSizes sizes) {
        for (boolean training : new boolean[] {false, true}) {
            for (Factorization way : Factorization.ALL) {
                double whole = CostModel.cost(way, sizes, training);
                assertEquals(whole, CostModel.cost(way, sizes, Traffic.WHOLE, training));
                Traffic projects = new Traffic(false, MapUse.STORED);
                Traffic projected = new Traffic(true, MapUse.PROJECTED);
                double noInput = CostModel.cost(way, sizes, projects, training);
                double noOutput = CostModel.cost(way, sizes, projected, training);
                assertEquals(way.projects(), noInput < whole, way + " of " + sizes);
                assertEquals(way.expands(), noOutput < whole, way + " of " + sizes);
            }
        }
    }

    /** Which channels have few frequencies decides what is factored. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largeLayerWithFewFrequenciesIsFactored(boolean training) {
        LayerSizes large = new LayerSizes(8, 1, 256, 256, 256, 256, 9, 3_136, 3_136);
        assertEquals(
                Factorization.PROJECT_AND_EXPAND,
                CostModel.pick(Factorization.ALL, keeping(large, 8, 8), training));
        assertEquals(
                Factorization.PROJECT,
                CostModel.pick(Factorization.ALL, keeping(large, 8, 256), training));
        assertEquals(
                Factorization.EXPAND,
                CostModel.pick(Factorization.ALL, keeping(large, 256, 8), training));
    }

    /** One product and one sum for each weight; input, output and weight are moved. */
    @Test
    void costsAreCountedFromTheShapes() {
        LayerSizes sizes = new LayerSizes(2, 1, 3, 1, 5, 2, 4, 7, 6);
        double operations = 2.0 * (2 * 6) * (5 * 3 * 4);
        double numbers = 2 * 3 * 7 + 2 * 5 * 6 + 5 * 3 * 4;
        assertEquals(
                operations / TransformCost.OPERATIONS
                        + 4 * numbers / TransformCost.BYTES
                        + TransformCost.STEP,
                CostModel.dense(sizes, false),
                1e-9);
    }

    @Test
    void onlyGivenWaysArePicked() {
        LayerSizes all = new LayerSizes(1, 1, 8, 8, 8, 8, 1, 1, 1);
        assertTrue(
                Factorization.FACTORED.contains(
                        CostModel.pick(Factorization.FACTORED, all, false)));
    }
}
