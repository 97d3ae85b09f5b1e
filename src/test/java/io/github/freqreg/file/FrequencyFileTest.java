package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrequencyFileTest {

    private static final Shape INPUT = new Shape(2, 3, 6, 6);

    private static final String DENSE_WEIGHT = "05Linear_weight";

    /** Of the linear layer's weight: behind four maps of 4×4. */
    private static final Shape SPLIT = new Shape(5, 4, 4, 4);

    private static final int KEPT = 9;

    @TempDir private Path folder;

    private NDManager manager;
    private Path file;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        file = folder.resolve("network.frq");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** A network that is not initialised: every kind of parameter a file holds. */
    private static SequentialBlock plain() {
        return new SequentialBlock()
                .add(TestModels.convolution(4))
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(5));
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder().optKept(KEPT).build();
    }

    private Block initialized(Block block, Shape... inputs) {
        TestModels.initialize(block, manager, DataType.FLOAT32, inputs);
        return block;
    }

    /** A wrapped network with running statistics of its own. */
    private Block wrapped() {
        Block block = policy().apply(initialized(plain(), INPUT));
        block.forward(new ParameterStore(manager, false), new NDList(input(INPUT)), true);
        return block;
    }

    private NDArray input(Shape shape) {
        return TestModels.random(manager, shape);
    }

    private float[] predict(Block block, Shape input) {
        return TestModels.floats(TestModels.predict(block, manager, new NDList(input(input))));
    }

    private static Map<String, List<Float>> numbers(Block block) {
        Map<String, List<Float>> numbers = new LinkedHashMap<>();
        for (Pair<String, Parameter> entry : block.getParameters()) {
            List<Float> values = new ArrayList<>();
            try (NDArray detached = entry.getValue().getArray().stopGradient()) {
                for (float value : detached.toFloatArray()) {
                    values.add(value);
                }
            }
            numbers.put(entry.getKey(), values);
        }
        return numbers;
    }

    /** The networks that a file of {@link #wrapped()} is loaded into. */
    enum Target {
        FRESH_PLAIN {
            @Override
            Block make(FrequencyFileTest test) {
                return plain();
            }
        },
        FRESH_WRAPPED {
            @Override
            Block make(FrequencyFileTest test) {
                return policy().apply(plain());
            }
        },
        PLAIN {
            @Override
            Block make(FrequencyFileTest test) {
                return test.initialized(plain(), INPUT);
            }
        },
        WRAPPED {
            @Override
            Block make(FrequencyFileTest test) {
                return policy().apply(test.initialized(plain(), INPUT));
            }
        },
        WRAPPED_WITH_MORE {
            @Override
            Block make(FrequencyFileTest test) {
                return FrequencyRegularization.builder()
                        .build()
                        .apply(test.initialized(plain(), INPUT));
            }
        };

        abstract Block make(FrequencyFileTest test);
    }

    @ParameterizedTest
    @EnumSource
    void aFloat32FileGivesTheNetworkBackToTheBit(Target target)
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(target.make(this), manager, file);
        assertArrayEquals(predict(saved, INPUT), predict(loaded, INPUT));
        assertEquals(numbers(saved), numbers(loaded));
        assertEquals(2, FrequencyBlocks.in(loaded).size());
    }

    @ParameterizedTest
    @EnumSource
    void aFloat16FileGivesTheSameNetworkWhereverItIsLoaded(Target target)
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file);
        Block first = FrequencyFile.load(plain(), manager, file);
        Block loaded = FrequencyFile.load(target.make(this), manager, file);
        float[] expected = predict(saved, INPUT);
        float[] actual = predict(loaded, INPUT);
        assertArrayEquals(predict(first, INPUT), actual);
        assertArrayEquals(expected, actual, 0.02f);
        assertFalse(Arrays.equals(expected, actual), "float16 rounds");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsLoadedIsSavedToTheSameBytes(Target target)
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
    void aLoadedNetworkTrainsWhatTheSavedOneTrains(Target target)
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
    void loadingAgainHoldsNothingMore() throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        Block loaded = FrequencyFile.load(plain(), manager, file);
        int arrays = manager.getManagedArrays().size();
        for (int i = 0; i < 3; i++) {
            assertSame(loaded, FrequencyFile.load(loaded, manager, file));
        }
        assertEquals(arrays, manager.getManagedArrays().size());
    }

    @Test
    void loadsIntoANetworkThatWasOfOtherShapesAndCleared()
            throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Shape larger = new Shape(2, 3, 9, 9);
        Block wrapped = policy().apply(initialized(plain(), larger));
        for (Block block : List.of(initialized(plain(), larger), wrapped)) {
            block.clear();
            Block loaded = FrequencyFile.load(block, manager, file);
            assertArrayEquals(predict(saved, INPUT), predict(loaded, INPUT));
        }
    }

    @Test
    void loadsIntoAModel() throws IOException, MalformedModelException {
        Block saved = wrapped();
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        try (Model model = Model.newInstance("loaded")) {
            model.setBlock(plain());
            FrequencyFile.load(model, file);
            assertArrayEquals(predict(saved, INPUT), predict(model.getBlock(), INPUT));
        }
    }

    @Test
    void aSingleLayerBecomesAFrequencyBlock() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 8);
        Block saved = policy().apply(initialized(TestModels.linear(4), input));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(TestModels.linear(4), manager, file);
        assertSame(FrequencyBlock.class, loaded.getClass());
        assertArrayEquals(predict(saved, input), predict(loaded, input));
    }

    @Test
    void aNetworkWithoutCoefficientsIsSavedToo() throws IOException, MalformedModelException {
        Block saved = initialized(plain(), INPUT);
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block fresh = plain();
        assertSame(fresh, FrequencyFile.load(fresh, manager, file));
        assertArrayEquals(predict(saved, INPUT), predict(fresh, INPUT));
    }

    @Test
    void coefficientsOfBiasesAndNormalisationAreLoaded()
            throws IOException, MalformedModelException {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKept(3)
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(
                                Parameter.Type.WEIGHT, Parameter.Type.BIAS, Parameter.Type.GAMMA)
                        .build();
        Block saved = policy.apply(initialized(plain(), INPUT));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(plain(), manager, file);
        assertArrayEquals(predict(saved, INPUT), predict(loaded, INPUT));
        assertEquals(numbers(saved), numbers(loaded));
    }

    /** The file tells along which axes the frequencies are; a plain network takes them over. */
    @Test
    void splitAxesAreLoaded() throws IOException, MalformedModelException {
        FrequencyRegularization split =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .addSplit("Linear_weight", SPLIT)
                        .addAxisWeights("Linear_weight", 1, 2, 3, 3)
                        .build();
        Block block = split.apply(initialized(plain(), INPUT));
        float[] expected = predict(block, INPUT);
        FrequencyFile.save(block, file, DataType.FLOAT32);
        assertTrue(CompressionReport.of(file).toString().contains("5x64 as 5x4x4x4 by 1:2:3:3"));
        for (Block target : new Block[] {plain(), split.apply(plain(), INPUT)}) {
            Block loaded = FrequencyFile.load(target, manager, file);
            assertArrayEquals(expected, predict(loaded, INPUT));
            assertEquals(numbers(block), numbers(loaded));
        }
        FrqDocument.read(file).withoutNames().write(file);
        FrequencyFile.load(split.apply(plain(), INPUT), manager, file);
        Block loaded = FrequencyFile.load(plain(), manager, file);
        assertArrayEquals(expected, predict(loaded, INPUT));
        Block other = policy().apply(plain(), INPUT);
        assertThrows(MalformedModelException.class, () -> FrequencyFile.load(other, manager, file));
        Block dense = FrequencyBlocks.toDense(loaded);
        assertEquals(
                new Shape(5, SPLIT.size() / 5), dense.getParameters().get(DENSE_WEIGHT).getShape());
    }

    @Test
    void aSplitThatDoesNotFitIsRefused() {
        FrequencyRegularization split =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .addSplit("Linear_weight", new Shape(5, 4, 4, 7))
                        .build();
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> split.apply(plain(), INPUT));
        assertTrue(e.getMessage().startsWith("The axes for " + DENSE_WEIGHT), e.getMessage());
    }

    @Test
    void aBlockThatIsUsedTwiceIsSavedOnce() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 6);
        Block saved = policy().apply(initialized(shared(), input));
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        assertEquals(2, FrqDocument.read(file).entries().size());
        Block loaded = FrequencyFile.load(shared(), manager, file);
        assertArrayEquals(predict(saved, input), predict(loaded, input));
        assertEquals(1, FrequencyBlocks.in(loaded).size());
    }

    private static Block shared() {
        Block twice = TestModels.linear(6);
        return new SequentialBlock().add(twice).add(Activation.tanhBlock()).add(twice);
    }

    @Test
    void aCompositeIsWrappedWholeWhenItIsLoaded() throws IOException, MalformedModelException {
        Shape input = new Shape(2, 3, 8);
        Block saved = policy().apply(initialized(attention(), input));
        assertSame(FrequencyBlock.class, saved.getClass());
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        Block loaded = FrequencyFile.load(attention(), manager, file);
        assertSame(FrequencyBlock.class, loaded.getClass());
        assertArrayEquals(predict(saved, input), predict(loaded, input));
    }

    private static Block attention() {
        return ScaledDotProductAttentionBlock.builder().setEmbeddingSize(8).setHeadCount(2).build();
    }

    @Test
    void aTruncatedNetworkIsSavedWithoutItsTail() throws IOException, MalformedModelException {
        Block saved =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .optStartRate(1)
                        .build()
                        .apply(initialized(plain(), INPUT));
        FrequencyBlocks.truncate(saved, 0);
        assertEquals(108, saved.getParameters().get("01Conv2d_weight").getArray().size());
        FrequencyFile.save(saved, file, DataType.FLOAT32);
        for (FrqEntry tensor : FrqDocument.read(file).entries()) {
            assertEquals(
                    tensor.name().endsWith("weight") ? KEPT : tensor.shape().size(),
                    tensor.values().length,
                    tensor.name());
        }
        Block loaded = FrequencyFile.load(plain(), manager, file);
        assertArrayEquals(predict(saved, INPUT), predict(loaded, INPUT));
    }

    @Test
    void runningStatisticsAndLargeNumbersStayFloat32() throws IOException, MalformedModelException {
        Block saved = wrapped();
        set(saved, "05Linear_bias", 65_505f);
        // A channel far from the others has all frequencies, so that no few tell the statistic.
        set(saved, "02BatchNorm_runningMean", 9);
        set(saved, "02BatchNorm_runningVar", 9);
        FrequencyFile.save(saved, file);
        Map<String, Boolean> half = new LinkedHashMap<>();
        FrqDocument.read(file)
                .entries()
                .forEach(t -> half.put(t.name(), t.precision().equals(Precision.FLOAT16)));
        Map<String, Boolean> expected = new LinkedHashMap<>();
        expected.put("01Conv2d_weight", true);
        expected.put("01Conv2d_bias", true);
        expected.put("02BatchNorm_gamma", true);
        expected.put("02BatchNorm_beta", true);
        expected.put("02BatchNorm_runningMean", false);
        expected.put("02BatchNorm_runningVar", false);
        expected.put("05Linear_weight", true);
        expected.put("05Linear_bias", false);
        assertEquals(expected, half);

        set(saved, "05Linear_bias", -65_504f);
        FrequencyFile.save(saved, file);
        FrqEntry bias = FrqDocument.read(file).entries().get(7);
        assertEquals(Precision.FLOAT16, bias.precision());
        assertEquals(-65_504f, bias.values()[0]);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT32"})
    void doesNotSaveNumbersThatAreNotFinite(DataType type) throws IOException {
        Files.write(file, new byte[] {1, 2, 3});
        for (String name : List.of("01Conv2d_weight", "02BatchNorm_runningVar")) {
            for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                Block broken = wrapped();
                set(broken, name, value);
                Exception e =
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> FrequencyFile.save(broken, file, type));
                assertTrue(
                        e.getMessage().startsWith("Value 0 of tensor " + name + " is " + value),
                        e.getMessage());
            }
        }
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    }

    private static void set(Block block, String name, float value) {
        NDArray array = block.getParameters().get(name).getArray();
        boolean trainable = array.hasGradient();
        array.setRequiresGradient(false);
        array.set(new NDIndex(0), value);
        array.setRequiresGradient(trainable);
    }

    @Test
    void doesNotSaveAnUninitialisedNetwork() {
        assertThrows(IllegalStateException.class, () -> FrequencyFile.save(plain(), file));
        assertFalse(Files.exists(file));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "BFLOAT16", "INT32"})
    void doesNotSaveOtherTypes(DataType type) {
        Block block = wrapped();
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> FrequencyFile.save(block, file, type));
        assertEquals(
                "A .frq file stores float16 or float32 but the type asked for is " + type,
                e.getMessage());
        assertFalse(Files.exists(file));
    }

    /** Changes that make a file one of another network, and what is said of them. */
    enum Misfit {
        OTHER_NAME("missing [05Linear_bias], unknown [05Dense_bias]") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(7, tensor("05Dense_bias", new Shape(5), false, 5));
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
                tensors.add(tensor("06Linear_bias", new Shape(5), false, 5));
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
                tensors.set(7, tensor("05Linear_bias", new Shape(6), false, 6));
            }
        },
        OTHER_AXES("expected tensor 05Linear_bias of shape (5) but found (5, 1)") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(7, tensor("05Linear_bias", new Shape(5, 1), false, 5));
            }
        },
        OTHER_SHAPE_OF_COEFFICIENTS(
                "expected tensor 01Conv2d_weight of shape (4, 3, 3, 3) but found (4, 3, 3, 2)") {
            @Override
            void change(List<Shape> inputs, List<FrqEntry> tensors) {
                tensors.set(0, tensor("01Conv2d_weight", new Shape(4, 3, 3, 2), true, KEPT));
            }
        };

        private final String message;

        Misfit(String message) {
            this.message = message;
        }

        abstract void change(List<Shape> inputs, List<FrqEntry> tensors);
    }

    private static FrqEntry tensor(String name, Shape shape, boolean spectral, int values) {
        return new FrqEntry(
                name,
                shape,
                spectral ? FrequencyAxes.OWN : null,
                Precision.FLOAT32,
                new float[values]);
    }

    @ParameterizedTest
    @EnumSource
    void aFileOfAnotherNetworkIsRefusedAndNothingIsChanged(Misfit misfit)
            throws IOException, MalformedModelException {
        Path wrong = changedFile(misfit::change);
        for (Target target : Target.values()) {
            String message = assertRefusedUnchanged(target.make(this), wrong);
            assertTrue(message.contains(misfit.message), target + ": " + message);
        }
    }

    /** Saves a network, and a copy of its file with another content. */
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

    /** Fails unless a file is refused, the network is as before and takes the right file then. */
    private String assertRefusedUnchanged(Block block, Path wrong)
            throws IOException, MalformedModelException {
        boolean initialized = block.isInitialized();
        int frequencyBlocks = FrequencyBlocks.in(block).size();
        int arrays = manager.getManagedArrays().size();
        Map<String, List<Float>> before = initialized ? numbers(block) : Map.of();
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class,
                        () -> FrequencyFile.load(block, manager, wrong));
        assertTrue(e.getMessage().startsWith(wrong + ": "), e.getMessage());
        assertEquals(initialized, block.isInitialized());
        assertEquals(frequencyBlocks, FrequencyBlocks.in(block).size());
        assertEquals(arrays, manager.getManagedArrays().size());
        if (initialized) {
            assertEquals(before, numbers(block));
        }
        Block expected = FrequencyFile.load(plain(), manager, file);
        Block loaded = FrequencyFile.load(block, manager, file);
        assertArrayEquals(predict(expected, INPUT), predict(loaded, INPUT));
        return e.getMessage();
    }

    @ParameterizedTest
    @EnumSource
    void aFileWithoutNamesIsLoadedIntoItsNetwork(Target target)
            throws IOException, MalformedModelException {
        FrequencyFile.save(wrapped(), file);
        Path bare = folder.resolve("bare.frq");
        FrqDocument.read(file).withoutNames().write(bare);
        assertTrue(Files.size(bare) < Files.size(file));
        Block expected = FrequencyFile.load(plain(), manager, file);
        Block loaded = FrequencyFile.load(target.make(this), manager, bare);
        assertArrayEquals(predict(expected, INPUT), predict(loaded, INPUT));
    }

    @ParameterizedTest
    @EnumSource
    void aFileWithoutNamesOfAnotherNetworkIsRefusedAndNothingIsChanged(Target target)
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
    void aDamagedFileIsRefusedAndNothingIsChanged(Target target)
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
    void inputsThatTheNetworkDoesNotTakeAreRefused(Target target)
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
    void aWrappedTensorNeedsCoefficients(Target target)
            throws IOException, MalformedModelException {
        Path dense =
                changedFile(
                        (inputs, tensors) ->
                                tensors.set(
                                        0,
                                        tensor(
                                                "01Conv2d_weight",
                                                new Shape(4, 3, 3, 3),
                                                false,
                                                108)));
        assertTrue(
                assertRefusedUnchanged(target.make(this), dense)
                        .contains(
                                "expected coefficients of tensor 01Conv2d_weight, which is wrapped,"
                                        + " but found the tensor itself"));
    }

    @ParameterizedTest
    @ValueSource(ints = {KEPT, 320})
    void coefficientsWrapTheRestOfANetworkThatIsWrappedInPart(int kept)
            throws IOException, MalformedModelException {
        // The network has the convolution wrapped, but not the linear layer.
        Block partly =
                FrequencyRegularization.builder()
                        .optKept(KEPT)
                        .optLayerTypes(LayerType.CONVOLUTION)
                        .build()
                        .apply(initialized(plain(), INPUT));
        Path more =
                changedFile(
                        (inputs, tensors) ->
                                tensors.set(
                                        6,
                                        tensor("05Linear_weight", new Shape(5, 64), true, kept)));
        Block fresh = FrequencyFile.load(plain(), manager, more);
        Block loaded = FrequencyFile.load(partly, manager, more);
        assertEquals(numbers(fresh), numbers(loaded));
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
    void aFileOfAnotherLayerIsRefused() throws IOException {
        Block other = new SequentialBlock().add(TestModels.convolution(4));
        FrequencyFile.save(policy().apply(initialized(other, INPUT)), file);
        Block block = initialized(plain(), INPUT);
        Map<String, List<Float>> before = numbers(block);
        Exception e =
                assertThrowsExactly(
                        MalformedModelException.class,
                        () -> FrequencyFile.load(block, manager, file));
        assertTrue(
                e.getMessage().contains("expected the 8 tensors of the network but found 2"),
                e.getMessage());
        assertEquals(before, numbers(block));
    }

    @Test
    void aMissingFileIsNotMalformed() {
        Block block = plain();
        assertThrowsExactly(
                NoSuchFileException.class, () -> FrequencyFile.load(block, manager, file));
        assertFalse(block.isInitialized());
    }
}
