package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2dTranspose;
import io.github.freqreg.CallingBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DJL's transposed convolutions, which its PyTorch engine does not implement, are replaced. */
@UsesEngine
class TransposedLayersTest {

    private static final int KEPT = 9;
    private static final Shape INPUT = new Shape(2, 1, 3, 5);

    private final NDManager manager;

    TransposedLayersTest(NDManager manager) {
        this.manager = manager;
    }

    private static FrequencyRegularization policy() {
        return TestModels.policy(KEPT);
    }

    @Test
    void layerMissingInTheEngineIsReportedByApply() {
        Block up = new CallingBlock(up());
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> policy().apply(up));
        for (String word :
                List.of(
                        CallingBlock.class.getName(),
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

    /** Doubles images of one channel and mixes the result. */
    private static SequentialBlock upscaling(int filters) {
        return new SequentialBlock().add(up()).add(TestModels.convolution(filters));
    }

    private SequentialBlock initialized(int filters) {
        return TestModels.initialized(upscaling(filters), manager, INPUT);
    }

    private static Path save(Block wrapped, Path folder) throws IOException {
        Path file = folder.resolve("network.frq");
        FrequencyFile.save(wrapped, file, DataType.FLOAT32);
        return file;
    }

    /** A loader replaces DJL's layers before it knows whether the file fits. */
    @Test
    void refusedFileLeavesTheLayersAsTheyWere(@TempDir Path folder) throws IOException {
        Path wrong = save(policy().apply(initialized(3)), folder);
        SequentialBlock block = initialized(2);
        List<Block> children = block.getChildren().values();
        List<NDArray> parameters = arrays(block);
        int arrays = manager.getManagedArrays().size();
        for (int round = 0; round < 5; round++) {
            assertThrows(
                    MalformedModelException.class, () -> FrequencyFile.load(block, manager, wrong));
            assertEquals(children, block.getChildren().values());
            assertEquals(parameters, arrays(block));
            assertEquals(arrays, manager.getManagedArrays().size());
        }
        assertEquals(Conv2dTranspose.class, children.get(0).getClass());
    }

    private static List<NDArray> arrays(Block block) {
        return block.getParameters().values().stream().map(Parameter::getArray).toList();
    }

    @Test
    void fileIsLoadedIntoANetworkWithTheEnginesMissingLayer(@TempDir Path folder)
            throws IOException, MalformedModelException {
        Block saved = policy().apply(initialized(2));
        float[] expected = TestModels.answer(saved, INPUT);
        Path file = save(saved, folder);
        for (Block target : List.of(upscaling(2), initialized(2))) {
            for (Parameter each : target.getParameters().values()) {
                if (each.isInitialized()) {
                    each.getArray().setRequiresGradient(false);
                    each.getArray().muli(0);
                    each.getArray().setRequiresGradient(true);
                }
            }
            assertArrayEquals(
                    expected,
                    TestModels.answer(FrequencyFile.load(target, manager, file), INPUT),
                    1e-6f);
        }
    }

    private static Conv2dTranspose up() {
        return Conv2dTranspose.builder().setFilters(4).setKernelShape(new Shape(2, 2)).build();
    }
}
