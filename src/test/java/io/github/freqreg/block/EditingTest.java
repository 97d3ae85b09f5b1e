package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.TensorChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks that are looked at, edited and wrapped in parts: nothing of them is lost. */
class EditingTest {

    private static final Shape INPUT = TestModels.SMALL_INPUT;

    private static final int KEPT = 9;

    private NDManager manager;

    @TempDir Path folder;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder().optKept(KEPT).build();
    }

    private SequentialBlock trained() {
        SequentialBlock block = TestModels.smallNetwork();
        TestModels.initialize(block, manager, DataType.FLOAT32, INPUT);
        return block;
    }

    /** A trained network whose last layer is a fresh one. */
    private SequentialBlock withFreshHead() {
        SequentialBlock block = trained();
        block.replaceLastBlock(TestModels.linear(3));
        return block;
    }

    private static Map<String, float[]> arrays(Block block) {
        Map<String, float[]> arrays = new LinkedHashMap<>();
        block.getParameters()
                .forEach(
                        entry -> {
                            Parameter parameter = entry.getValue();
                            arrays.put(
                                    entry.getKey(),
                                    parameter.isInitialized()
                                            ? parameter.getArray().toFloatArray()
                                            : null);
                        });
        return arrays;
    }

    private static void assertSameArrays(Map<String, float[]> expected, Block block) {
        Map<String, float[]> found = arrays(block);
        assertEquals(List.copyOf(expected.keySet()), List.copyOf(found.keySet()));
        expected.forEach((name, array) -> assertArrayEquals(array, found.get(name), name));
    }

    private float[] predict(Block block) {
        NDArray image = TestModels.random(manager, INPUT);
        return TestModels.predict(block, manager, new NDList(image)).head().toFloatArray();
    }

    /** States in which a network can be looked at. */
    enum State {
        PLAIN(test -> TestModels.smallNetwork()),
        INITIALIZED(EditingTest::trained),
        PARTLY_INITIALIZED(EditingTest::withFreshHead),
        WRAPPED(test -> policy().apply(test.trained())),
        WRAPPED_FRESH(test -> policy().apply(TestModels.smallNetwork())),
        PARTLY_WRAPPED(
                test ->
                        FrequencyRegularization.builder()
                                .optKept(KEPT)
                                .optInclude("03Conv2d")
                                .build()
                                .apply(test.trained())),
        PARTLY_WRAPPED_AND_INITIALIZED(
                test -> {
                    SequentialBlock block = (SequentialBlock) policy().apply(test.trained());
                    block.replaceLastBlock(TestModels.linear(3));
                    return block;
                });

        private final java.util.function.Function<EditingTest, Block> maker;

        State(java.util.function.Function<EditingTest, Block> maker) {
            this.maker = maker;
        }
    }

    @ParameterizedTest
    @EnumSource
    void lookingAtANetworkChangesNothing(State state) {
        Block block = state.maker.apply(this);
        Map<String, float[]> before = arrays(block);
        boolean initialized = block.isInitialized();
        List<Shape> shapes = shapes(block);
        List<Boolean> gradients = gradients(block);
        List<Object> initializers = initializers(block);
        for (Consumer<Block> look : looks()) {
            try {
                look.accept(block);
            } catch (IllegalStateException | IllegalArgumentException e) {
                // Not every network has what is looked for.
                assertFalse(initialized && FrequencyBlocks.isWrapped(block), e.toString());
            }
            assertSameArrays(before, block);
            assertEquals(initialized, block.isInitialized());
            assertEquals(shapes, shapes(block));
            assertEquals(gradients, gradients(block));
            assertEquals(initializers, initializers(block));
        }
        if (initialized) {
            assertArrayEquals(new Shape[] {INPUT}, block.getInputShapes());
        }
    }

    private List<Consumer<Block>> looks() {
        return List.of(
                block -> policy().plan(block),
                block -> policy().plan(block, INPUT),
                block -> policy().plan(block, new Shape(7, 3, 8, 8)),
                block -> policy().plan(block, new Shape(1, 2)),
                FrequencyBlocks::isWrapped,
                FrequencyFile::countNumbers,
                block -> FrequencyFile.toDocument(block, DataType.FLOAT16),
                block -> FrequencyFile.toDocument(block, Quantization.fit(block, 2_000, true)),
                block -> assertNotNull(DenseWeights.of(block, manager, UnaryOperator.identity())),
                block -> DenseWeights.coefficientsOf(block, manager, UnaryOperator.identity()),
                ExecutionReport::of,
                block ->
                        FrequencyBlocks.in(block)
                                .forEach(
                                        each -> {
                                            FrequencyBlocks.tensors(each);
                                            FrequencyBlocks.kept(each);
                                            each.getWrappedType();
                                        }));
    }

    private static List<Shape> shapes(Block block) {
        List<Shape> shapes = new ArrayList<>();
        block.getParameters().values().forEach(parameter -> shapes.add(parameter.getShape()));
        return shapes;
    }

    private static List<Boolean> gradients(Block block) {
        return block.getParameters().values().stream()
                .map(each -> each.isInitialized() && each.getArray().hasGradient())
                .toList();
    }

    private static List<Object> initializers(Block block) {
        List<Object> initializers = new ArrayList<>();
        block.getParameters().values().forEach(each -> initializers.add(each.getInitializer()));
        return initializers;
    }

    @Test
    void applyKeepsWhatIsInitialized() {
        SequentialBlock block = withFreshHead();
        Map<String, float[]> before = arrays(block);
        FrequencyRegularization everything =
                FrequencyRegularization.builder().optBudget(2_000).build();
        Block wrapped = everything.apply(block, INPUT);
        wrapped.initialize(manager, DataType.FLOAT32, INPUT);
        float[] expected = before.get("01Conv2d_weight");
        Block dense = FrequencyBlocks.toDense(wrapped);
        assertClose(expected, arrays(dense).get("01Conv2d_weight"));
        assertArrayEquals(before.get("01Conv2d_bias"), arrays(dense).get("01Conv2d_bias"));
        assertEquals(new Shape(3, 96), dense.getParameters().get("06Linear_weight").getShape());
    }

    /** One that is wrapped whole, with a tensor that is trained and one that is fresh. */
    @Test
    void aBlockThatIsInitializedInPartKeepsThatPart() {
        Composite composite = new Composite();
        composite.first.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
        float[] trained =
                composite.first.getDirectParameters().get("weight").getArray().toFloatArray();
        Block wrapped = TestModels.everything().apply(composite);
        assertTrue(wrapped instanceof FrequencyBlock);
        wrapped.initialize(manager, DataType.FLOAT32, new Shape(2, 8));
        Block dense = FrequencyBlocks.toDense(wrapped);
        assertClose(trained, arrays(dense).get("01first_weight"));
    }

    private static void assertClose(float[] expected, float[] found) {
        // Eight units in the last place of the largest, for two transforms of a few hundred
        // numbers.
        float largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        assertArrayEquals(expected, found, 8 * Math.ulp(largest));
    }

    /** What a user does with a wrapped network before he saves it. */
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
     * And the network that is loaded into was never wrapped, so it has the names of a fresh one.
     */
    @ParameterizedTest
    @EnumSource
    void anEditedNetworkIsSavedLoadedAndReported(Edit edit)
            throws IOException, MalformedModelException {
        for (boolean again : new boolean[] {false, true}) {
            SequentialBlock block = (SequentialBlock) policy().apply(trained());
            block = edit.make(block);
            boolean rest = policy().plan(block, INPUT).stream().anyMatch(TensorChoice::regularized);
            if (again && rest) {
                policy().apply(block);
            }
            block.initialize(manager, DataType.FLOAT32, INPUT);
            float[] expected = predict(block);
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
            assertArrayEquals(expected, predict(loaded), edit + " " + again);
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

    /** Steps are found, applied and saved by the names that the tensors have after the edit. */
    private void assertRounded(Block block, Block fresh, Path file)
            throws IOException, MalformedModelException {
        Quantization steps = Quantization.fit(block, 1_200, true);
        steps.applyTo(block);
        assertEquals(steps.getSteps(), Quantization.appliedTo(block).getSteps());
        float[] expected = predict(block);
        FrequencyFile.save(block, file, steps);
        float[] found = predict(FrequencyFile.load(fresh, manager, file));
        float largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        // Biases are rounded in the file alone.
        assertArrayEquals(expected, found, 0.05f * largest);
    }

    @Test
    void noFrequencyBlockIsPutAroundAnother() {
        AbstractBlock holder = new Composite(policy().apply(TestModels.linear(6)));
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> policy().apply(holder));
        assertTrue(
                e.getMessage().contains("02second_weight") && e.getMessage().contains("Linear"),
                e.getMessage());
        // Excluded, it is left alone; then nothing new is chosen.
        assertThrows(
                IllegalStateException.class,
                () -> FrequencyRegularization.builder().optExclude("second").build().apply(holder));
        IllegalArgumentException none =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                FrequencyRegularization.builder()
                                        .optInclude("third")
                                        .build()
                                        .apply(holder));
        assertTrue(none.getMessage().contains("02second_weight"), none.getMessage());
    }

    @Test
    void aPlanLooksTheSameAfterAPlanWithShapes() {
        Block wrapped = policy().apply(TestModels.smallNetwork());
        List<TensorChoice> before = policy().plan(wrapped);
        policy().plan(wrapped, INPUT);
        assertEquals(before, policy().plan(wrapped));
    }

    @Test
    void aHeadThatIsPlainAgainHasThePlainName() {
        SequentialBlock network = trained();
        network.replaceLastBlock(policy().apply(TestModels.linear(3)));
        network.initialize(manager, DataType.FLOAT32, INPUT);
        Block dense = FrequencyBlocks.toDense(network);
        assertTrue(FrequencyBlocks.parameters(dense).containsKey("06Linear_weight"));
    }

    /** The names of a network's parameters in which no layer is wrapped. */
    private static List<String> unwrapped(Block block) {
        return List.copyOf(FrequencyBlocks.parameters(block).keySet());
    }

    private static int weights(List<String> names) {
        return (int) names.stream().filter(name -> name.endsWith("_weight")).count();
    }

    @Test
    void aWrappedNetworkHasTheChildrenOfThePlainOne() {
        SequentialBlock plain = TestModels.smallNetwork();
        List<String> keys = plain.getChildren().keys();
        Block wrapped = policy().apply(plain);
        assertEquals(keys, wrapped.getChildren().keys());
        // So the first blocks of both are the same ones to freeze.
        wrapped.getChildren().values().subList(0, 3).forEach(each -> each.freezeParameters(true));
        List<String> frozen =
                wrapped.getParameters().stream()
                        .filter(each -> !each.getValue().requiresGradient())
                        .map(ai.djl.util.Pair::getKey)
                        .toList();
        assertEquals(
                List.of("01Conv2d_weight", "01Conv2d_bias", "03Conv2d_weight", "03Conv2d_bias"),
                frozen);
    }

    @Nested
    class EqualNames {

        private Block ambiguous() {
            return new TwoOfOneName(trained(), trained());
        }

        @Test
        void areRefusedByName() {
            Block block = ambiguous();
            block.initialize(manager, DataType.FLOAT32, INPUT);
            Stream.<Consumer<Block>>of(
                            each -> policy().plan(each),
                            each -> policy().apply(each),
                            FrequencyFile::countNumbers,
                            each -> FrequencyFile.toDocument(each, DataType.FLOAT16),
                            each -> DenseWeights.of(each, manager, UnaryOperator.identity()))
                    .forEach(
                            look -> {
                                IllegalStateException e =
                                        assertThrows(
                                                IllegalStateException.class,
                                                () -> look.accept(block));
                                assertTrue(
                                        e.getMessage().contains("part_01Conv2d_weight"),
                                        e.getMessage());
                            });
        }
    }

    @Test
    void frozenLayersLearnAgainWithoutTheirRunningStatistics() {
        SequentialBlock block =
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(BatchNorm.builder().build())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(5));
        try (Model model = TestModels.model(policy().apply(block), INPUT)) {
            Block wrapped = model.getBlock();
            wrapped.freezeParameters(true);
            wrapped.freezeParameters(
                    false,
                    parameter ->
                            parameter.getType() != Parameter.Type.RUNNING_MEAN
                                    && parameter.getType() != Parameter.Type.RUNNING_VAR);
            for (Parameter parameter : wrapped.getParameters().values()) {
                boolean statistic = parameter.getName().startsWith("running");
                assertEquals(!statistic, parameter.requiresGradient(), parameter.getName());
            }
            NDArray image = TestModels.random(model.getNDManager(), INPUT);
            ParameterStore store = new ParameterStore(model.getNDManager(), false);
            assertEquals(
                    new Shape(2, 5),
                    wrapped.forward(store, new NDList(image), true).head().getShape());
            // Without the predicate DJL makes the statistics trainable, wrapped or not.
            wrapped.freezeParameters(false);
            assertTrue(wrapped.getParameters().get("02BatchNorm_runningMean").requiresGradient());
        }
    }

    @Test
    void aLayerThatTheEngineLacksIsNamedAtOnce() {
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
        // In a list it is replaced; and put back where the policy fails.
        SequentialBlock list = new SequentialBlock().add(up()).add(TestModels.convolution(2));
        assertThrows(
                IllegalArgumentException.class,
                () -> FrequencyRegularization.builder().optInclude("none").build().apply(list));
        assertEquals(Conv2dTranspose.class, list.getChildren().valueAt(0).getClass());
    }

    private static Conv2dTranspose up() {
        return Conv2dTranspose.builder().setFilters(4).setKernelShape(new Shape(2, 2)).build();
    }

    /** Calls a transposed convolution of DJL's in a field. */
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

    /** Calls its layers in fields, so it is wrapped whole. */
    private static final class Composite extends AbstractBlock {

        private final Block first;
        private final Block second;

        Composite() {
            this(TestModels.linear(6));
        }

        Composite(Block first) {
            this.first = addChildBlock("first", first);
            second = addChildBlock("second", TestModels.linear(3));
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return second.forward(store, first.forward(store, inputs, training), training);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return second.getOutputShapes(first.getOutputShapes(inputs));
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
            first.initialize(manager, type, inputs);
            second.initialize(manager, type, first.getOutputShapes(inputs));
        }
    }

    /** Two children under one name, which DJL allows. */
    private static final class TwoOfOneName extends AbstractBlock {

        private final Block sum = new LambdaBlock(list -> list);

        TwoOfOneName(Block first, Block second) {
            children.add("part", first);
            children.add("part", second);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return sum.forward(store, inputs, training);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return inputs;
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
            for (Block child : getChildren().values()) {
                child.initialize(manager, type, inputs);
            }
        }
    }
}
