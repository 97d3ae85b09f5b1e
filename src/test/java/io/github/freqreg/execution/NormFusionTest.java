package io.github.freqreg.execution;

import static io.github.freqreg.execution.StrategyComparison.assertClose;
import static io.github.freqreg.execution.StrategyComparison.doubles;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.GarbageCollection;
import io.github.freqreg.Seeds;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.spectrum.GradientGraph;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batch normalisation that is fused with the convolution before it, in training and inference. */
@UsesEngine
class NormFusionTest {

    private static final Shape INPUT = FusedNetwork.INPUT;
    private static final int PASSES = 3;

    private final NDManager manager;

    NormFusionTest(NDManager manager) {
        this.manager = manager;
    }

    private static SequentialBlock network(boolean bias) {
        return new SequentialBlock()
                .add(StrategyComparison.convolution(64, bias))
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(StrategyComparison.convolution(56, bias))
                .add(BatchNorm.builder().optEpsilon(0.1f).optMomentum(0.6f).build())
                .add(
                        TransposedConv2d.builder()
                                .setFilters(48)
                                .setKernelShape(new Shape(2, 2))
                                .optStride(new Shape(2, 2))
                                .optBias(bias)
                                .build())
                .add(BatchNorm.builder().optScale(false).build())
                .add(Activation.reluBlock())
                .add(StrategyComparison.convolution(40, bias));
    }

    /** With scales and shifts as coefficients, too, or left alone. */
    private static FrequencyRegularizationBuilder policy(boolean wrapsNorms) {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder().optKept(30).optIdentityStart(false);
        return wrapsNorms
                ? policy.optLayerTypes(LayerType.values())
                        .optParameterTypes(
                                Parameter.Type.WEIGHT,
                                Parameter.Type.BIAS,
                                Parameter.Type.GAMMA,
                                Parameter.Type.BETA)
                : policy;
    }

    /** The outputs in training, all gradients, the running statistics, and a prediction. */
    private Map<String, double[]> run(boolean bias, boolean wrapsNorms, Strategy strategy) {
        Seeds.engine(7);
        Block block = policy(wrapsNorms).optStrategy(strategy).build().apply(network(bias));
        block.initialize(manager, DataType.FLOAT64, INPUT);
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.requiresGradient()) {
                parameter.getArray().setRequiresGradient(true);
            }
        }
        ParameterStore store = new ParameterStore(manager, false);
        Map<String, double[]> results = new LinkedHashMap<>();
        for (int pass = 0; pass < PASSES; pass++) {
            NDArray image = manager.randomNormal(1, 2, INPUT, DataType.FLOAT32);
            NDArray wide = image.toType(DataType.FLOAT64, false);
            wide.setRequiresGradient(true);
            try (NDManager scratch = manager.newSubManager();
                    GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray given = wide.add(scratch.zeros(new Shape(1), DataType.FLOAT64));
                given.attach(scratch);
                NDArray out = block.forward(store, new NDList(given), true).singletonOrThrow();
                results.put("output " + pass, doubles(out));
                collector.backward(out.mul(out).mul(out).mean());
            }
            results.put("gradient of the input " + pass, doubles(wide.getGradient()));
        }
        block.getParameters()
                .forEach(
                        each -> {
                            NDArray array = each.getValue().getArray();
                            results.put(each.getKey(), doubles(array));
                            if (each.getValue().requiresGradient()) {
                                results.put(
                                        "gradient of " + each.getKey(),
                                        doubles(array.getGradient()));
                            }
                        });
        NDArray image = manager.randomNormal(1, 2, INPUT, DataType.FLOAT32);
        NDList input = new NDList(image.toType(DataType.FLOAT64, false));
        results.put("prediction", doubles(block.forward(store, input, false).singletonOrThrow()));
        return results;
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void computesTheSameAsSeparateBlocks(boolean bias, boolean wrapsNorms) {
        Map<String, double[]> expected = run(bias, wrapsNorms, Strategy.REBUILD);
        for (Strategy strategy : new Strategy[] {Strategy.FACTORED, Strategy.FUSED}) {
            Map<String, double[]> found = run(bias, wrapsNorms, strategy);
            assertEquals(expected.keySet(), found.keySet());
            expected.forEach(
                    (name, values) ->
                            assertClose(
                                    values,
                                    found.get(name),
                                    1e-9,
                                    // Normalisation cancels the gradients of biases.
                                    Math.max(1e-3, StrategyComparison.size(values)),
                                    strategy + ", " + name));
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void isFusedInTrainingAndInference(boolean wrapsNorms) {
        Block block = policy(wrapsNorms).optStrategy(Strategy.FUSED).build().apply(network(true));
        block.initialize(manager, DataType.FLOAT32, INPUT);
        ParameterStore store = new ParameterStore(manager, false);
        for (boolean training : new boolean[] {true, false}) {
            block.forward(store, new NDList(manager.randomNormal(INPUT)), training).head();
            List<String> picks = new ArrayList<>();
            for (LayerPick row : ExecutionReport.of(block).getRows()) {
                if (row.pick().training() == training) {
                    picks.add(row.pick().toString());
                }
            }
            assertEquals(List.of("fused", "fused", "fused", "factored"), picks);
        }
    }

    /** One block after a convolution and after a ReLU, before and after a change of the input. */
    @Test
    void aNormalisationInTwoPlacesComputesTheSame() {
        BatchNorm shared = BatchNorm.builder().build();
        SequentialBlock plain =
                new SequentialBlock()
                        .add(StrategyComparison.convolution(64, true))
                        .add(shared)
                        .add(Activation.reluBlock())
                        .add(shared)
                        .add(StrategyComparison.convolution(40, true));
        Block block = policy(false).optStrategy(Strategy.FUSED).build().apply(plain);
        for (Shape shape : List.of(INPUT, new Shape(3, 32, 20, 17))) {
            block.clear();
            block.initialize(manager, DataType.FLOAT32, shape);
            ParameterStore store = new ParameterStore(manager, false);
            NDList input = new NDList(manager.randomNormal(shape));
            List<double[]> answers = new ArrayList<>();
            for (Strategy strategy : new Strategy[] {Strategy.REBUILD, Strategy.FUSED}) {
                FrequencyBlocks.setStrategy(block, strategy);
                answers.add(doubles(block.forward(store, input, true).singletonOrThrow()));
            }
            assertClose(answers.get(0), answers.get(1), "training with " + shape);
            assertEquals("fused", ExecutionReport.of(block).getRows().get(0).pick().toString());
            answers.clear();
            for (Strategy strategy : new Strategy[] {Strategy.REBUILD, Strategy.FUSED}) {
                FrequencyBlocks.setStrategy(block, strategy);
                answers.add(doubles(block.forward(store, input, false).singletonOrThrow()));
            }
            assertClose(answers.get(0), answers.get(1), "prediction with " + shape);
        }
        assertSame(shared, FrequencyBlocks.toDense(block).getChildren().valueAt(1));
    }

    /** A second policy finds normalisation that the first one has fused. */
    @Test
    void canBeWrappedLater() {
        SequentialBlock plain = network(true);
        List<Block> blocks = plain.getChildren().values();
        Block block = policy(false).optStrategy(Strategy.FUSED).build().apply(plain, INPUT);
        block =
                FrequencyRegularization.builder()
                        .optKept(20)
                        .optStrategy(Strategy.FUSED)
                        .optLayerTypes(LayerType.NORMALIZATION)
                        .optParameterTypes(Parameter.Type.GAMMA, Parameter.Type.BETA)
                        .build()
                        .apply(block, INPUT);
        assertEquals(7, FrequencyBlocks.in(block).size());
        block.initialize(manager, DataType.FLOAT32, INPUT);
        ParameterStore store = new ParameterStore(manager, false);
        block.forward(store, new NDList(manager.randomNormal(INPUT)), true).head();
        assertEquals("fused", ExecutionReport.of(block).getRows().get(0).pick().toString());
        assertEquals(blocks, FrequencyBlocks.toDense(block).getChildren().values());
    }

    /** A predictor's thread records gradients unless what it uses is detached. */
    @Test
    void otherThreadsBuildNoGraph() throws Exception {
        Block block = policy(true).optStrategy(Strategy.FUSED).build().apply(network(true));
        block.initialize(manager, DataType.FLOAT32, INPUT);
        block.getParameters()
                .values()
                .forEach(each -> each.getArray().setRequiresGradient(each.requiresGradient()));
        NDArray image = manager.randomNormal(INPUT);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            boolean inGraph =
                    thread.submit(
                                    () ->
                                            GradientGraph.contains(
                                                    block.forward(
                                                                    new ParameterStore(
                                                                            manager, false),
                                                                    new NDList(image),
                                                                    false)
                                                            .singletonOrThrow()))
                            .get();
            assertFalse(inGraph);
        } finally {
            thread.shutdownNow();
        }
    }

    /** The engine refuses it, and so does the fused block, whatever the cost model picks. */
    @Test
    void aSingleNumberOfAChannelHasNoVariance() {
        Shape single = new Shape(1, 32, 1, 1);
        SequentialBlock net =
                new SequentialBlock()
                        .add(StrategyComparison.convolution(64, true))
                        .add(BatchNorm.builder().build());
        Block block = policy(false).optStrategy(Strategy.FUSED).build().apply(net);
        block.initialize(manager, DataType.FLOAT32, single);
        ParameterStore store = new ParameterStore(manager, false);
        NDList input = new NDList(manager.randomNormal(single));
        assertThrows(EngineException.class, () -> block.forward(store, input, true).head());
        block.forward(store, input, false).head();
    }

    /** Gradients stay right if the garbage collector runs before the backward pass. */
    @Test
    void gradientsSurviveACollection() throws InterruptedException {
        Block block = policy(true).optStrategy(Strategy.FUSED).build().apply(network(true));
        block.initialize(manager, DataType.FLOAT32, INPUT);
        NDArray image = manager.randomNormal(INPUT);
        ParameterStore store = new ParameterStore(manager, false);
        Parameter weight = block.getParameters().get(0).getValue();
        weight.getArray().setRequiresGradient(true);
        List<double[]> gradients = new ArrayList<>();
        for (boolean forced : new boolean[] {false, true}) {
            weight.getArray().getGradient().subi(weight.getArray().getGradient().duplicate());
            try (NDManager scratch = manager.newSubManager();
                    GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray given = image.duplicate();
                given.attach(scratch);
                NDArray out = block.forward(store, new NDList(given), true).singletonOrThrow();
                NDArray sum = out.mul(out).sum();
                if (forced) {
                    GarbageCollection.force(4, 8);
                }
                collector.backward(sum);
            }
            gradients.add(doubles(weight.getArray().getGradient()));
        }
        assertClose(gradients.get(0), gradients.get(1), 1e-6, "after a collection");
    }

    /** Names, blocks and saved parameters are those of the plain network. */
    @Test
    void isInvisibleInTheNetwork() throws Exception {
        SequentialBlock plain = network(true);
        List<String> names = plain.getParameters().keys();
        List<Block> blocks = plain.getChildren().values();
        Block block = policy(false).build().apply(plain);
        assertEquals(names, block.getParameters().keys());
        block.initialize(manager, DataType.FLOAT32, INPUT);
        assertTrue(block.getChildren().valueAt(1).isInitialized());
        String text = block.getChildren().valueAt(1).toString();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        Block loaded = policy(false).build().apply(network(true));
        loaded.loadParameters(
                manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        NDList input = new NDList(manager.randomNormal(INPUT));
        ParameterStore store = new ParameterStore(manager, false);
        double[] expected = doubles(block.forward(store, input, false).singletonOrThrow());
        assertClose(
                expected,
                doubles(loaded.forward(store, input, false).singletonOrThrow()),
                "loaded");
        Block dense = FrequencyBlocks.toDense(block);
        assertEquals(blocks, dense.getChildren().values());
        assertClose(
                expected, doubles(dense.forward(store, input, false).singletonOrThrow()), "dense");
        assertEquals(dense.getChildren().valueAt(1).toString(), text);
    }
}
