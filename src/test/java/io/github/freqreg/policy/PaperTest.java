package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The published method: equal shares, own axes of equal weights, one gain for a fresh tensor. */
class PaperTest {

    private static final List<String> WEIGHTS =
            List.of("01Conv2d_weight", "03Conv2d_weight", "06Linear_weight");

    @Test
    void freshNetworkStartsWithThePublishedCoefficients() {
        Block dense = TestModels.smallNetwork();
        Block wrapped =
                FrequencyRegularization.builder()
                        .paper()
                        .optBudget(SmallNetwork.SMALL_BIASES + 152)
                        .build()
                        .apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            TestModels.initialized(dense, manager, TestModels.SMALL_INPUT);
            TestModels.initialized(wrapped, manager, TestModels.SMALL_INPUT);
            assertEquals(List.of(50, 51, 51), List.copyOf(FrequencyBlocks.kept(wrapped).values()));
            for (String name : WEIGHTS) {
                NDArray weights = dense.getParameters().get(name).getArray();
                NDArray coefficients = wrapped.getParameters().get(name).getArray();
                try (NDArray detached = coefficients.stopGradient()) {
                    float[] actual = detached.toFloatArray();
                    assertArrayEquals(published(weights, actual.length), actual, 1e-6f, name);
                }
            }
        }
    }

    /** The first coefficients of the DCT along a tensor's own axes, times √(n / K). */
    private static float[] published(NDArray weights, int kept) {
        long n = weights.getShape().get(0);
        ZigzagMask mask = FrequencyAxes.OWN.mask(weights.getShape(), kept);
        long others = mask.getBox().size() / mask.getBox().get(0);
        long lowest = Arrays.stream(mask.positions()).filter(at -> at % others == 0).count();
        float[] coefficients = FrequencyTensor.of(weights, kept).coefficients();
        for (int i = 0; i < kept; i++) {
            coefficients[i] *= (float) Math.sqrt((double) n / lowest);
        }
        return coefficients;
    }

    @Test
    void whatTheUserSetsHoldsBesidePaper() {
        FrequencyRegularizationBuilder set =
                FrequencyRegularization.builder()
                        .optKept(9)
                        .addAxisWeights("01", 1, 1, 2, 2)
                        .paper();
        List<String> reasons =
                set.build().plan(TestModels.smallNetwork(), TestModels.SMALL_INPUT).stream()
                        .filter(TensorChoice::regularized)
                        .map(TensorChoice::reason)
                        .toList();
        assertEquals(
                List.of(
                        "WEIGHT of CONVOLUTION; axes 4x3x3x3 weighted 1:1:2:2: set by addAxisWeights",
                        "WEIGHT of CONVOLUTION",
                        "WEIGHT of LINEAR"),
                reasons);
    }
}
