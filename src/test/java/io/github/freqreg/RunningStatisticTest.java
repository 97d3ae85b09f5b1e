package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
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
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.Precision;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunningStatisticTest {

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

    private static FrqTensor named(FrqDocument document, String part) {
        return document.tensors().stream()
                .filter(tensor -> tensor.name().contains(part))
                .findFirst()
                .orElseThrow();
    }

    private static Model trained(boolean transposed) {
        Model model = Model.newInstance("statistics");
        model.setBlock(
                FrequencyRegularization.builder()
                        .optKept(40)
                        .build()
                        .apply(network(transposed, false), INPUT));
        train(model);
        return model;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void behindARegularisedLayerTheyAreTheFrequenciesThatItHas(boolean transposed)
            throws MalformedModelException {
        try (Model model = trained(transposed);
                Model fresh = Model.newInstance("fresh")) {
            Block block = model.getBlock();
            FrqDocument document = FrequencyFile.toDocument(block, DataType.FLOAT16);
            FrqTensor weight = document.tensors().get(0);
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
    void whatIsLoadedGoesOnTrainingAndIsSavedAsItWas() throws MalformedModelException {
        try (Model model = trained(false);
                Model fresh = Model.newInstance("fresh")) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16);
            fresh.setBlock(network(false, false));
            FrequencyFile.load(fresh, document);
            assertArrayEquals(
                    document.encode(),
                    FrequencyFile.toDocument(fresh.getBlock(), DataType.FLOAT16).encode());
            // Loaded again into a network that is wrapped.
            FrequencyFile.load(fresh, document);
            train(fresh);
            assertEquals(
                    document.numbers(),
                    FrequencyFile.toDocument(fresh.getBlock(), DataType.FLOAT16).numbers());
        }
    }

    @Test
    void float32KeepsThemWhole() {
        try (Model model = trained(false)) {
            FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32);
            Parameter mean = BlockTree.parameters(model.getBlock()).get("02BatchNorm_runningMean");
            assertArrayEquals(
                    mean.getArray().toFloatArray(), named(document, "runningMean").values());
        }
    }

    @Test
    void behindADenseLayerTheyStayWhole() {
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
                FrqTensor statistic = named(document, name);
                assertEquals(CHANNELS, statistic.values().length);
                assertEquals(Precision.FLOAT32, statistic.precision());
            }
            assertEquals(document.numbers(), FrequencyFile.countNumbers(model.getBlock()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 340, 400})
    void aBudgetCountsWhatTheyWillBe(int budget) {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(
                                Parameter.Type.WEIGHT,
                                Parameter.Type.BIAS,
                                Parameter.Type.GAMMA,
                                Parameter.Type.BETA)
                        .optBudget(budget)
                        .build();
        for (boolean bias : new boolean[] {false, true}) {
            try (Model model = Model.newInstance("budget")) {
                model.setBlock(policy.apply(network(false, bias), INPUT));
                train(model);
                long numbers =
                        FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16).numbers();
                assertTrue(numbers <= budget && numbers >= budget - 4, numbers + " of " + budget);
            }
        }
    }

    private static Parameter variance() {
        return Parameter.builder()
                .setName("variance")
                .setType(Parameter.Type.RUNNING_VAR)
                .optShape(new Shape(64))
                .build();
    }

    @Test
    void aVarianceNearZeroStaysOne() {
        float[] values = new float[64];
        Arrays.fill(values, 1f);
        assertNotNull(RunningStatistic.of(variance(), values));
        values[20] = 1e-9f;
        assertNull(RunningStatistic.of(variance(), values));
        // A smooth one that nearly reaches zero is either whole or near enough everywhere.
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1.0001 + Math.cos(Math.PI * (2 * i + 1) / 64));
        }
        RunningStatistic few = RunningStatistic.of(variance(), values);
        assertNotNull(few);
        float[] rebuilt = RunningStatistic.rebuild(few.coefficients(), values.length);
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], rebuilt[i], values[i] / 256);
        }
    }

    @Test
    void noiseStaysWhole() {
        Random random = new Random(7);
        float[] values = new float[64];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1 + random.nextFloat();
        }
        assertNull(RunningStatistic.of(variance(), values));
    }
}
