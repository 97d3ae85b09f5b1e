package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batch normalisation with two numbers a channel. */
class FoldedNormalizationTest {

    private static final int CHANNELS = 24;
    private static final int BYTES = 300;

    /** Layers of all kinds before a batch normalisation. */
    enum Layer {
        CONV1D(
                () -> Conv1d.builder().setFilters(CHANNELS).setKernelShape(new Shape(3)).build(),
                new Shape(8, 3, 12)),
        CONV2D(() -> TestModels.convolution(CHANNELS), new Shape(8, 3, 6, 6)),
        DEPTHWISE(
                () ->
                        Conv2d.builder()
                                .setFilters(CHANNELS)
                                .setKernelShape(new Shape(3, 3))
                                .optGroups(CHANNELS)
                                .optBias(false)
                                .build(),
                new Shape(8, CHANNELS, 6, 6)),
        CONV3D(
                () ->
                        Conv3d.builder()
                                .setFilters(CHANNELS)
                                .setKernelShape(new Shape(2, 2, 2))
                                .build(),
                new Shape(8, 2, 4, 4, 4)),
        TRANSPOSED(
                () ->
                        Conv2dTranspose.builder()
                                .setFilters(CHANNELS)
                                .setKernelShape(new Shape(2, 2))
                                .build(),
                new Shape(8, 3, 4, 4)),
        LINEAR(() -> TestModels.linear(CHANNELS), new Shape(8, 40));

        private final Supplier<Block> maker;
        private final Shape input;

        Layer(Supplier<Block> maker, Shape input) {
            this.maker = maker;
            this.input = input;
        }

        SequentialBlock network() {
            return new SequentialBlock()
                    .add(maker.get())
                    .add(BatchNorm.builder().optEpsilon(1e-3f).build())
                    .add(Blocks.batchFlattenBlock());
        }

        /** Trains a network a little, and rounds it. */
        Model trained(FrequencyRegularizationBuilder policy) {
            Model model = Model.newInstance("folded");
            TestModels.seed();
            model.setBlock(policy.build().apply(network(), input));
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.01f))) {
                trainer.initialize(input);
                for (int i = 0; i < 30; i++) {
                    try (NDManager scratch = trainer.getManager().newSubManager()) {
                        NDArray inputs = TestModels.random(scratch, input).mul(3).add(i % 3);
                        TestModels.step(trainer, new NDList(inputs));
                    }
                }
            }
            Quantization.fit(model.getBlock(), BYTES, false).applyTo(model.getBlock());
            return model;
        }
    }

    private static FrequencyRegularizationBuilder budget() {
        return FrequencyRegularization.builder().optBudgetBytes(BYTES);
    }

    private static FrqEntry of(FrqDocument document, String part) {
        return document.entries().stream()
                .filter(entry -> entry.name().contains("BatchNorm_" + part))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource
    void loadedNetworkPredictsAlikeFromTwoNumbersAChannel(Layer layer)
            throws MalformedModelException {
        try (Model model = layer.trained(budget());
                Model fresh = Model.newInstance("fresh")) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock()).rounded();
            assertArrayEquals(new float[1], of(document, "runningMean").values());
            assertEquals(1, of(document, "runningVar").values().length);

            fresh.setBlock(layer.network());
            FrequencyFile.load(fresh, document);
            NDManager manager = fresh.getNDManager();
            NDList inputs = new NDList(TestModels.random(manager, layer.input).mul(3).add(1));
            NDArray expected = predict(model.getBlock(), manager, inputs);
            NDArray found = predict(fresh.getBlock(), manager, inputs);
            double error = found.sub(expected).square().mean().sqrt().getFloat();
            double size = expected.sub(expected.mean()).square().mean().sqrt().getFloat();
            assertTrue(error < 0.1 * size, error + " of " + size);
            // What was folded once is folded to the same numbers.
            FrequencyFile.load(model, document);
            Quantization.of(document).applyTo(model.getBlock());
            assertArrayEquals(
                    document.encode(), FrequencyFile.toDocument(model.getBlock()).encode());
        }
    }

    private static NDArray predict(Block block, NDManager manager, NDList inputs) {
        return TestModels.predict(block, manager, inputs).singletonOrThrow();
    }

    /** A channel that is always 0 has no variance. Its scale is not amplified. */
    @Test
    void constantChannelIsNotAmplified() throws MalformedModelException {
        Layer layer = Layer.CONV2D;
        try (Model model = layer.trained(budget());
                Model fresh = Model.newInstance("fresh")) {
            set(model, "runningVar", 3, 0);
            set(model, "runningMean", 3, 0);
            fresh.setBlock(layer.network());
            FrequencyFile.load(fresh, document(model).rounded());
            assertEquals(dense(model, "gamma")[3], dense(fresh, "gamma")[3], 0.2);
            assertEquals(dense(model, "beta")[3], dense(fresh, "beta")[3], 0.2);
        }
    }

    /** All channels of a layer may be dead. */
    @Test
    void layerOfDeadChannelsIsSaved() throws MalformedModelException {
        try (Model model = Layer.CONV2D.trained(budget());
                Model fresh = Model.newInstance("fresh")) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                set(model, "runningVar", channel, 0);
                set(model, "runningMean", channel, 0);
            }
            fresh.setBlock(Layer.CONV2D.network());
            FrequencyFile.load(fresh, document(model).rounded());
            assertArrayEquals(dense(model, "beta"), dense(fresh, "beta"), 0.1f);
        }
    }

    /** A scale of 0 leaves nothing of the input, and the shift as it is. */
    @Test
    void shiftOfAScaleOfZeroIsKept() throws MalformedModelException {
        Layer layer = Layer.CONV2D;
        try (Model model = layer.trained(budget());
                Model fresh = Model.newInstance("fresh")) {
            NDArray scale =
                    FrequencyBlocks.parameters(model.getBlock())
                            .get("02BatchNorm_gamma")
                            .getArray();
            scale.setRequiresGradient(false);
            scale.set(new float[(int) scale.size()]);
            scale.setRequiresGradient(true);
            fresh.setBlock(layer.network());
            FrequencyFile.load(fresh, document(model).rounded());
            assertArrayEquals(dense(model, "beta"), dense(fresh, "beta"), 1e-6f);
            assertArrayEquals(new float[CHANNELS], dense(fresh, "gamma"));
        }
    }

    /** Sixteen equal variances of 1 are those of a folded layer, too. */
    @Test
    void freshLayerIsFolded() {
        try (Model model = Model.newInstance("fresh")) {
            Block network =
                    new SequentialBlock()
                            .add(TestModels.convolution(16))
                            .add(BatchNorm.builder().build());
            Shape input = new Shape(2, 3, 6, 6);
            model.setBlock(budget().build().apply(network, input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
            Quantization steps = Quantization.fit(model.getBlock(), BYTES, false);
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), steps);
            assertEquals(Precision.Kind.STEPS, of(document, "gamma").precision().kind());
            assertEquals(Precision.Kind.STEPS, of(document, "beta").precision().kind());
        }
    }

    /** A scale without its shift is not folded, and has a step. */
    @Test
    void onlyWrappedNumbersAreFolded() {
        try (Model model = Layer.CONV2D.trained(budget().optExclude(".*beta"))) {
            Block block = model.getBlock();
            for (Quantization found :
                    List.of(
                            Quantization.fit(block, BYTES, false),
                            Allocation.fit(block, BYTES, false, Map.of()).getQuantization())) {
                assertTrue(found.getStep("02BatchNorm_gamma") > 0);
                assertFalse(found.getSteps().containsKey("02BatchNorm_beta"));
            }
        }
    }

    /** The smallest file has few numbers of normalisation, too. */
    @Test
    void smallestFileIsFoldedCoarsely() {
        try (Model model = Layer.CONV2D.trained(budget())) {
            Block block = model.getBlock();
            int least = 40 + 2 * CHANNELS;
            Allocation.fit(block, least, false, Map.of()).roundIn(block);
            long size = FrequencyFile.toDocument(block).withoutNames().encode().length;
            assertTrue(size <= least, () -> size + " bytes");
        }
    }

    /** What training rounds is what the file rounds. */
    @Test
    void trainingRoundsWeightsAloneAndTheFileRoundsFoldedNumbers() throws MalformedModelException {
        try (Model model = Layer.CONV2D.trained(budget())) {
            Block block = model.getBlock();
            for (Quantization found :
                    List.of(
                            Quantization.fit(block, BYTES, false),
                            Allocation.fit(block, BYTES, false, Map.of()).getQuantization())) {
                found.getSteps()
                        .forEach(
                                (name, step) ->
                                        assertEquals(!name.contains("BatchNorm"), step > 0, name));
                FrqDocument document = FrequencyFile.toDocument(block, found);
                assertEquals(Precision.Kind.STEPS, of(document, "gamma").precision().kind());
                assertEquals(Precision.Kind.STEPS, of(document, "beta").precision().kind());
            }
        }
    }

    /** The means of a network before training are 0 and its variances 1. */
    @Test
    void networkBeforeTrainingPredictsAlike() throws MalformedModelException {
        Layer layer = Layer.DEPTHWISE;
        try (Model model = Model.newInstance("untrained");
                Model fresh = Model.newInstance("fresh")) {
            model.setBlock(budget().build().apply(layer.network(), layer.input));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, layer.input);
            Quantization.fit(model.getBlock(), 200, false).applyTo(model.getBlock());
            fresh.setBlock(layer.network());
            FrequencyFile.load(fresh, document(model).rounded());
            NDManager manager = fresh.getNDManager();
            NDList inputs = new NDList(TestModels.random(manager, layer.input));
            NDArray expected = predict(model.getBlock(), manager, inputs);
            NDArray found = predict(fresh.getBlock(), manager, inputs);
            float error = found.sub(expected).square().mean().sqrt().getFloat();
            float size = expected.square().mean().sqrt().getFloat();
            assertTrue(error < 0.05 * size, error + " of " + size);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void statisticThatIsNotFiniteIsReported(float value) {
        for (String statistic : new String[] {"runningMean", "runningVar"}) {
            try (Model model = Layer.CONV2D.trained(budget())) {
                set(model, statistic, 5, value);
                IllegalArgumentException failure =
                        assertThrows(
                                IllegalArgumentException.class, () -> document(model).encode());
                assertTrue(failure.getMessage().contains(statistic), failure.getMessage());
            }
        }
    }

    private static void set(Model model, String statistic, int channel, float value) {
        NDArray array =
                FrequencyBlocks.parameters(model.getBlock())
                        .get("02BatchNorm_" + statistic)
                        .getArray();
        float[] values = array.toFloatArray();
        values[channel] = value;
        array.set(values);
    }

    private static float[] dense(Model model, String part) {
        try (NDManager manager = NDManager.newBaseManager()) {
            return NetworkTensors.of(model.getBlock()).stream()
                    .filter(tensor -> tensor.name().contains("BatchNorm_" + part))
                    .findFirst()
                    .orElseThrow()
                    .copyDense(manager)
                    .toFloatArray();
        }
    }

    @Test
    void fileIsSmaller() throws MalformedModelException {
        FrequencyRegularizationBuilder policy = budget().optFoldedNormalization(false);
        try (Model model = Layer.DEPTHWISE.trained(policy);
                Model folding = Layer.DEPTHWISE.trained(budget())) {
            assertEquals(CHANNELS, of(document(model), "runningVar").values().length);
            Quantization steps = Quantization.appliedTo(model.getBlock());
            long whole = steps.bytes(model.getBlock(), true);
            FrequencyFile.load(
                    folding, FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32));
            long folded = steps.bytes(folding.getBlock(), true);
            assertTrue(folded + CHANNELS < whole, folded + " and " + whole);
        }
    }

    @Test
    void paperStoresStatistics() {
        try (Model model = Layer.DEPTHWISE.trained(budget().paper())) {
            assertEquals(CHANNELS, of(document(model), "runningVar").values().length);
        }
    }

    /** Fine-tuning goes on from the statistics of a trained network. */
    @Test
    void trainedNetworkKeepsItsStatistics() {
        Layer layer = Layer.DEPTHWISE;
        try (Model model = Model.newInstance("trained")) {
            Block network = layer.network();
            network.initialize(model.getNDManager(), DataType.FLOAT32, layer.input);
            model.setBlock(budget().build().apply(network, layer.input));
            Quantization.fit(model.getBlock(), BYTES, false).applyTo(model.getBlock());
            float[] variances = new float[CHANNELS];
            for (int i = 0; i < CHANNELS; i++) {
                variances[i] = 1 + i % 5;
            }
            FrequencyBlocks.parameters(model.getBlock())
                    .get("02BatchNorm_runningVar")
                    .getArray()
                    .set(variances);
            assertArrayEquals(variances, of(document(model), "runningVar").values());
        }
    }

    private static FrqDocument document(Model model) {
        return FrequencyFile.toDocument(model.getBlock());
    }
}
