package io.github.freqreg.policy;

import static io.github.freqreg.policy.SmallNetwork.kept;
import static io.github.freqreg.policy.SmallNetwork.keptOfSmall;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static io.github.freqreg.policy.SmallNetwork.small;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many coefficients a tensor keeps under a rate or a fixed number. */
class KeepAmountsTest {

    @Test
    void rateKeepsOneMoreThanThePublishedIndex() {
        try (Model model = TestModels.model(leNet(), new Shape(1, 1, 14, 14))) {
            policy().optKeepRate(0.01).build().apply(model);
            List<Integer> kept = kept(model.getBlock());
            assertEquals(128, kept.get(0));
            assertEquals(251, kept.get(1));
            assertEquals(500 * 50 * 36 / 100 + 1, kept.get(2));
            assertEquals(256, kept.get(3));
        }
    }

    /** Caffe's LeNet-5 with the layer sizes of the paper. */
    private static Block leNet() {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(20).setKernelShape(new Shape(5, 5)).build())
                .add(Conv2d.builder().setFilters(50).setKernelShape(new Shape(5, 5)).build())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(500))
                .add(TestModels.linear(10));
    }

    @Test
    void transposedConvolutionKeepsAtLeast32() {
        Block block =
                Conv2dTranspose.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build();
        try (Model model = TestModels.model(block, new Shape(1, 4, 6, 6))) {
            policy().optKeepRate(0.01).build().apply(model);
            assertEquals(List.of(32), kept(model.getBlock()));
        }
    }

    @Test
    void rateWithoutFloorsIsRoundedAndKeepsAtLeastOne() {
        // The tensors have 108, 216 and 480 weights.
        assertEquals(List.of(11, 22, 48), keptOfSmall(policy().optFloors(false).optKeepRate(0.1)));
        assertEquals(List.of(1, 1, 1), keptOfSmall(policy().optFloors(false).optKeepRate(0.0001)));
    }

    @Test
    void atMostAllCoefficientsAreKept() {
        assertEquals(List.of(108, 128, 256), keptOfSmall(policy().optKeepRate(0.01)));
        assertEquals(List.of(108, 200, 200), keptOfSmall(policy().optKept(200)));
        assertEquals(List.of(108, 216, 480), keptOfSmall(policy().optKept(Long.MAX_VALUE)));
        assertEquals(List.of(108, 216, 480), keptOfSmall(policy()));
    }

    @Test
    void firstMatchingOverrideApplies() {
        FrequencyRegularizationBuilder policy =
                policy().optFloors(false)
                        .optKeepRate(0.1)
                        .addOverrideKept("^01", 7)
                        .addOverrideRate("Conv2d", 0.5)
                        .addOverrideKept("Conv2d", 3);
        assertEquals(List.of(7, 108, 48), keptOfSmall(policy));
    }

    @Test
    void startIsNeverBelowTheTarget() {
        try (Model model = small()) {
            policy().optKept(150).optStartRate(0.5).build().apply(model);
            // Half of 108 and 216 is below the target of 150, half of 480 is above it.
            assertEquals(List.of(108, 150, 240), kept(model.getBlock()));
            assertEquals(108 + 150 + 150, FrequencyBlocks.truncate(model.getBlock(), 0));
        }
    }
}
