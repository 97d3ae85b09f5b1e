package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.List;
import org.junit.jupiter.api.Test;

/** DJL's transposed convolutions, which its PyTorch engine does not implement, are replaced. */
class TransposedLayersTest {

    private static final int KEPT = 9;

    private static FrequencyRegularization policy() {
        return TestModels.policy(KEPT);
    }

    @Test
    void layerMissingInTheEngineIsReportedByApply() {
        Block up = new Up();
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> policy().apply(up));
        for (String word :
                List.of(
                        Up.class.getName(),
                        "Conv2dTranspose",
                        "does not implement",
                        TransposedConv2d.class.getName())) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
        // A layer in a sequence is replaced, and restored if the policy then fails.
        SequentialBlock list = new SequentialBlock().add(up()).add(TestModels.convolution(2));
        assertThrows(
                IllegalArgumentException.class,
                () -> FrequencyRegularization.builder().optInclude("none").build().apply(list));
        assertEquals(Conv2dTranspose.class, list.getChildren().valueAt(0).getClass());
    }

    private static Conv2dTranspose up() {
        return Conv2dTranspose.builder().setFilters(4).setKernelShape(new Shape(2, 2)).build();
    }

    /** Calls one of DJL's transposed convolutions through a field, where it cannot be replaced. */
    private static final class Up extends AbstractBlock {

        private final Block layer = addChildBlock("layer", up());

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return layer.forward(store, inputs, training);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return layer.getOutputShapes(inputs);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
            layer.initialize(manager, type, inputs);
        }
    }
}
