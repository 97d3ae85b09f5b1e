package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import org.junit.jupiter.api.Test;

/** A wrapped layer must request its weight from the {@code ParameterStore}. */
class ForwardPassTest {

    @Test
    void layerThatBypassesTheParameterStoreIsRejected() {
        try (Model model = TestModels.model(new BypassingBlock(), new Shape(2, 4));
                NDManager manager = NDManager.newBaseManager()) {
            FrequencyRegularization.builder()
                    .optLayerTypes(LayerType.OTHER)
                    .optKept(5)
                    .build()
                    .apply(model);
            NDList input = new NDList(TestModels.random(manager, new Shape(2, 4)));
            IllegalStateException failure =
                    assertThrows(
                            IllegalStateException.class,
                            () -> TestModels.predict(model.getBlock(), manager, input));
            assertTrue(failure.getMessage().contains("BypassingBlock"), failure.getMessage());
            assertTrue(failure.getMessage().contains("weight"), failure.getMessage());
            assertTrue(failure.getMessage().contains("ParameterStore"), failure.getMessage());
        }
    }

    /** Reads the array of its parameter directly, which bypasses the store. */
    private static final class BypassingBlock extends AbstractBlock {

        private final Parameter weight;

        BypassingBlock() {
            weight =
                    addParameter(
                            Parameter.builder()
                                    .setName("weight")
                                    .setType(Parameter.Type.WEIGHT)
                                    .optShape(new Shape(3, 4))
                                    .build());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameterStore,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return Linear.linear(inputs.singletonOrThrow(), weight.getArray());
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return new Shape[] {new Shape(inputShapes[0].get(0), 3)};
        }
    }
}
