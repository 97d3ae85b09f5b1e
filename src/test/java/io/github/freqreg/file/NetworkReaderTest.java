package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that do not fit a network are rejected without changing it. */
@UsesEngine
class NetworkReaderTest extends NetworkFiles {

    /** Changes that make a file unfit for the network, and the message each one causes. */
    enum Misfit {
        OTHER_NAME("missing [05Linear_bias], unknown [05Dense_bias]") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(7, FrqEntries.zeros("05Dense_bias", new Shape(5)));
            }
        },
        ONE_FEWER("expected the 8 tensors of the network but found 7; missing [05Linear_bias]") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.remove(7);
            }
        },
        ONE_MORE("but found 9; missing [], unknown [06Linear_bias]") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.add(FrqEntries.zeros("06Linear_bias", new Shape(5)));
            }
        },
        OTHER_ORDER("missing [], unknown [], in another order") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                Collections.swap(tensors, 6, 7);
            }
        },
        OTHER_SHAPE("expected tensor 05Linear_bias of shape (5) but found (6)") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(7, FrqEntries.zeros("05Linear_bias", new Shape(6)));
            }
        },
        OTHER_AXES("expected tensor 05Linear_bias of shape (5) but found (5, 1)") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(7, FrqEntries.zeros("05Linear_bias", new Shape(5, 1)));
            }
        },
        OTHER_SHAPE_OF_COEFFICIENTS(
                "expected tensor 01Conv2d_weight of shape (4, 3, 3, 3) but found (4, 3, 3, 2)") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(
                        0, FrqEntries.coefficients("01Conv2d_weight", new Shape(4, 3, 3, 2), KEPT));
            }
        };

        private final String message;

        Misfit(String message) {
            this.message = message;
        }

        abstract void change(List<Shape> inputs, List<FrqEntry> tensors);
    }

    @ParameterizedTest
    @EnumSource
    void fileOfAnotherNetworkIsRejectedWithoutChange(Misfit misfit)
            throws IOException, MalformedModelException {
        Path wrong = changedFile(misfit::change);
        for (Target target : Target.values()) {
            String message = assertRefusedUnchanged(target.make(this), wrong);
            assertTrue(message.contains(misfit.message), target + ": " + message);
        }
    }

    /** Saves a network and a modified copy of its file. */
    private Path changedFile(BiConsumer<List<Shape>, List<FrqEntry>> change)
            throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file, DataType.FLOAT32);
        FrqDocument document = FrqDocument.read(file);
        List<Shape> inputs = new ArrayList<>(document.inputs());
        List<FrqEntry> tensors = new ArrayList<>(document.entries());
        change.accept(inputs, tensors);
        Path changed = folder.resolve("changed.frq");
        new FrqDocument(inputs, tensors).write(changed);
        return changed;
    }

    /**
     * Fails unless a file is rejected, the network is unchanged, and it then loads the right file.
     */
    private String assertRefusedUnchanged(Block block, Path wrong)
            throws IOException, MalformedModelException {
        boolean initialized = block.isInitialized();
        int frequencyBlocks = FrequencyBlocks.in(block).size();
        int arrays = manager.getManagedArrays().size();
        Map<String, List<Float>> before = initialized ? TestModels.numbers(block) : Map.of();
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class,
                        () -> FrequencyFile.load(block, manager, wrong));
        assertTrue(e.getMessage().startsWith(wrong + ": "), e.getMessage());
        assertEquals(initialized, block.isInitialized());
        assertEquals(frequencyBlocks, FrequencyBlocks.in(block).size());
        assertEquals(arrays, manager.getManagedArrays().size());
        if (initialized) {
            assertEquals(before, TestModels.numbers(block));
        }
        Block expected = FrequencyFile.load(TestModels.normalizedNetwork(), manager, file);
        Block loaded = FrequencyFile.load(block, manager, file);
        assertArrayEquals(TestModels.answer(expected, INPUT), TestModels.answer(loaded, INPUT));
        return e.getMessage();
    }

    @ParameterizedTest
    @EnumSource
    void unnamedFileOfAnotherNetworkIsRejectedWithoutChange(Target target)
            throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        Path other = folder.resolve("other.frq");
        FrqDocument document = FrqDocument.read(file).withoutNames();
        new FrqDocument(document.inputs(), document.entries(), document.fingerprint() + 1)
                .write(other);
        String message = assertRefusedUnchanged(target.make(this), other);
        assertTrue(message.contains("the file belongs to another network"), message);
    }

    @ParameterizedTest
    @EnumSource
    void damagedFileIsRejectedWithoutChange(Target target)
            throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        byte[] bytes = Files.readAllBytes(file);
        byte[] flipped = bytes.clone();
        flipped[bytes.length / 2] ^= 4;
        byte[] otherVersion = bytes.clone();
        otherVersion[3] = 3;
        for (byte[] each : List.of(flipped, otherVersion, Arrays.copyOf(bytes, 100))) {
            Path damaged = Files.write(folder.resolve("damaged.frq"), each);
            assertRefusedUnchanged(target.make(this), damaged);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FRESH_PLAIN", "FRESH_WRAPPED"})
    void unsuitableInputShapesAreRejected(Target target)
            throws IOException, MalformedModelException {
        List<List<Shape>> wrong =
                List.of(
                        List.of(),
                        List.of(new Shape()),
                        List.of(new Shape(7)),
                        List.of(new Shape(2, 3, 1, 1)),
                        List.of(new Shape(2, -1, 6, 6)),
                        List.of(new Shape(2, 1L << 40, 6, 6)),
                        List.of(new Shape(2, 1, 6, 6)),
                        List.of(new Shape(2, 3, 7, 7)));
        for (List<Shape> each : wrong) {
            Path changed =
                    changedFile(
                            (inputs, tensors) -> {
                                inputs.clear();
                                inputs.addAll(each);
                            });
            assertRefusedUnchanged(target.make(this), changed);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FRESH_WRAPPED", "WRAPPED", "WRAPPED_WITH_MORE"})
    void wrappedTensorNeedsCoefficients(Target target) throws IOException, MalformedModelException {
        Path dense =
                changedFile(
                        (inputs, tensors) ->
                                tensors.set(
                                        0,
                                        FrqEntries.zeros(
                                                "01Conv2d_weight", new Shape(4, 3, 3, 3))));
        assertTrue(
                assertRefusedUnchanged(target.make(this), dense)
                        .contains(
                                "expected coefficients of tensor 01Conv2d_weight, which is wrapped,"
                                        + " but found the tensor itself"));
    }

    @ParameterizedTest
    @ValueSource(ints = {KEPT, 320})
    void coefficientsWrapTheRestOfAPartlyWrappedNetwork(int kept)
            throws IOException, MalformedModelException {
        // The convolution is wrapped, the linear layer is not.
        Block partly =
                FrequencyRegularization.builder()
                        .paper()
                        .optKept(KEPT)
                        .optLayerTypes(LayerType.CONVOLUTION)
                        .build()
                        .apply(initialized(TestModels.normalizedNetwork(), INPUT));
        Path more =
                changedFile(
                        (inputs, tensors) ->
                                tensors.set(
                                        6,
                                        FrqEntries.coefficients(
                                                "05Linear_weight", new Shape(5, 64), kept)));
        Block fresh = FrequencyFile.load(TestModels.normalizedNetwork(), manager, more);
        Block loaded = FrequencyFile.load(partly, manager, more);
        assertEquals(TestModels.numbers(fresh), TestModels.numbers(loaded));
        assertEquals(FrequencyBlocks.in(fresh).size(), FrequencyBlocks.in(loaded).size());
    }

    @Test
    void coefficientsNeedATensorThatCanBeTransformed() throws IOException {
        Shape input = new Shape(2, 8);
        FrequencyFile.save(policy().apply(initialized(TestModels.linear(4), input)), file);
        Block integers = TestModels.linear(4);
        integers.setInitializer(Initializer.ONES, Parameter.Type.WEIGHT);
        integers.freezeParameters(true);
        integers.initialize(manager, DataType.INT32, input);
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class,
                        () -> FrequencyFile.load(integers, manager, file));
        assertTrue(e.getMessage().contains("weight"), e.getMessage());
        assertEquals(32, integers.getParameters().get("weight").getArray().sum().getLong());
    }

    @Test
    void fileOfASmallerNetworkIsRejected() throws IOException {
        Block other = new SequentialBlock().add(TestModels.convolution(4));
        FrequencyFile.save(policy().apply(initialized(other, INPUT)), file);
        Block block = initialized(TestModels.normalizedNetwork(), INPUT);
        Map<String, List<Float>> before = TestModels.numbers(block);
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class,
                        () -> FrequencyFile.load(block, manager, file));
        assertTrue(
                e.getMessage().contains("expected the 8 tensors of the network but found 2"),
                e.getMessage());
        assertEquals(before, TestModels.numbers(block));
    }

    @Test
    void missingFileIsNotMalformed() {
        Block block = TestModels.normalizedNetwork();
        assertThrowsExactly(
                NoSuchFileException.class, () -> FrequencyFile.load(block, manager, file));
        assertFalse(block.isInitialized());
    }
}
