package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import io.github.freqreg.Seeds;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Running statistics of batch normalisation in files and budgets. */
class RunningStatisticFileTest {

    private static final Shape INPUT = new Shape(8, 3, 10, 10);

    private static final int CHANNELS = 48;

    private static SequentialBlock network(boolean transposed, boolean bias) {
        Shape kernel = new Shape(3, 3);
        Block layer =
                Conv2d.builder().setFilters(CHANNELS).setKernelShape(kernel).optBias(bias).build();
        if (transposed) {
            layer =
                    Conv2dTranspose.builder()
                            .setFilters(CHANNELS)
                            .setKernelShape(kernel)
                            .optBias(bias)
                            .build();
        }
        return new SequentialBlock()
                .add(layer)
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(5));
    }

    private static void train(Model model) {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.001f))) {
            trainer.initialize(INPUT);
            for (int i = 0; i < 5; i++) {
                try (NDManager scratch = trainer.getManager().newSubManager()) {
                    TestModels.step(trainer, new NDList(TestModels.random(scratch, INPUT).add(i)));
                }
            }
        }
    }

    private static FrqEntry named(FrqDocument document, String part) {
        return document.entries().stream()
                .filter(tensor -> tensor.name().contains(part))
                .findFirst()
                .orElseThrow();
    }

    private static Model trained(boolean transposed) {
        Model model = Model.newInstance("statistics");
        Block block = TestModels.policy(40).apply(network(transposed, false), INPUT);
        model.setBlock(block);
        initialize(model);
        train(model);
        return model;
    }

    /** Sets values near 1, so that no frequency is too weak to be stored. */
    private static void initialize(Model model) {
        Block block = model.getBlock();
        block.initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
        NDArray coefficients = block.getParameters().get(0).getValue().getArray();
        coefficients.setRequiresGradient(false);
        coefficients.set(FloatBuffer.wrap(nearOne(coefficients.size())));
        coefficients.setRequiresGradient(true);
    }

    private static float[] nearOne(long count) {
        Random random = new Random(Seeds.of(7));
        float[] values = new float[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.8f + 0.4f * random.nextFloat();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void statisticsBehindAWrappedLayerHaveItsFrequencies(boolean transposed)
            throws MalformedModelException {
        try (Model model = trained(transposed);
                Model fresh = Model.newInstance("fresh")) {
            Block block = model.getBlock();
            FrqDocument document = FrequencyFile.toDocument(block, DataType.FLOAT16);
            FrqEntry weight = document.entries().get(0);
            Shape box = weight.axes().mask(weight.shape(), 40).getBox();
            long frequencies = box.get(transposed ? 1 : 0);
            assertTrue(frequencies > 1 && 2 * frequencies < CHANNELS / 2, box.toString());
            assertEquals(frequencies, named(document, "runningMean").values().length);
            assertEquals(2 * frequencies - 1, named(document, "runningVar").values().length);
            assertEquals(document.numbers(), FrequencyFile.countNumbers(block));

            fresh.setBlock(network(transposed, false));
            FrequencyFile.load(fresh, document);
            try (NDManager manager = NDManager.newBaseManager()) {
                NDList inputs = new NDList(TestModels.random(manager, INPUT));
                TestModels.assertClose(
                        TestModels.predict(block, manager, inputs),
                        TestModels.predict(fresh.getBlock(), manager, inputs),
                        4e-3);
            }
        }
    }

    @Test
    void loadedStatisticsTrainAndAreSavedAgain() throws MalformedModelException {
        try (Model model = trained(false);
                Model fresh = Model.newInstance("fresh")) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16);
            fresh.setBlock(network(false, false));
            FrequencyFile.load(fresh, document);
            assertArrayEquals(
                    document.encode(),
                    FrequencyFile.toDocument(fresh.getBlock(), DataType.FLOAT16).encode());
            // Loads again, now into a wrapped network.
            FrequencyFile.load(fresh, document);
            train(fresh);
            assertEquals(
                    document.numbers(),
                    FrequencyFile.toDocument(fresh.getBlock(), DataType.FLOAT16).numbers());
        }
    }

    @Test
    void float32FileStoresStatisticsWhole() {
        try (Model model = trained(false)) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32);
            Parameter mean =
                    FrequencyBlocks.parameters(model.getBlock()).get("02BatchNorm_runningMean");
            assertArrayEquals(
                    mean.getArray().toFloatArray(), named(document, "runningMean").values());
        }
    }

    @Test
    void statisticsBehindADenseLayerAreStoredWhole() {
        try (Model model = Model.newInstance("dense")) {
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optLayerTypes(LayerType.LINEAR)
                            .optKept(40)
                            .build()
                            .apply(network(false, true), INPUT));
            train(model);
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16);
            for (String name : new String[] {"runningMean", "runningVar"}) {
                FrqEntry statistic = named(document, name);
                assertEquals(CHANNELS, statistic.values().length);
                assertEquals(Precision.FLOAT32, statistic.precision());
            }
            assertEquals(document.numbers(), FrequencyFile.countNumbers(model.getBlock()));
        }
    }

    /** A policy that compresses all trained parameters to a budget. */
    private static FrequencyRegularizationBuilder budget(int numbers) {
        return FrequencyRegularization.builder()
                .optLayerTypes(LayerType.values())
                .optParameterTypes(
                        Parameter.Type.WEIGHT,
                        Parameter.Type.BIAS,
                        Parameter.Type.GAMMA,
                        Parameter.Type.BETA)
                .optBudget(numbers);
    }

    private static FrequencyRegularizationBuilder weights() {
        return FrequencyRegularization.builder().optParameterTypes(Parameter.Type.WEIGHT);
    }

    private static long numbersAfterTraining(FrequencyRegularization policy, Block network) {
        try (Model model = Model.newInstance("budget")) {
            model.setBlock(policy.apply(network, INPUT));
            initialize(model);
            train(model);
            return FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16).numbers();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 340, 400})
    void budgetPredictsTheSizeOfStatistics(int budget) {
        for (boolean bias : new boolean[] {false, true}) {
            for (boolean transposed : new boolean[] {false, true}) {
                Block network = network(transposed, bias);
                long numbers = numbersAfterTraining(budget(budget).build(), network);
                String message = numbers + " of " + budget;
                assertTrue(numbers <= budget && numbers >= budget - 4, message);
            }
        }
    }

    static Stream<Arguments> networksWithWholeStatistics() {
        Shape kernel = new Shape(3, 3);
        return Stream.of(
                // A block between layer and normalisation adds other frequencies.
                arguments(
                        "ReLU between",
                        1_000,
                        budget(1_000),
                        new SequentialBlock()
                                .add(TestModels.convolution(CHANNELS))
                                .add(Activation.reluBlock())
                                .add(BatchNorm.builder().build())),
                arguments(
                        "an excluded layer between",
                        4_000,
                        budget(4_000).optExclude("02Conv2d"),
                        new SequentialBlock()
                                .add(TestModels.convolution(8))
                                .add(
                                        Conv2d.builder()
                                                .setFilters(CHANNELS)
                                                .setKernelShape(kernel)
                                                .build())
                                .add(BatchNorm.builder().build())),
                arguments(
                        "groups",
                        450,
                        budget(450),
                        new SequentialBlock()
                                .add(
                                        Conv2d.builder()
                                                .setFilters(CHANNELS)
                                                .setKernelShape(kernel)
                                                .optGroups(3)
                                                .build())
                                .add(BatchNorm.builder().build())),
                arguments(
                        "split channels",
                        1_000,
                        budget(1_000).addSplit("01Conv2d_weight", new Shape(6, 8, 3, 3, 3)),
                        new SequentialBlock()
                                .add(TestModels.convolution(CHANNELS))
                                .add(BatchNorm.builder().build())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networksWithWholeStatistics")
    void budgetHoldsForWholeStatistics(
            String name, int budget, FrequencyRegularizationBuilder policy, Block network) {
        long numbers = numbersAfterTraining(policy.build(), network);
        assertTrue(numbers <= budget && numbers > 0.8 * budget, numbers + " of " + budget);
    }

    @Test
    void budgetBelowTheSizeOfStatisticsIsRejected() {
        // 48 biases, 48 means that depend on them, 5 biases, 96 numbers of normalisation, one
        // variance and 2 weights.
        FrequencyRegularization policy = weights().optBudget(199).build();
        IllegalArgumentException refusal =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(network(false, true), INPUT));
        assertTrue(refusal.getMessage().contains("199 numbers"), refusal.getMessage());
        assertTrue(refusal.getMessage().contains("198 and 2 tensors"), refusal.getMessage());
        assertTrue(
                refusal.getMessage().contains("at least 200 to optBudget"), refusal.getMessage());
        long numbers = numbersAfterTraining(weights().optBudget(200).build(), network(false, true));
        // Biases before a normalisation do not train, so the means are compressed after all.
        assertTrue(numbers <= 200, numbers + " numbers");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void coefficientsOfInfiniteStatisticsAreRejected(boolean transposed) {
        try (Model model = trained(transposed);
                Model fresh = Model.newInstance("fresh")) {
            FrqDocument good = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16);
            List<FrqEntry> tensors = new ArrayList<>();
            for (FrqEntry tensor : good.entries()) {
                if (tensor.name().contains("runningMean")) {
                    float[] values = new float[CHANNELS];
                    Arrays.fill(values, Float.MAX_VALUE);
                    tensors.add(
                            new FrqEntry(
                                    tensor.name(),
                                    tensor.shape(),
                                    tensor.axes(),
                                    Precision.FLOAT32,
                                    values));
                } else {
                    tensors.add(tensor);
                }
            }
            fresh.setBlock(network(transposed, false));
            Block first = fresh.getBlock().getChildren().valueAt(0);
            MalformedModelException refusal =
                    assertThrows(
                            MalformedModelException.class,
                            () ->
                                    FrequencyFile.load(
                                            fresh, new FrqDocument(good.inputs(), tensors)));
            assertTrue(refusal.getMessage().contains("runningMean"), refusal.getMessage());
            assertFalse(fresh.getBlock().isInitialized());
            assertSame(first, fresh.getBlock().getChildren().valueAt(0));
        }
    }
}
