package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With all coefficients kept, a wrapped block computes and trains like the plain block. */
class BlockEquivalenceTest {

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void wrappedBlockHasTheSameWeights(BlockCases.Case block) {
        try (Model plain = block.plain();
                Model rebuilt = block.rebuilt()) {
            TestModels.assertSameParameters(plain.getBlock(), rebuilt.getBlock(), TestModels.CLOSE);
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void wrappedBlockComputesTheSameInInference(BlockCases.Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            assertRegularized(wrapped);
            assertClose(
                    TestModels.predict(plain.getBlock(), manager, block.inputs().apply(manager)),
                    TestModels.predict(wrapped.getBlock(), manager, block.inputs().apply(manager)));
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void wrappedBlockComputesTheSameInTraining(BlockCases.Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            NDList expected = train(plain, manager, block);
            NDList actual = train(wrapped, manager, block);
            assertClose(expected, actual);
        }
    }

    private static NDList train(Model model, NDManager manager, BlockCases.Case block) {
        TestModels.seed();
        return model.getBlock()
                .forward(new ParameterStore(manager, false), block.inputs().apply(manager), true);
    }

    @ParameterizedTest
    @MethodSource("io.github.freqreg.block.BlockCases#cases")
    void oneStepOfGradientDescentGivesTheSameWeights(BlockCases.Case block) {
        try (Model plain = block.rebuilt();
                Model wrapped = block.wrapped();
                Model before = block.rebuilt();
                NDManager manager = NDManager.newBaseManager()) {
            for (Model model : List.of(plain, wrapped)) {
                try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                    trainer.initialize(block.inputs().apply(manager).getShapes());
                    TestModels.step(trainer, block.inputs().apply(trainer.getManager()));
                }
            }
            FrequencyBlocks.toDense(wrapped);
            assertMoved(before.getBlock(), plain.getBlock());
            TestModels.assertSameParameters(plain.getBlock(), wrapped.getBlock(), TestModels.CLOSE);
        }
    }

    private static void assertClose(NDList expected, NDList actual) {
        TestModels.assertClose(expected, actual, TestModels.CLOSE);
    }

    private static void assertRegularized(Model model) {
        assertFalse(FrequencyBlocks.in(model.getBlock()).isEmpty());
    }

    /** The step must be far larger than the tolerance, or the comparison would prove nothing. */
    private static void assertMoved(Block before, Block after) {
        double largest = 0;
        for (Pair<String, Parameter> entry : after.getParameters()) {
            largest =
                    Math.max(
                            largest,
                            TestModels.difference(
                                    before.getParameters().get(entry.getKey()).getArray(),
                                    entry.getValue().getArray()));
        }
        assertTrue(largest > 100 * TestModels.CLOSE, "the step moved weights by " + largest);
    }
}
