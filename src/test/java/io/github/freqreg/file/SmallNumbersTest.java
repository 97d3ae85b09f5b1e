package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.TailTruncation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors of zeros or of very small values cause no NaN and do not underflow. */
class SmallNumbersTest {

    private static final Shape INPUT = new Shape(4, 30);
    private static final String SMALL = "01Linear_weight";

    /** Rounding to float16 changes a value by at most 2^-11 of the tensor's largest value. */
    private static final double HALF = 0x1p-11;

    @TempDir private Path folder;

    private static Block network() {
        return new SequentialBlock().add(TestModels.linear(20)).add(TestModels.linear(5));
    }

    /** Two layers; the weight and the bias of the first are scaled. */
    private static Model model(float scale) {
        Model model = TestModels.model(network(), INPUT);
        Block first = model.getBlock().getChildren().valueAt(0);
        for (Parameter parameter : first.getParameters().values()) {
            NDArray array = parameter.getArray();
            array.setRequiresGradient(false);
            array.muli(scale);
            array.setRequiresGradient(true);
        }
        return model;
    }

    private static FrequencyRegularizationBuilder policy() {
        return FrequencyRegularization.builder();
    }

    private static float[] weights(Block dense) {
        try (NDArray weight = dense.getParameters().get(SMALL).getArray().stopGradient()) {
            return weight.toFloatArray();
        }
    }

    private static float[] denseWeights(Model model) {
        FrequencyBlocks.toDense(model);
        return weights(model.getBlock());
    }

    private static void assertFinite(float[] values) {
        for (float value : values) {
            assertTrue(Float.isFinite(value), "found " + value);
        }
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static double apart(float[] expected, float[] actual) {
        float[] difference = expected.clone();
        for (int i = 0; i < difference.length; i++) {
            difference[i] -= actual[i];
        }
        return norm(difference);
    }

    /**
     * By Parseval the error of the weights equals that of the coefficients: at most √N times 2^-11
     * of the largest coefficient, which is at most the norm. (Float16 itself has no normal numbers
     * below 2^-14 and rounds values below 2^-25 to 0.)
     */
    @ParameterizedTest
    @ValueSource(floats = {1, 1e-3f, 1e-6f, 1e-9f, 1e-20f})
    void float16FileKeepsValuesOfEverySize(float scale)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("small.frq");
        try (Model saved = model(scale)) {
            float[] before = weights(saved.getBlock());
            policy().build().apply(saved);
            FrequencyFile.save(saved.getBlock(), file);
            try (Model loaded = TestModels.loaded(network(), file)) {
                float[] after = denseWeights(loaded);
                double most = HALF * Math.sqrt(before.length) * norm(before);
                assertTrue(
                        apart(before, after) <= most, apart(before, after) + " of " + norm(before));
                assertArrayEquals(
                        saved.getBlock()
                                .getParameters()
                                .get("01Linear_bias")
                                .getArray()
                                .toFloatArray(),
                        loaded.getBlock()
                                .getParameters()
                                .get("01Linear_bias")
                                .getArray()
                                .toFloatArray(),
                        scale * 1e-3f);
            }
        }
    }

    /** Steps are relative to the values of each tensor, so small values lose no more than large. */
    @ParameterizedTest
    @ValueSource(floats = {1, 1e-6f, 1e-20f})
    void quantizedFileKeepsValuesOfEverySize(float scale)
            throws IOException, MalformedModelException {
        Path file = folder.resolve("steps.frq");
        try (Model saved = model(scale)) {
            float[] before = weights(saved.getBlock());
            policy().build().apply(saved);
            Quantization quantization = Quantization.fit(saved.getBlock(), 700, true);
            assertTrue(quantization.getStep(SMALL) > 0);
            FrequencyFile.save(saved.getBlock(), file, quantization);
            try (Model loaded = TestModels.loaded(network(), file)) {
                double relative = apart(before, denseWeights(loaded)) / norm(before);
                assertTrue(relative < 0.12, "lost " + relative);
            }
        }
    }

    /** The share of a tensor depends on the shape of its spectrum, not on its magnitude. */
    @ParameterizedTest
    @ValueSource(floats = {1, 1e-6f, 1e-20f, 0})
    void budgetDoesNotNeglectTensorsOfSmallValues(float scale) {
        try (Model model = model(scale);
                Model large = model(1)) {
            FrequencyRegularization policy = policy().optBudget(300).build();
            policy.apply(model);
            policy.apply(large);
            assertFinite(TestModels.answer(model.getBlock(), INPUT));
            assertTrue(FrequencyFile.countNumbers(model.getBlock()) <= 300);
            // Zeros have no spectrum to judge by, but the tensor needs coefficients to train.
            assertTrue(scale == 0 ? kept(model) >= 1 : kept(model) == kept(large));
        }
    }

    private static int kept(Model model) {
        return FrequencyBlocks.kept(FrequencyBlocks.in(model.getBlock()).get(0)).get("weight");
    }

    @Test
    void zerosAreSavedLoadedAndRoundedAsZeros() throws IOException, MalformedModelException {
        Path file = folder.resolve("zeros.frq");
        try (Model saved = model(0)) {
            policy().build().apply(saved);
            float[] before = TestModels.answer(saved.getBlock(), INPUT);
            assertFinite(before);
            for (Quantization each :
                    new Quantization[] {
                        Quantization.fit(saved.getBlock(), 1 << 20, true),
                        Quantization.fit(saved.getBlock(), 300, true)
                    }) {
                FrequencyFile.save(saved.getBlock(), file, each);
                try (Model loaded = TestModels.loaded(network(), file)) {
                    assertFinite(TestModels.answer(loaded.getBlock(), INPUT));
                    assertEquals(0, norm(denseWeights(loaded)));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 1e-6f})
    void trainingStaysFinite(float scale) {
        try (Model model = model(scale)) {
            policy().optKept(40).optStartRate(1).build().apply(model);
            float[] before = TestModels.answer(model.getBlock(), INPUT);
            try (Adam adam = Adam.builder().build()) {
                train(model, adam);
            }
            assertFinite(TestModels.answer(model.getBlock(), INPUT));
            assertFalse(Arrays.equals(before, TestModels.answer(model.getBlock(), INPUT)));
            assertFinite(denseWeights(model));
        }
    }

    private static void train(Model model, Optimizer optimizer) {
        try (Trainer trainer =
                TestModels.trainer(model, optimizer, TailTruncation.builder().build())) {
            trainer.initialize(INPUT);
            for (int i = 0; i < 5; i++) {
                TestModels.step(
                        trainer, new NDList(TestModels.random(trainer.getManager(), INPUT)));
                FrequencyBlocks.truncate(model.getBlock(), 1 - 0.2 * i);
            }
        }
    }

    /** A fresh network whose initialiser gives zeros. */
    @Test
    void freshTensorOfZerosStaysFinite() {
        Block block = network();
        block.setInitializer(Initializer.ZEROS, Parameter.Type.WEIGHT);
        try (Model model = Model.newInstance("zeros")) {
            model.setBlock(policy().optKept(9).optBalancedStart(3).build().apply(block, INPUT));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
            assertFinite(TestModels.answer(model.getBlock(), INPUT));
        }
    }
}
