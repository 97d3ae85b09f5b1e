package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.SymbolBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A TorchScript network that DJL's trainer trains in the frequency domain. */
class ModuleTrainingTest {

    private static final Shape INPUT = new Shape(4, 3, 6, 6);
    private static final int STEPS = 20;

    @TempDir private Path folder;

    private Model script() throws IOException, MalformedModelException {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(3));
        Model model = Model.newInstance("net");
        model.load(archive, null, Map.of("trainParam", "true"));
        return model;
    }

    /** The network of {@link ScriptNetworks#convolutional} in DJL's blocks. */
    private static Model djl(Model script) {
        Block network =
                new SequentialBlock()
                        .add(convolution(1))
                        .add(BatchNorm.builder().optEpsilon(1e-5f).optMomentum(0.9f).build())
                        .add(Activation.reluBlock())
                        .add(convolution(2))
                        .add(Activation.reluBlock())
                        .add(
                                new LambdaBlock(
                                        x ->
                                                new NDList(
                                                        x.head()
                                                                .mean(new int[] {3})
                                                                .mean(new int[] {2}))))
                        .add(Linear.builder().setUnits(5).build());
        Model model = Model.newInstance("djl");
        model.setBlock(network);
        network.initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
        List<Parameter> theirs = List.copyOf(script.getBlock().getParameters().values());
        List<Parameter> ours =
                network.getParameters().values().stream()
                        .filter(p -> p.getType() != Parameter.Type.RUNNING_MEAN)
                        .filter(p -> p.getType() != Parameter.Type.RUNNING_VAR)
                        .toList();
        assertEquals(theirs.size(), ours.size());
        for (int i = 0; i < ours.size(); i++) {
            NDArray array = ours.get(i).getArray();
            array.setRequiresGradient(false);
            array.set(theirs.get(i).getArray().toFloatArray());
            array.setRequiresGradient(true);
        }
        return model;
    }

    private static Conv2d convolution(int groups) {
        return Conv2d.builder()
                .setFilters(8)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .optGroups(groups)
                .build();
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder().paper().optKept(20).build();
    }

    private static void train(Model model, Optimizer optimizer)
            throws IOException, TranslateException {
        try (NDManager manager = NDManager.newBaseManager()) {
            int count = STEPS * 4;
            NDArray images = manager.arange(count * 108f).mul(0.37f).sin().reshape(count, 3, 6, 6);
            NDArray labels = manager.arange(count * 5f).cos().reshape(count, 5);
            ArrayDataset data =
                    new ArrayDataset.Builder()
                            .setData(images)
                            .optLabels(labels)
                            .setSampling(4, false)
                            .build();
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer);
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(INPUT);
                EasyTrain.fit(trainer, 1, data, null);
            }
        }
    }

    private static double difference(float[] one, float[] other) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < one.length; i++) {
            largest = Math.max(largest, Math.abs(other[i]));
            difference = Math.max(difference, Math.abs(one[i] - other[i]));
        }
        return difference / largest;
    }

    private static List<float[]> parameters(Model model) {
        return FrequencyBlocks.parameters(model.getBlock()).values().stream()
                .filter(Parameter::requiresGradient)
                .map(each -> each.getArray().toFloatArray())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void equalsTheWrappedBlocksOfDjlStepByStep(boolean adam) throws Exception {
        try (Model script = script();
                Model djl = djl(script)) {
            policy().apply(script);
            policy().apply(djl);
            FrequencyBlocks.setStrategy(djl.getBlock(), Strategy.REBUILD);
            List<float[]> before = parameters(djl);
            train(script, optimizer(adam));
            train(djl, optimizer(adam));
            List<float[]> ours = parameters(script);
            List<float[]> expected = parameters(djl);
            assertEquals(8, ours.size());
            List<String> names =
                    List.copyOf(FrequencyBlocks.parameters(script.getBlock()).keySet());
            for (int i = 0; i < ours.size(); i++) {
                if (names.get(i).equals("conv1.bias")) {
                    // Batch normalisation subtracts it, so its gradient is rounding errors alone.
                    continue;
                }
                double learned = difference(before.get(i), expected.get(i));
                double difference = difference(ours.get(i), expected.get(i));
                assertTrue(learned > 0.001, names.get(i) + " learned " + learned);
                assertTrue(difference < 1e-4, names.get(i) + " differs by " + difference);
            }
        }
    }

    /** A pass for inference must see what training changed, and training must go on after it. */
    @Test
    void inferenceFollowsEveryStep() throws Exception {
        try (Model script = script()) {
            policy().apply(script);
            float[] last = answer(script);
            for (int epoch = 0; epoch < 3; epoch++) {
                train(script, optimizer(true));
                float[] now = answer(script);
                assertTrue(difference(last, now) > 0.01, "epoch " + epoch);
                assertArrayEquals(now, answer(script));
                last = now;
            }
            FrequencyBlocks.toDense(script);
            assertInstanceOf(SymbolBlock.class, script.getBlock());
            assertArrayEquals(last, answer(script));
            train(script, optimizer(true));
            assertTrue(difference(last, answer(script)) > 0.01, "the plain network learns");
        }
    }

    /** As in a network with two inputs and one set of weights. */
    @Test
    void twoForwardPassesShareOneBackwardPass() throws Exception {
        try (Model script = script();
                Model djl = djl(script)) {
            policy().apply(script);
            policy().apply(djl);
            for (int step = 0; step < 3; step++) {
                twoPasses(script);
                twoPasses(djl);
            }
            List<float[]> expected = parameters(djl);
            List<float[]> ours = parameters(script);
            assertTrue(difference(expected.get(0), ours.get(0)) < 1e-4);
            assertTrue(difference(expected.get(6), ours.get(6)) < 1e-4);
        }
    }

    /** Gradients of several batches add up before a step, from the first one on. */
    @Test
    void gradientsAccumulate() throws Exception {
        try (Model script = script();
                Model djl = djl(script)) {
            policy().apply(script);
            policy().apply(djl);
            float[] before = parameters(djl).get(0);
            accumulate(script);
            accumulate(djl);
            float[] expected = parameters(djl).get(0);
            assertTrue(difference(before, expected) > 1e-4);
            assertTrue(difference(expected, parameters(script).get(0)) < 1e-4);
        }
    }

    /** As a listener may make it. */
    @Test
    void aPredictionBetweenBackwardPassAndStepChangesNothing() throws Exception {
        Path archive = folder.resolve("transformer.pt");
        TorchArchive.write(archive, ScriptNetworks.transformer(3));
        List<float[]> trained = new ArrayList<>();
        for (boolean predicts : new boolean[] {false, true}) {
            try (Model model = Model.newInstance("net")) {
                model.load(archive, null, Map.of("trainParam", "true"));
                policy().apply(model);
                step(model, predicts);
                step(model, predicts);
                trained.add(parameters(model).get(1));
            }
        }
        assertArrayEquals(trained.get(0), trained.get(1), 1e-6f);
    }

    private static void step(Model model, boolean predicts) {
        Shape input = new Shape(2, 5, 8);
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer(false));
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(input);
            NDArray values = trainer.getManager().arange(80f).sin().reshape(input);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray answer = trainer.forward(new NDList(values)).singletonOrThrow();
                collector.backward(answer.sub(values).square().sum());
            }
            if (predicts) {
                trainer.evaluate(new NDList(values));
            }
            trainer.step();
        }
    }

    private static void accumulate(Model model) {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer(false));
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(INPUT);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                for (int batch = 0; batch < 3; batch++) {
                    NDArray input =
                            trainer.getManager().arange(4f * 108).add(batch).sin().reshape(INPUT);
                    NDArray answer = trainer.forward(new NDList(input)).singletonOrThrow();
                    collector.backward(answer.square().sum());
                }
            }
            trainer.step();
        }
    }

    private static void twoPasses(Model model) {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer(false));
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(INPUT);
            NDArray one = trainer.getManager().arange(4f * 108).sin().reshape(INPUT);
            NDArray other = trainer.getManager().arange(4f * 108).cos().reshape(INPUT);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray first = trainer.forward(new NDList(one)).singletonOrThrow();
                NDArray second = trainer.forward(new NDList(other)).singletonOrThrow();
                System.gc();
                collector.backward(first.sub(second).square().sum());
            }
            trainer.step();
            trainer.evaluate(new NDList(one));
        }
    }

    private static float[] answer(Model model) {
        return TestModels.answer(model.getBlock(), INPUT);
    }

    private static Optimizer optimizer(boolean adam) {
        return adam
                ? Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.01f)).build()
                : Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).build();
    }
}
