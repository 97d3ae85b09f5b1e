package io.github.freqreg.block;

import static io.github.freqreg.block.SmallNetworks.INPUT;
import static io.github.freqreg.block.SmallNetworks.initialized;
import static io.github.freqreg.block.SmallNetworks.policy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.policy.TensorChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks that are edited after wrapping are saved and loaded completely. */
@UsesEngine
class EditingTest {

    private final NDManager manager;

    EditingTest(NDManager manager) {
        this.manager = manager;
    }

    @TempDir Path folder;

    /** Changes that users make to a wrapped network before saving it. */
    enum Edit {
        HEAD_REPLACED(block -> block.replaceLastBlock(TestModels.linear(3))),
        HEAD_ADDED(block -> block.add(Activation.reluBlock()).add(TestModels.linear(3))),
        HEAD_WRAPPED_BY_ITSELF(
                block -> block.replaceLastBlock(policy().apply(TestModels.linear(3)))),
        LAYERS_REMOVED(
                block -> {
                    block.removeLastBlock();
                    block.removeLastBlock();
                }),
        LAYERS_MOVED(block -> {}, true),
        HEAD_REPLACED_AND_MOVED(block -> block.replaceLastBlock(TestModels.linear(3)), true);

        private final Consumer<SequentialBlock> edit;
        private final boolean moved;

        Edit(Consumer<SequentialBlock> edit) {
            this(edit, false);
        }

        Edit(Consumer<SequentialBlock> edit, boolean moved) {
            this.edit = edit;
            this.moved = moved;
        }

        SequentialBlock make(SequentialBlock block) {
            edit.accept(block);
            if (!moved) {
                return block;
            }
            SequentialBlock other = new SequentialBlock();
            other.addAll(block.getChildren().values());
            return other;
        }
    }

    /**
     * The file is loaded into a network that was never wrapped, so names must be those of a plain
     * network.
     */
    @ParameterizedTest
    @EnumSource
    void editedNetworkIsSavedLoadedAndReported(Edit edit)
            throws IOException, MalformedModelException {
        for (boolean again : new boolean[] {false, true}) {
            SequentialBlock block = (SequentialBlock) policy().apply(initialized(manager));
            block = edit.make(block);
            boolean rest = policy().plan(block, INPUT).stream().anyMatch(TensorChoice::regularized);
            if (again && rest) {
                policy().apply(block);
            }
            block.initialize(manager, DataType.FLOAT32, INPUT);
            float[] expected = TestModels.answer(block, INPUT);
            Path file = folder.resolve(edit + "-" + again + ".frq");
            FrequencyFile.save(block, file, DataType.FLOAT32);

            SequentialBlock fresh = edit.make(TestModels.smallNetwork());
            List<String> plain = unwrapped(fresh);
            FrqDocument document = FrqDocument.read(file);
            assertEquals(plain, document.entries().stream().map(FrqEntry::name).toList());
            assertEquals(
                    plain,
                    CompressionReport.of(file).getRows().stream()
                            .map(CompressionReport.Row::name)
                            .toList());
            Block loaded = FrequencyFile.load(fresh, manager, file);
            assertArrayEquals(expected, TestModels.answer(loaded, INPUT), edit + " " + again);
            assertRounded(block, fresh(edit), file);
            if (again) {
                assertEquals(
                        weights(plain), NetworkTensors.spectral(loaded).size(), plain.toString());
            }
            Block dense = FrequencyBlocks.toDense(loaded);
            assertFalse(FrequencyBlocks.isWrapped(dense));
        }
    }

    private static Block fresh(Edit edit) {
        return edit.make(TestModels.smallNetwork());
    }

    /** Quantisation steps use the names of tensors after the edit. */
    private void assertRounded(Block block, Block fresh, Path file)
            throws IOException, MalformedModelException {
        Quantization steps = Quantization.fit(block, 1_200, true);
        steps.applyTo(block);
        assertEquals(steps.getSteps(), Quantization.appliedTo(block).getSteps());
        float[] expected = TestModels.answer(block, INPUT);
        FrequencyFile.save(block, file, steps);
        float[] found = TestModels.answer(FrequencyFile.load(fresh, manager, file), INPUT);
        float largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        // Only the file rounds biases.
        assertArrayEquals(expected, found, 0.05f * largest);
    }

    /** The names that the parameters have in the plain network. */
    private static List<String> unwrapped(Block block) {
        return List.copyOf(FrequencyBlocks.parameters(block).keySet());
    }

    private static int weights(List<String> names) {
        return (int) names.stream().filter(name -> name.endsWith("_weight")).count();
    }
}
