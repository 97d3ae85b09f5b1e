package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The axes that a policy finds from the shapes of a network. */
class ShapeTraceTest {

    /** The axes of each weight whose axes are not its own with equal weights, by name. */
    private static Map<String, String> axes(Block block, Shape... inputs) {
        return axes(FrequencyRegularization.builder(), block, inputs);
    }

    private static Map<String, String> axes(
            FrequencyRegularizationBuilder policy, Block block, Shape... inputs) {
        Map<String, String> axes = new TreeMap<>();
        for (TensorChoice choice : policy.build().plan(block, inputs)) {
            int at = choice.reason().indexOf("; axes ");
            if (at >= 0) {
                String words = choice.reason().substring(at + "; axes ".length());
                axes.put(choice.name(), words.substring(0, words.indexOf(": ")));
            }
        }
        return axes;
    }

    private static Conv2d convolution(int filters, int side) {
        return Conv2d.builder().setFilters(filters).setKernelShape(new Shape(side, side)).build();
    }

    private static Block pool() {
        return Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2));
    }

    private static SequentialBlock leNet() {
        return new SequentialBlock()
                .add(convolution(20, 5))
                .add(pool())
                .add(convolution(50, 5))
                .add(pool())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(500))
                .add(Activation.reluBlock())
                .add(TestModels.linear(10));
    }

    private static final Map<String, String> OF_LENET =
            Map.of(
                    "01Conv2d_weight", "20x1x5x5 weighted 1:1:4:4",
                    "03Conv2d_weight", "50x20x5x5 weighted 1:1:4:4",
                    "06Linear_weight", "500x50x4x4 weighted 1:2:3:3");

    @Test
    void leNetIsSplitBehindItsFlattening() {
        assertEquals(OF_LENET, axes(leNet(), new Shape(1, 1, 28, 28)));
        assertEquals(
                List.of(
                        "WEIGHT of LINEAR; axes 500x50x4x4 weighted 1:2:3:3: its inputs are feature"
                                + " maps that were flattened",
                        "WEIGHT of LINEAR; starts small unless all is kept"),
                FrequencyRegularization.builder()
                        .build()
                        .plan(leNet(), new Shape(1, 1, 28, 28))
                        .stream()
                        .filter(each -> each.name().endsWith("Linear_weight"))
                        .map(TensorChoice::reason)
                        .toList());
    }

    @Test
    void initialisedNetworkTellsItsShapes() {
        try (Model model = TestModels.model(leNet(), new Shape(1, 1, 28, 28))) {
            assertEquals(OF_LENET, axes(model.getBlock()));
        }
    }

    /** Without shapes, the plan knows nothing; the kernels are weighted when they get theirs. */
    @Test
    void kernelsAreWeightedOnceTheirShapesAreKnown() {
        assertEquals(Map.of(), axes(leNet()));
        SequentialBlock block = new SequentialBlock().add(convolution(4, 3));
        FrequencyRegularization.builder().optKept(15).build().apply(block);
        SequentialBlock explicit = new SequentialBlock().add(convolution(4, 3));
        FrequencyRegularizationBuilder set = FrequencyRegularization.builder().paper().optKept(15);
        set.addAxisWeights("", 1, 1, 4, 4).build().apply(explicit);
        SequentialBlock published = new SequentialBlock().add(convolution(4, 3));
        FrequencyRegularization.builder().paper().optKept(15).build().apply(published);
        Shape input = new Shape(2, 3, 8, 8);
        try (NDManager manager = NDManager.newBaseManager()) {
            List<Float> found = values(block, manager, input);
            assertEquals(values(explicit, manager, input), found);
            assertNotEquals(values(published, manager, input), found);
        }
    }

    private static List<Float> values(Block block, NDManager manager, Shape input) {
        TestModels.initialized(block, manager, input);
        return TestModels.numbers(block).get("01Conv2d_weight");
    }

    @Test
    void sequencesOfOneAxisAreSplit() {
        SequentialBlock maps =
                new SequentialBlock()
                        .add(Conv1d.builder().setFilters(6).setKernelShape(new Shape(3)).build())
                        .add(Blocks.batchFlattenBlock())
                        .add(BatchNorm.builder().build())
                        .add(TestModels.linear(7));
        assertEquals(
                Map.of(
                        "01Conv1d_weight",
                        "6x2x3 weighted 1:1:4",
                        "04Linear_weight",
                        "7x6x8 weighted 1:2:3"),
                axes(maps, new Shape(1, 2, 10)));
        SequentialBlock features =
                new SequentialBlock()
                        .add(new LSTM.Builder().setStateSize(4).setNumLayers(1).build())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(7));
        assertEquals(
                Map.of("03Linear_weight", "7x9x4 weighted 1:3:2"),
                axes(features, new Shape(1, 9, 5)));
    }

    @Test
    void axesOfOneElementAreDropped() {
        SequentialBlock wide =
                new SequentialBlock()
                        .add(convolution(6, 1))
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(7));
        assertEquals(
                Map.of("03Linear_weight", "7x6x5 weighted 1:2:3"),
                axes(wide, new Shape(1, 2, 1, 5)));
        SequentialBlock pooled =
                new SequentialBlock()
                        .add(convolution(6, 1))
                        .add(Pool.globalAvgPool2dBlock())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(7));
        assertEquals(Map.of(), axes(pooled, new Shape(1, 2, 4, 4)));
    }

    /** A layer that is not the first behind a flattening has no maps, even if the numbers agree. */
    @Test
    void onlyTheFirstLinearLayerIsSplit() {
        SequentialBlock block =
                new SequentialBlock()
                        .add(convolution(6, 1))
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(96))
                        .add(TestModels.linear(5));
        assertEquals(
                Map.of("03Linear_weight", "96x6x4x4 weighted 1:2:3:3"),
                axes(block, new Shape(1, 2, 4, 4)));
    }

    @Test
    void imagesAreReadAndWritten() {
        assertEquals(
                Map.of(
                        "01encoder_01Linear_weight", "12x6x6 weighted 1:6:6",
                        "02decoder_03Linear_weight", "6x6x12 weighted 6:6:1"),
                axes(new Autoencoder(), new Shape(1, 1, 6, 6), new Shape(1, 2)));
    }

    @Test
    void outputsThatBecomeMapsAreSplit() {
        SequentialBlock block =
                new SequentialBlock()
                        .add(TestModels.linear(8))
                        .add(TestModels.linear(96))
                        .add(Activation.reluBlock())
                        .addSingleton(array -> array.reshape(-1, 6, 4, 4))
                        .add(convolution(2, 3));
        assertEquals(
                Map.of(
                        "02Linear_weight", "6x4x4x8 weighted 2:3:3:1",
                        "05Conv2d_weight", "2x6x3x3 weighted 1:1:4:4"),
                axes(block, new Shape(1, 3)));
    }

    /** The class pools in its own method, so that no block shows the maps of 4 × 4 pixels. */
    @Test
    void flatteningInsideAClassIsFoundByTheConvolutionBefore() {
        assertEquals(
                Map.of(
                        "01convolution_weight", "6x2x3x3 weighted 1:1:4:4",
                        "03linear_weight", "5x6x4x4 weighted 1:2:3:3"),
                axes(new FlatteningClass(), new Shape(1, 2, 10, 10)));
    }

    @Test
    void branchesStartFromTheShapeBeforeThem() {
        Block branches =
                new ParallelBlock(
                        lists -> new NDList(lists.get(0).head().add(lists.get(1).head())),
                        List.of(flatten(5), flatten(5)));
        SequentialBlock block = new SequentialBlock().add(convolution(6, 1)).add(branches);
        block.add(TestModels.linear(3));
        assertEquals(
                List.of("5x6x4x4 weighted 1:2:3:3", "5x6x4x4 weighted 1:2:3:3"),
                List.copyOf(axes(block, new Shape(1, 2, 4, 4)).values()));
    }

    private static Block flatten(int units) {
        return new SequentialBlock().add(Blocks.batchFlattenBlock()).add(TestModels.linear(units));
    }

    @Test
    void attentionIsSplitAlongItsHeads() {
        Map<String, String> axes =
                axes(
                        new TransformerEncoderBlock(12, 3, 20, 0, Activation::relu),
                        new Shape(1, 5, 12));
        assertEquals(4, axes.size(), axes.toString());
        axes.forEach(
                (name, its) ->
                        assertEquals(
                                name.contains("resultProjection") ? "12x3x4" : "3x4x12",
                                its,
                                name));
        assertEquals(
                1,
                axes.keySet().stream().filter(name -> name.contains("resultProjection")).count());
    }

    @Test
    void whatTheUserSetsWins() {
        FrequencyRegularizationBuilder set =
                FrequencyRegularization.builder()
                        .addSplit("06", new Shape(500, 50, 16))
                        .addAxisWeights("01", 1, 1, 2, 2);
        assertEquals(
                Map.of(
                        "01Conv2d_weight", "20x1x5x5 weighted 1:1:2:2",
                        "03Conv2d_weight", "50x20x5x5 weighted 1:1:4:4",
                        "06Linear_weight", "500x50x16"),
                axes(set, leNet(), new Shape(1, 1, 28, 28)));
    }

    @Test
    void paperHasOwnAxesOnly() {
        assertEquals(
                Map.of(),
                axes(FrequencyRegularization.builder().paper(), leNet(), new Shape(1, 1, 28, 28)));
    }

    @Test
    void planLeavesTheNetworkAsItIs() {
        SequentialBlock block = leNet();
        FrequencyRegularization.builder().build().plan(block, new Shape(1, 1, 28, 28));
        assertFalse(block.isInitialized());
        assertTrue(block.getParameters().values().stream().allMatch(p -> p.getShape() == null));
    }

    /** Two perceptrons that read and write an image, and a second input. */
    private static final class Autoencoder extends AbstractBlock {

        private final Block encoder = addChildBlock("encoder", perceptron(2));
        private final Block decoder = addChildBlock("decoder", perceptron(36));

        private static Block perceptron(int units) {
            return new SequentialBlock()
                    .add(TestModels.linear(12))
                    .add(Activation.reluBlock())
                    .add(TestModels.linear(units));
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray image = inputs.head().reshape(-1, 36);
            NDArray code = encoder.forward(store, new NDList(image), training).head();
            return decoder.forward(store, new NDList(code.add(inputs.get(1))), training);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            encoder.initialize(manager, type, new Shape(shapes[0].get(0), 36));
            decoder.initialize(manager, type, new Shape(shapes[0].get(0), 2));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] shapes) {
            return new Shape[] {new Shape(shapes[0].get(0), 36)};
        }
    }

    /** A convolution and normalisation, then a pooling and a flattening that no block shows. */
    private static final class FlatteningClass extends AbstractBlock {

        private final Block convolution = addChildBlock("convolution", convolution(6, 3));
        private final Block norm = addChildBlock("norm", BatchNorm.builder().build());
        private final Block linear = addChildBlock("linear", TestModels.linear(5));

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDList maps =
                    norm.forward(store, convolution.forward(store, inputs, training), training);
            NDArray pooled = pool().forward(store, maps, training).head();
            return linear.forward(store, new NDList(pooled.reshape(-1, 96)), training);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            convolution.initialize(manager, type, shapes);
            norm.initialize(manager, type, convolution.getOutputShapes(shapes));
            linear.initialize(manager, type, new Shape(shapes[0].get(0), 96));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] shapes) {
            return new Shape[] {new Shape(shapes[0].get(0), 5)};
        }
    }
}
