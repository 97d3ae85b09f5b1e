package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import io.github.freqreg.TestModels;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which fresh weights start small. */
class StartRulesTest {

    private static final String SMALL = "starts small";
    private static final float TENTH = 0.1f;

    @Test
    void theLastWeightStartsAtATenth() {
        float[] usual = lastWeight(kept().optBalancedStart(1));
        for (int i = 0; i < usual.length; i++) {
            usual[i] *= TENTH;
        }
        assertArrayEquals(usual, lastWeight(kept()), 1e-6f);
    }

    @Test
    void aWholeLastWeightStartsAsUsual() {
        FrequencyRegularizationBuilder all = FrequencyRegularization.builder().optKeepRate(1);
        float[] found = lastWeight(all);
        assertArrayEquals(lastWeight(all.optBalancedStart(1)), found, 1e-6f);
    }

    private static FrequencyRegularizationBuilder kept() {
        return FrequencyRegularization.builder().optFloors(false).optKept(9);
    }

    private static float[] lastWeight(FrequencyRegularizationBuilder policy) {
        TestModels.seed();
        Block block = policy.build().apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, TestModels.SMALL_INPUT);
            return block.getParameters().get("06Linear_weight").getArray().toFloatArray();
        }
    }

    @Test
    void onlyALastLinearLayerOfSeveralStartsSmall() {
        assertEquals(List.of("06Linear_weight"), small(kept(), TestModels.smallNetwork()));
        assertEquals(List.of(), small(kept().paper(), TestModels.smallNetwork()));
        assertEquals(List.of(), small(kept().optSeededStart(1), TestModels.smallNetwork()));
        SequentialBlock normalized =
                TestModels.smallNetwork().add(BatchNorm.builder().optAxis(1).build());
        assertEquals(List.of(), small(kept(), normalized));
        SequentialBlock two =
                new SequentialBlock()
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(4))
                        .add(TestModels.linear(3));
        assertEquals(List.of(), small(kept(), two));
    }

    private static List<String> small(FrequencyRegularizationBuilder policy, Block block) {
        return policy.build().plan(block, TestModels.SMALL_INPUT).stream()
                .filter(each -> each.reason().contains(SMALL))
                .map(TensorChoice::name)
                .toList();
    }
}
