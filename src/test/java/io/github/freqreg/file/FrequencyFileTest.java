package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A saved network is restored in plain and wrapped, fresh and initialised networks. */
@UsesEngine
class FrequencyFileTest extends NetworkFiles {

    private static final String DENSE_WEIGHT = "05Linear_weight";

    /** The split shape of the linear layer's weight, whose inputs are four maps of 4×4. */
    private static final Shape SPLIT = new Shape(5, 4, 4, 4);

    @ParameterizedTest
    @EnumSource
    void float32FileRestoresTheNetworkBitForBit(Target target)
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(target.make(this), manager, file);
        assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(loaded, INPUT));
        assertEquals(TestModels.numbers(saved), TestModels.numbers(loaded));
        assertEquals(2, FrequencyBlocks.in(loaded).size());
    }

    /** A policy without input shapes cannot know all axes that were found with them. */
    @Test
    void theAxesOfTheFileWin() throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block other =
                FrequencyRegularization.builder()
                        .optKept(7)
                        .addAxisWeights("weight", 3, 1, 2, 2)
                        .optLayerTypes(LayerType.CONVOLUTION)
                        .build()
                        .apply(TestModels.normalizedNetwork());
        Block loaded = FrequencyFile.load(other, manager, file);
        assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(loaded, INPUT));
    }

    @ParameterizedTest
    @EnumSource
    void float16FileRestoresTheSameNetworkIntoEveryTarget(Target target)
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file);
        Block first = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        Block loaded = FrequencyFile.load(target.make(this), manager, file);
        float[] expected = TestModels.answer(saved, INPUT);
        float[] actual = TestModels.answer(loaded, INPUT);
        assertArrayEquals(TestModels.answer(first, INPUT), actual);
        assertArrayEquals(expected, actual, 0.02f);
        assertFalse(Arrays.equals(expected, actual), "float16 rounds");
    }

    @ParameterizedTest
    @EnumSource
    void savingALoadedNetworkGivesTheSameBytes(Target target)
            throws IOException, MalformedModelException {
        for (DataType type : List.of(DataType.FLOAT16, DataType.FLOAT32)) {
            FrequencyFile.save(wrapped(), file, type);
            Path again = folder.resolve("again.frq");
            FrequencyFile.save(FrequencyFile.load(target.make(this), manager, file), again, type);
            assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
        }
    }

    @ParameterizedTest
    @EnumSource
    void loadedNetworkTrainsTheSameParameters(Target target)
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file);
        Block loaded = FrequencyFile.load(target.make(this), manager, file);
        for (Pair<String, Parameter> entry : saved.getParameters()) {
            Parameter other = loaded.getParameters().get(entry.getKey());
            assertEquals(
                    entry.getValue().getArray().hasGradient(),
                    other.getArray().hasGradient(),
                    entry.getKey());
            assertEquals(entry.getValue().requiresGradient(), other.requiresGradient());
            assertEquals(entry.getValue().getType(), other.getType());
        }
    }

    @Test
    void loadingAgainAllocatesNothingMore() throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        Block loaded = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        int arrays = manager.getManagedArrays().size();
        for (int i = 0; i < 3; i++) {
            assertSame(loaded, FrequencyFile.load(loaded, manager, file));
        }
        assertEquals(arrays, manager.getManagedArrays().size());
    }

    @Test
    void loadsIntoAClearedNetworkOfOtherShapes() throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Shape larger = new Shape(2, 3, 9, 9);
        Block wrapped = policy().apply(initialized(TestModels.normalizedNetwork(), larger));
        for (Block block : List.of(initialized(TestModels.normalizedNetwork(), larger), wrapped)) {
            block.clear();
            Block loaded = FrequencyFile.load(block, manager, file);
            assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(loaded, INPUT));
        }
    }

    @Test
    void loadsIntoAModel() throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        try (Model model = TestModels.loaded(TestModels.normalizedNetwork(), file)) {
            assertArrayEquals(
                    TestModels.answer(saved, INPUT), TestModels.answer(model.getBlock(), INPUT));
        }
    }

    @Test
    void singleLayerBecomesAFrequencyBlock() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 8);
        Block saved = policy().apply(initialized(TestModels.linear(4), input));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(TestModels.linear(4), manager, file);
        assertSame(FrequencyBlock.class, loaded.getClass());
        assertArrayEquals(TestModels.answer(saved, input), TestModels.answer(loaded, input));
    }

    @Test
    void networkWithoutCoefficientsIsSaved() throws IOException, MalformedModelException {
        Block saved = initialized(TestModels.normalizedNetwork(), INPUT);
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block fresh = TestModels.normalizedNetwork();
        assertSame(fresh, FrequencyFile.load(fresh, manager, file));
        assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(fresh, INPUT));
    }

    @Test
    void coefficientsOfBiasesAndNormalisationAreLoaded()
            throws IOException, MalformedModelException {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .paper()
                        .optKept(3)
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(
                                Parameter.Type.WEIGHT, Parameter.Type.BIAS, Parameter.Type.GAMMA)
                        .build();
        Block saved = policy.apply(initialized(TestModels.normalizedNetwork(), INPUT));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        assertArrayEquals(TestModels.answer(saved, INPUT), TestModels.answer(loaded, INPUT));
        assertEquals(TestModels.numbers(saved), TestModels.numbers(loaded));
    }

    /** A plain network takes the axes of the transform from the file. */
    @Test
    void splitAxesAreLoaded() throws IOException, MalformedModelException {
        FrequencyRegularization split =
                FrequencyRegularization.builder()
                        .paper()
                        .optKept(KEPT)
                        .addSplit("Linear_weight", SPLIT)
                        .addAxisWeights("Linear_weight", 1, 2, 3, 3)
                        .build();
        Block block = split.apply(initialized(TestModels.normalizedNetwork(), INPUT));
        float[] expected = TestModels.answer(block, INPUT);
        FrequencyFile.save(block, file, DataType.FLOAT32);
        assertTrue(
                CompressionReport.of(file).toString().contains("5x64 as 5x4x4x4 weighted 1:2:3:3"));
        for (Block target :
                new Block[] {
                    TestModels.normalizedNetwork(),
                    split.apply(TestModels.normalizedNetwork(), INPUT)
                }) {
            Block loaded = FrequencyFile.load(target, manager, file);
            assertArrayEquals(expected, TestModels.answer(loaded, INPUT));
            assertEquals(TestModels.numbers(block), TestModels.numbers(loaded));
        }
        FrqDocument.read(file).withoutNames().write(file);
        FrequencyFile.load(split.apply(TestModels.normalizedNetwork(), INPUT), manager, file);
        Block loaded = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        assertArrayEquals(expected, TestModels.answer(loaded, INPUT));
        Block other = policy().apply(TestModels.normalizedNetwork(), INPUT);
        // The axes of the file take the place of the policy's.
        FrequencyFile.load(other, manager, file);
        assertArrayEquals(expected, TestModels.answer(other, INPUT));
        Block dense = FrequencyBlocks.toDense(loaded);
        assertEquals(
                new Shape(5, SPLIT.size() / 5), dense.getParameters().get(DENSE_WEIGHT).getShape());
    }

    @Test
    void blockUsedTwiceIsSavedOnce() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 6);
        Block saved = policy().apply(initialized(TestModels.oneLayerTwice(), input));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        assertEquals(2, FrqDocument.read(file).entries().size());
        Block loaded = FrequencyFile.load(TestModels.oneLayerTwice(), manager, file);
        assertArrayEquals(TestModels.answer(saved, input), TestModels.answer(loaded, input));
        assertEquals(1, FrequencyBlocks.in(loaded).size());
    }

    @Test
    void loadingWrapsACompositeWhole() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 3, 8);
        Block saved = policy().apply(initialized(attention(), input));
        assertSame(FrequencyBlock.class, saved.getClass());
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(attention(), manager, file);
        assertSame(FrequencyBlock.class, loaded.getClass());
        assertArrayEquals(TestModels.answer(saved, input), TestModels.answer(loaded, input));
    }

    private static Block attention() {
        return ScaledDotProductAttentionBlock.builder().setEmbeddingSize(8).setHeadCount(2).build();
    }

    @ParameterizedTest
    @EnumSource
    void fileWithoutNamesIsLoadedIntoItsNetwork(Target target)
            throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        Path bare = folder.resolve("bare.frq");
        FrqDocument.read(file).withoutNames().write(bare);
        assertTrue(Files.size(bare) < Files.size(file));
        Block expected = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        Block loaded = FrequencyFile.load(target.make(this), manager, bare);
        assertArrayEquals(TestModels.answer(expected, INPUT), TestModels.answer(loaded, INPUT));
    }
}
