package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Replacing children relies on DJL's internals, so it is tied to a tested version. */
class ChildBlocksTest {

    @Test
    void replacementWasVerifiedWithThisDjlVersion() {
        // For another version check that these tests pass, then change it here and in ChildBlocks.
        assertEquals("0.36.0", Engine.getDjlVersion());
    }

    @Test
    void childrenOfSequentialAndParallelBlocksCanBeReplaced() {
        for (Block parent :
                List.of(
                        new SequentialBlock().add(TestModels.linear(2)),
                        new ParallelBlock(list -> list.get(0)).add(TestModels.linear(2)))) {
            assertTrue(ChildBlocks.canReplace(parent));
            Block other = TestModels.linear(3);
            assertSame(
                    parent, ChildBlocks.replace(parent, block -> block == parent ? block : other));
            assertSame(other, parent.getChildren().get(0).getValue());
            assertEquals("01Linear", parent.getChildren().get(0).getKey());
        }
    }

    @Test
    void childrenOfAClassWithItsOwnForwardPassCannotBeReplaced() {
        SequentialBlock own =
                new SequentialBlock() {
                    @Override
                    protected NDList forwardInternal(
                            ParameterStore store,
                            NDList inputs,
                            boolean training,
                            PairList<String, Object> params) {
                        return inputs;
                    }
                };
        assertFalse(ChildBlocks.canReplace(own));
        assertFalse(ChildBlocks.canReplace(TestModels.linear(2)));
    }
}
