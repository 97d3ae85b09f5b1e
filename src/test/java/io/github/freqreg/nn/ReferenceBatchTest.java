package io.github.freqreg.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.freqreg.CallingBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@UsesEngine
class ReferenceBatchTest {

    private static final Shape INPUT = new Shape(4, 3, 8, 8);
    private static final Shape REFERENCES = new Shape(5, 3, 8, 8);
    private static final String CONVOLUTION = "01body_01Conv2d_weight";

    private final NDManager manager;

    ReferenceBatchTest(NDManager manager) {
        this.manager = manager;
    }

    /** A layer between others has the statistics of the references there, here of their doubles. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void normalisesByTheStatisticsOfTheReferences(boolean training) {
        float[] examples = TestModels.random(manager, REFERENCES).toFloatArray();
        ReferenceBatch references = new ReferenceBatch(REFERENCES, examples);
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(Blocks.identityBlock())
                                .add(new LambdaBlock(inputs -> new NDList(inputs.head().mul(2))))
                                .add(references.norm(3)));
        network.initialize(manager, DataType.FLOAT32, INPUT);
        for (Pair<String, Parameter> each : network.getParameters()) {
            float first = each.getKey().endsWith("gamma") ? 2 : 5;
            each.getValue().getArray().set(new float[] {first, first + 1, first + 2});
        }
        NDArray input = manager.randomNormal(7f, 3f, INPUT, DataType.FLOAT32);
        NDList output =
                network.forward(new ParameterStore(manager, false), new NDList(input), training);
        assertEquals(INPUT, output.head().getShape());
        assertArrayEquals(
                expected(examples, input.toFloatArray()), output.head().toFloatArray(), 1e-4f);
    }

    private static float[] expected(float[] references, float[] inputs) {
        int plane = 64;
        float[] expected = new float[inputs.length];
        for (int channel = 0; channel < 3; channel++) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < references.length; i++) {
                if (i / plane % 3 == channel) {
                    double doubled = 2.0 * references[i];
                    sum += doubled;
                    squares += doubled * doubled;
                }
            }
            double mean = sum / (5 * plane);
            double variance = squares / (5 * plane) - mean * mean;
            for (int i = 0; i < inputs.length; i++) {
                if (i / plane % 3 == channel) {
                    double normal = (2.0 * inputs[i] - mean) / Math.sqrt(variance + 1e-5);
                    expected[i] = (float) (normal * (2 + channel) + 5 + channel);
                }
            }
        }
        return expected;
    }

    @Test
    void anInputIsNormalisedWithoutTheOthersOfItsBatch() {
        Block network = network();
        network.initialize(manager, DataType.FLOAT32, INPUT);
        NDArray inputs = TestModels.random(manager, INPUT);
        NDArray together = predict(network, inputs);
        for (int i = 0; i < 4; i++) {
            NDArray alone = predict(network, inputs.get(i + ":" + (i + 1)));
            assertArrayEquals(together.get(i).toFloatArray(), alone.get(0).toFloatArray(), 1e-5f);
        }
    }

    /** Records the batch size of each pass of the body. */
    @Test
    void predictionsComputeTheReferencesOnlyWhenTheNetworkHasChanged() {
        ReferenceBatch references = references();
        List<Long> sizes = new ArrayList<>();
        Block counting =
                new LambdaBlock(
                        inputs -> {
                            sizes.add(inputs.head().getShape().get(0));
                            return inputs;
                        });
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(TestModels.convolution(4))
                                .add(references.norm(4))
                                .add(counting));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        NDArray inputs = TestModels.random(manager, INPUT);
        sizes.clear();
        NDArray first = predict(network, inputs);
        assertEquals(List.of(5L, 4L), sizes);
        assertEquals(first, predict(network, inputs));
        assertEquals(List.of(5L, 4L, 4L), sizes);
        NDArray weight = network.getParameters().valueAt(2).getArray();
        assertEquals(4, weight.getShape().dimension());
        weight.set(TestModels.random(manager, weight.getShape()).toFloatArray());
        sizes.clear();
        NDArray changed = predict(network, inputs);
        assertEquals(List.of(5L, 4L), sizes);
        assertArrayEquals(
                forward(network, inputs).head().toFloatArray(), changed.toFloatArray(), 1e-4f);
    }

    /** Both threads start predicting at the same time. */
    @Test
    void oneOfSeveralThreadsComputesTheReferences() throws Exception {
        ReferenceBatch references = references();
        AtomicInteger passes = new AtomicInteger();
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(TestModels.convolution(4))
                                .add(references.norm(4))
                                .add(
                                        LambdaBlock.singleton(
                                                maps -> {
                                                    if (maps.getShape().get(0) == 5) {
                                                        passes.incrementAndGet();
                                                    }
                                                    return maps;
                                                })));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        NDArray inputs = TestModels.random(manager, INPUT);
        passes.set(0);
        CyclicBarrier begin = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Callable<float[]> prediction =
                    () -> {
                        begin.await();
                        return predict(network, inputs).toFloatArray();
                    };
            float[] expected = forward(network, inputs).head().toFloatArray();
            for (Future<float[]> each : threads.invokeAll(List.of(prediction, prediction))) {
                assertArrayEquals(expected, each.get(), 1e-4f);
            }
        } finally {
            threads.shutdown();
        }
        assertEquals(1, passes.get());
    }

    /** What a wrapped layer computes with changes without any parameter of the network. */
    @Test
    void predictionsNoticeQuantizationAndTruncation() {
        Block network = network();
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        Block wrapped =
                FrequencyRegularization.builder()
                        .optKeepRate(0.1)
                        .optStartRate(1)
                        .optFloors(false)
                        .optExclude("[Ll]inear")
                        .build()
                        .apply(network, INPUT);
        NDArray inputs = TestModels.random(manager, INPUT);
        NDArray before = predict(wrapped, inputs);
        quantizeConvolution(wrapped);
        assertChangedAsInTraining(wrapped, inputs, before);
        NDArray rounded = predict(wrapped, inputs);
        FrequencyBlocks.truncate(wrapped, 0.3);
        assertChangedAsInTraining(wrapped, inputs, rounded);
    }

    /** A budget wraps scales and shifts, and with them the whole network. */
    @Test
    void aNetworkWrappedWholeNoticesQuantizationAndUpdates() {
        Block network = network();
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        Block wrapped =
                FrequencyRegularization.builder()
                        .optBudget(60)
                        .optStrategy(Strategy.FACTORED)
                        .build()
                        .apply(network, INPUT);
        assertInstanceOf(FrequencyBlock.class, wrapped);
        NDArray inputs = TestModels.random(manager, INPUT);
        NDArray before = predict(wrapped, inputs);
        quantizeConvolution(wrapped);
        assertChangedAsInTraining(wrapped, inputs, before);
        NDArray rounded = predict(wrapped, inputs);
        NDArray coefficients = FrequencyBlocks.parameters(wrapped).get(CONVOLUTION).getArray();
        try (NDArray plain = coefficients.stopGradient()) {
            plain.addi(0.2f);
        }
        assertChangedAsInTraining(wrapped, inputs, rounded);
    }

    private static void quantizeConvolution(Block network) {
        Map<String, Float> steps = new HashMap<>();
        FrequencyBlocks.parameters(network).keySet().forEach(name -> steps.put(name, 0f));
        steps.put(CONVOLUTION, 0.1f);
        Quantization.of(steps).applyTo(network);
    }

    private void assertChangedAsInTraining(Block network, NDArray inputs, NDArray before) {
        float[] after = predict(network, inputs).toFloatArray();
        assertArrayEquals(forward(network, inputs).head().toFloatArray(), after, 1e-4f);
        assertFalse(Arrays.equals(before.toFloatArray(), after));
    }

    @Test
    void aFailedPassOfTheReferencesLeavesNothingBehind() {
        ReferenceBatch references = references();
        AtomicBoolean fails = new AtomicBoolean();
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(
                                        LambdaBlock.singleton(
                                                maps -> {
                                                    if (fails.get()) {
                                                        throw new IllegalStateException("failed");
                                                    }
                                                    return maps;
                                                }))
                                .add(references.norm(3)));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        NDArray inputs = TestModels.random(manager, INPUT);
        fails.set(true);
        assertThrows(IllegalStateException.class, () -> predict(network, inputs));
        fails.set(false);
        assertArrayEquals(
                forward(network, inputs).head().toFloatArray(),
                predict(network, inputs).toFloatArray(),
                1e-4f);
    }

    private NDArray predict(Block network, NDArray inputs) {
        return TestModels.predict(network, manager, new NDList(inputs)).head();
    }

    /** The gradient of a scale passes through the statistics of the layers behind it. */
    @Test
    void theGradientEqualsFiniteDifferences() {
        ReferenceBatch references = references();
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(references.norm(3))
                                .add(Activation.tanhBlock())
                                .add(references.norm(3))
                                .add(Activation.tanhBlock()));
        TestModels.initialize(network, manager, DataType.FLOAT64, INPUT);
        NDArray input = TestModels.random(manager, INPUT).toType(DataType.FLOAT64, true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(TestModels.loss(forward(network, input)));
        }
        for (Pair<String, Parameter> each : network.getParameters()) {
            NDArray parameter = each.getValue().getArray();
            double[] found = parameter.getGradient().toDoubleArray();
            for (int i = 0; i < found.length; i++) {
                double slope = slope(network, input, parameter, i);
                assertEquals(slope, found[i], 1e-6 * Math.max(1, Math.abs(slope)), each.getKey());
            }
        }
    }

    private NDList forward(Block network, NDArray input) {
        return network.forward(new ParameterStore(manager, false), new NDList(input), true);
    }

    private double slope(Block network, NDArray input, NDArray parameter, int index) {
        double step = 1e-6;
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            double change = side == 0 ? step : -step;
            double[] moved = new double[Math.toIntExact(parameter.size())];
            moved[index] = change;
            try (NDArray plain = parameter.stopGradient();
                    NDArray by = manager.create(moved)) {
                plain.addi(by);
                losses[side] = TestModels.loss(forward(network, input)).getDouble();
                plain.subi(by);
            }
        }
        return (losses[0] - losses[1]) / (2 * step);
    }

    private ReferenceBatch references() {
        return new ReferenceBatch(
                REFERENCES,
                manager.randomNormal(0f, 1f, REFERENCES, DataType.FLOAT32).toFloatArray());
    }

    /** References of fixed values, so that a fresh network has the same. */
    private static Block network() {
        float[] values = new float[Math.toIntExact(REFERENCES.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i * 1.7);
        }
        ReferenceBatch references = new ReferenceBatch(REFERENCES, values);
        return references.network(
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(references.norm(4))
                        .add(Activation.reluBlock())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(5)));
    }

    @Test
    void aFileHoldsNoStatistics(@TempDir Path folder) throws IOException, MalformedModelException {
        Path file = folder.resolve("network.frq");
        NDArray inputs = TestModels.random(manager, INPUT);
        try (Model model = TestModels.model(network(), INPUT)) {
            FrequencyRegularization.builder().optBudget(60).build().apply(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                TestModels.step(
                        trainer, new NDList(TestModels.random(trainer.getManager(), INPUT)));
            }
            assertTrue(FrequencyFile.countNumbers(model.getBlock()) <= 60);
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            try (Model loaded = TestModels.loaded(network(), file)) {
                assertArrayEquals(
                        predict(model.getBlock(), inputs).toFloatArray(),
                        predict(loaded.getBlock(), inputs).toFloatArray());
            }
        }
    }

    @Test
    void referencesFitTheirShape() {
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> new ReferenceBatch(new Shape(2, 3), new float[5]));
        assertEquals(
                "Expected references of shape (count, channels, …) and their elements, but the shape"
                        + " is (2, 3) and there are 5 values",
                e.getMessage());
        for (Shape shape : List.of(new Shape(6), new Shape(0, 3))) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new ReferenceBatch(shape, new float[(int) shape.size()]));
        }
    }

    /** The first layer gets the first numbers: its outputs are those of a network of its own. */
    @Test
    void allScalesAreOneParameterAndSoAreAllShifts() {
        ReferenceBatch references = references();
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(TestModels.convolution(4))
                                .add(references.norm(4))
                                .add(TestModels.convolution(2))
                                .add(references.norm(2)));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        assertEquals(
                List.of(new Shape(6), new Shape(6)),
                List.of("gamma", "beta").stream()
                        .map(name -> network.getParameters().get(name).getArray().getShape())
                        .toList());
        NDArray inputs = TestModels.random(manager, INPUT);
        network.getParameters().get("beta").getArray().set(new float[6]);
        NDArray before = predict(network, inputs);
        network.getParameters().get("gamma").getArray().set(new float[] {1, 1, 1, 1, 2, 3});
        network.getParameters().get("beta").getArray().set(new float[] {0, 0, 0, 0, 5, 7});
        NDArray after = predict(network, inputs);
        for (int channel = 0; channel < 2; channel++) {
            String its = ":," + channel;
            assertArrayEquals(
                    before.get(its).mul(2 + channel).add(5 + 2 * channel).toFloatArray(),
                    after.get(its).toFloatArray(),
                    1e-4f);
        }
    }

    @Test
    void eachNormalisationLayerBelongsToOnePlaceOfOneNetwork() {
        ReferenceBatch references = references();
        Block norm = references.norm(3);
        Block body = new SequentialBlock().add(norm);
        references.network(body);
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> references.network(new SequentialBlock().add(norm)));
        assertTrue(e.getMessage().contains("belongs to a network already"), e.getMessage());
        Block twice = references.norm(3);
        assertThrows(
                IllegalArgumentException.class,
                () -> references.network(new SequentialBlock().add(twice).add(twice)));
        // That of other references is none of these.
        Exception none =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> references.network(new SequentialBlock().add(references().norm(3))));
        assertTrue(none.getMessage().contains("there are none"), none.getMessage());
        assertThrows(IllegalArgumentException.class, () -> references.norm(0));
        Block loop =
                references.network(
                        new CallingBlock(references.norm(3)) {
                            @Override
                            protected NDList forwardInternal(
                                    ParameterStore store,
                                    NDList inputs,
                                    boolean training,
                                    PairList<String, Object> params) {
                                NDList once =
                                        super.forwardInternal(store, inputs, training, params);
                                return super.forwardInternal(store, once, training, params);
                            }
                        });
        TestModels.initialize(loop, manager, DataType.FLOAT32, INPUT);
        Exception passed =
                assertThrows(
                        IllegalStateException.class,
                        () -> predict(loop, TestModels.random(manager, INPUT)));
        assertTrue(passed.getMessage().contains("passed through one twice"), passed.getMessage());
        Block other = references.network(new SequentialBlock().add(references.norm(4)));
        Exception channels =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> other.initialize(manager, DataType.FLOAT32, INPUT));
        assertEquals(
                "Expected 4 channels to normalise but the input has the shape (4, 3, 8, 8)",
                channels.getMessage());
    }

    @Test
    void inputsFitTheReferences() {
        Block network = network();
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> network.initialize(manager, DataType.FLOAT32, new Shape(4, 3, 9, 8)));
        assertTrue(e.getMessage().startsWith("Expected inputs like the references"));
        Block alone = references().norm(3);
        alone.initialize(manager, DataType.FLOAT32, INPUT);
        NDArray few = TestModels.random(manager, INPUT);
        assertThrows(IllegalStateException.class, () -> predict(alone, few));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        predict(network, few);
        NDArray other = TestModels.random(manager, new Shape(4, 3, 9, 8));
        Exception larger =
                assertThrows(IllegalArgumentException.class, () -> predict(network, other));
        assertEquals(e.getMessage(), larger.getMessage());
        Exception part =
                assertThrows(
                        IllegalStateException.class,
                        () -> predict(network.getChildren().get("01body"), few));
        assertEquals(
                "This normalisation layer needs its network: call the block that"
                        + " ReferenceBatch.network returned, not a part of it",
                part.getMessage());
    }
}
