package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Patterns of tensor names in a policy. */
class NamePatternsTest {

    @Test
    void patternWithoutAMatchIsRejectedWithAllNames() {
        Shape shape = new Shape(5, 4, 4, 4);
        for (FrequencyRegularizationBuilder builder :
                List.of(
                        policy().addOverrideKept("03Lineer", 5),
                        policy().addOverrideRate("03Lineer", 0.5),
                        policy().addSplit("03Lineer", shape),
                        policy().addAxisWeights("03Lineer", 1, 2),
                        policy().optExclude("03Lineer"))) {
            Block block = TestModels.smallNetwork();
            IllegalArgumentException failure =
                    assertThrows(
                            IllegalArgumentException.class, () -> builder.build().apply(block));
            assertContains(failure, "03Lineer", "01Conv2d_weight", "06Linear_weight");
            assertFalse(FrequencyBlocks.isWrapped(block));
        }
        // A pattern may match only tensors that are wrapped already.
        SequentialBlock block = TestModels.smallNetwork();
        policy().optKept(9).optInclude("Conv2d").build().apply(block);
        policy().optKept(9).addOverrideKept("Conv2d", 5).build().apply(block);
    }
}
