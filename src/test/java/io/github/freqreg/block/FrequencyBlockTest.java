package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.freqreg.TestModels;
import io.github.freqreg.format.ChildProcess;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** What a wrapped layer shows to DJL, and how its weights follow its coefficients. */
class FrequencyBlockTest {

    private static final int KEPT = 20;

    private static final Shape INPUT = TestModels.SMALL_INPUT;

    /** A leak of 3 kB a step would be more in the second half of 50,000. */
    private static final long MOST_GROWTH = 64L << 20;

    private static FrequencyRegularization policy(int kept) {
        return FrequencyRegularization.builder().optKept(kept).build();
    }

    /** A network with parameters of every kind: weights, biases, normalisation. */
    private static SequentialBlock network() {
        return TestModels.smallNetwork().add(BatchNorm.builder().build());
    }

    private static Model wrapped() {
        Model model = TestModels.model(network(), INPUT);
        policy(KEPT).apply(model);
        return model;
    }

    /** The numbers that a model answers with. */
    private static float[] answer(Model model) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray input = TestModels.random(manager, INPUT).toType(model.getDataType(), false);
            return TestModels.floats(
                    TestModels.predict(model.getBlock(), manager, new NDList(input)));
        }
    }

    private static void step(Trainer trainer) {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            TestModels.step(trainer, new NDList(TestModels.random(batch, INPUT)));
        }
    }

    /** What the model answers when nothing can be left over from an earlier rebuild. */
    private static float[] answerAfresh(Model model, Path folder)
            throws IOException, MalformedModelException {
        model.save(folder, "afresh");
        try (Model other = Model.newInstance("test")) {
            other.setBlock(policy(KEPT).apply(network()));
            other.load(folder, "afresh");
            return answer(other);
        }
    }

    @Test
    void parametersAreTheKeptCoefficientsAndWhatIsLeftAlone() {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped()) {
            for (Pair<String, Parameter> entry : plain.getBlock().getParameters()) {
                Parameter parameter = model.getBlock().getParameters().get(entry.getKey());
                Shape shape =
                        entry.getKey().endsWith("weight")
                                ? new Shape(KEPT)
                                : entry.getValue().getShape();
                assertEquals(shape, parameter.getShape(), entry.getKey());
                assertEquals(shape, parameter.getArray().getShape(), entry.getKey());
                assertEquals(
                        entry.getValue().requiresGradient(),
                        parameter.requiresGradient(),
                        entry.getKey());
            }
        }
    }

    @Test
    void gradientsAreThoseOfTheKeptCoefficients() {
        try (Model model = wrapped();
                Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f));
                GradientCollector collector = trainer.newGradientCollector()) {
            NDArray input = TestModels.random(trainer.getManager(), INPUT);
            collector.backward(TestModels.loss(trainer.forward(new NDList(input))));
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                Parameter weight = block.getParameters().get("weight");
                assertEquals(new Shape(KEPT), weight.getArray().getGradient().getShape());
                assertTrue(TestModels.gradient(weight) > 0);
            }
        }
    }

    @Test
    void aSavedModelHoldsTheKeptNumbersOnly(@TempDir Path folder) throws IOException {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped()) {
            assertBytes(plain, folder);
            assertBytes(model, folder);
        }
    }

    /** Beyond four bytes a number, a file has room for names and shapes only. */
    private static void assertBytes(Model model, Path folder) throws IOException {
        model.save(folder, "sized");
        long numbers = 0;
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            numbers += parameter.getShape().size();
        }
        Path file = folder.resolve("sized-0000.params");
        long rest = Files.size(file) - numbers * Float.BYTES;
        assertTrue(rest > 0 && rest < 2000, rest + " bytes beyond the numbers");
        Files.delete(file);
    }

    @Test
    void aSavedModelLoadsIntoAFreshOneWithTheSameAnswer(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertArrayEquals(answer(model), answerAfresh(model, folder));
        }
    }

    @Test
    void aLoadedModelHasTheKeptNumbersOfTheFile(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped();
                Model other = Model.newInstance("test")) {
            model.save(folder, "kept");
            other.setBlock(policy(7).apply(network()));
            other.load(folder, "kept");
            for (FrequencyBlock block : FrequencyBlocks.in(other.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
            assertArrayEquals(answer(model), answer(other));
        }
    }

    @Test
    void aLoadedModelTrainsOn(@TempDir Path folder) throws IOException, MalformedModelException {
        try (Model model = wrapped();
                Model other = Model.newInstance("test")) {
            model.save(folder, "on");
            other.setBlock(policy(KEPT).apply(network()));
            other.load(folder, "on");
            for (Model each : List.of(model, other)) {
                try (Trainer trainer = TestModels.trainer(each, TestModels.descent(0.1f))) {
                    trainer.initialize(INPUT);
                    step(trainer);
                }
            }
            assertArrayEquals(answer(model), answer(other));
        }
    }

    @Test
    void aModelOfAnotherStructureDoesNotLoad(@TempDir Path folder) throws IOException {
        try (Model model = wrapped();
                Model plain = TestModels.model(network(), INPUT)) {
            model.save(folder, "wrapped");
            plain.save(folder, "plain");
            assertMalformed(policy(KEPT).apply(network()), folder, "plain");
            assertMalformed(network(), folder, "wrapped");
            // Another policy: the last layer is not wrapped.
            assertMalformed(
                    FrequencyRegularization.builder()
                            .optKept(KEPT)
                            .optExclude("Linear")
                            .build()
                            .apply(network()),
                    folder,
                    "wrapped");
        }
    }

    @Test
    void aModelWithLayersOfOtherSizesDoesNotLoad(@TempDir Path folder) throws IOException {
        try (Model model = wrapped()) {
            model.save(folder, "sizes");
            Block more =
                    new SequentialBlock()
                            .add(TestModels.convolution(5))
                            .add(TestModels.convolution(6));
            assertMalformed(policy(KEPT).apply(more), folder, "sizes");
            Block fewer = new SequentialBlock().add(TestModels.convolution(1));
            assertMalformed(
                    FrequencyRegularization.builder().build().apply(fewer), folder, "sizes");
        }
    }

    private static void assertMalformed(Block block, Path folder, String name) {
        try (Model other = Model.newInstance("test")) {
            other.setBlock(block);
            MalformedModelException failure =
                    assertThrows(MalformedModelException.class, () -> other.load(folder, name));
            assertFalse(failure.getMessage().isBlank());
        }
    }

    @Test
    void inferenceAfterAStepUsesTheNewWeights(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            float[] before = answer(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
                float[] after = answer(model);
                assertFalse(Arrays.equals(before, after));
                assertArrayEquals(answerAfresh(model, folder), after);
            }
        }
    }

    @Test
    void inferenceBetweenAForwardPassAndItsStepDoesNotKeepOldWeights(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped();
                Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
            float[] between;
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray input = TestModels.random(trainer.getManager(), INPUT);
                NDArray loss = TestModels.loss(trainer.forward(new NDList(input)));
                between = answer(model);
                collector.backward(loss);
            }
            trainer.step();
            float[] after = answer(model);
            assertFalse(Arrays.equals(between, after));
            assertArrayEquals(answerAfresh(model, folder), after);
        }
    }

    @Test
    void inferenceFollowsCoefficientsThatAreChangedByHand(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            float[] before = answer(model);
            Parameter weight = model.getBlock().getParameters().get("01Conv2d_weight");
            weight.freeze(true);
            weight.getArray().muli(2);
            weight.freeze(false);
            float[] after = answer(model);
            assertFalse(Arrays.equals(before, after));
            assertArrayEquals(answerAfresh(model, folder), after);
        }
    }

    @Test
    void predictorsInManyThreadsAgreeFromTheFirstUseOn() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (Model reference = wrapped()) {
            float[] expected = answer(reference);
            for (int round = 0; round < 10; round++) {
                try (Model model = wrapped()) {
                    // All threads find the dense weights not yet rebuilt.
                    CyclicBarrier start = new CyclicBarrier(threads);
                    List<Future<float[]>> answers = new ArrayList<>();
                    for (int i = 0; i < threads; i++) {
                        answers.add(pool.submit(prediction(model, start)));
                    }
                    for (Future<float[]> each : answers) {
                        assertArrayEquals(expected, each.get());
                    }
                }
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private static Callable<float[]> prediction(Model model, CyclicBarrier start) {
        return () -> {
            try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                    NDManager manager = NDManager.newBaseManager()) {
                NDList input = new NDList(TestModels.random(manager, INPUT));
                start.await();
                float[] first = TestModels.floats(predictor.predict(input));
                for (int i = 0; i < 5; i++) {
                    assertArrayEquals(first, TestModels.floats(predictor.predict(input)));
                }
                return first;
            }
        };
    }

    @Test
    void toDenseGivesThePlainNetworkWithTheSameAnswer() throws TranslateException {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            float[] expected = answer(model);
            FrequencyBlocks.toDense(model);
            assertEquals(0, FrequencyBlocks.in(model.getBlock()).size());
            assertEquals(
                    plain.getBlock().getChildren().keys(), model.getBlock().getChildren().keys());
            assertEquals(
                    plain.getBlock().getChildren().values().stream().map(Object::getClass).toList(),
                    model.getBlock().getChildren().values().stream()
                            .map(Object::getClass)
                            .toList());
            for (Pair<String, Parameter> entry : plain.getBlock().getParameters()) {
                Parameter dense = model.getBlock().getParameters().get(entry.getKey());
                assertEquals(entry.getValue().getShape(), dense.getArray().getShape());
                assertEquals(
                        entry.getValue().requiresGradient(),
                        dense.getArray().hasGradient(),
                        entry.getKey());
            }
            assertArrayEquals(expected, answer(model));
            try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator())) {
                NDList input = new NDList(TestModels.random(manager, INPUT));
                assertArrayEquals(expected, TestModels.floats(predictor.predict(input)));
            }
        }
    }

    @Test
    void toDenseRightAfterTrainingHasTheTrainedWeights(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            answer(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            float[] expected = answerAfresh(model, folder);
            FrequencyBlocks.toDense(model);
            assertArrayEquals(expected, answer(model));
        }
    }

    @Test
    void theDenseNetworkCanBeTrained() {
        try (Model model = wrapped()) {
            FrequencyBlocks.toDense(model);
            float[] before = answer(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                step(trainer);
            }
            assertFalse(Arrays.equals(before, answer(model)));
        }
    }

    @Test
    void aBlockThatWasMadeDenseSaysSo() {
        try (Model model = TestModels.model(TestModels.linear(3), new Shape(2, 4));
                NDManager manager = NDManager.newBaseManager()) {
            policy(5).apply(model);
            FrequencyBlock spent = (FrequencyBlock) model.getBlock();
            assertInstanceOf(Linear.class, FrequencyBlocks.toDense(spent));
            NDList input = new NDList(TestModels.random(manager, new Shape(2, 4)));
            for (Runnable use :
                    List.<Runnable>of(
                            () -> TestModels.predict(spent, manager, input),
                            () -> spent.forward(new ParameterStore(manager, false), input, true),
                            () -> FrequencyBlocks.kept(spent),
                            () -> FrequencyBlocks.tensors(spent),
                            () -> FrequencyBlocks.compact(spent),
                            () -> FrequencyBlocks.toDense(spent),
                            () -> FrequencyBlocks.truncate(spent, 0),
                            () -> spent.initialize(manager, DataType.FLOAT32, new Shape(2, 4)))) {
                IllegalStateException failure = assertThrows(IllegalStateException.class, use::run);
                assertTrue(failure.getMessage().contains("toDense()"), failure.getMessage());
            }
        }
    }

    @Test
    void aBlockThatIsNotInitialisedSaysSo() {
        FrequencyBlock block = (FrequencyBlock) policy(5).apply(TestModels.linear(3));
        for (Runnable use :
                List.<Runnable>of(
                        () -> FrequencyBlocks.kept(block),
                        () -> FrequencyBlocks.tensors(block),
                        () -> FrequencyBlocks.compact(block),
                        () -> FrequencyBlocks.truncate(block, 0),
                        () -> FrequencyBlocks.toDense(block))) {
            IllegalStateException failure = assertThrows(IllegalStateException.class, use::run);
            assertTrue(failure.getMessage().contains("not initialised"), failure.getMessage());
        }
    }

    @Test
    void aBlockThatDoesNotAskTheParameterStoreIsRefused() {
        try (Model model = TestModels.model(new BypassingBlock(), new Shape(2, 4));
                NDManager manager = NDManager.newBaseManager()) {
            FrequencyRegularization.builder()
                    .optLayerTypes(LayerType.OTHER)
                    .optKept(5)
                    .build()
                    .apply(model);
            NDList input = new NDList(TestModels.random(manager, new Shape(2, 4)));
            IllegalStateException failure =
                    assertThrows(
                            IllegalStateException.class,
                            () -> TestModels.predict(model.getBlock(), manager, input));
            assertTrue(failure.getMessage().contains("BypassingBlock"), failure.getMessage());
            assertTrue(failure.getMessage().contains("weight"), failure.getMessage());
            assertTrue(failure.getMessage().contains("ParameterStore"), failure.getMessage());
        }
    }

    @Test
    void frozenCoefficientsStayWhileOthersLearn() {
        try (Model model = wrapped()) {
            FrequencyBlocks.in(model.getBlock()).get(0).freezeParameters(true);
            float[][] before = coefficients(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            float[][] after = coefficients(model);
            assertArrayEquals(before[0], after[0]);
            assertFalse(Arrays.equals(before[1], after[1]));
            FrequencyBlocks.in(model.getBlock()).get(0).freezeParameters(false);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertFalse(Arrays.equals(after[0], coefficients(model)[0]));
        }
    }

    @Test
    void aLayerThatWasFrozenBeforeStaysFrozen() {
        try (Model model = TestModels.model(network(), INPUT)) {
            model.getBlock().getChildren().get(0).getValue().freezeParameters(true);
            policy(KEPT).apply(model);
            float[][] before = coefficients(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertArrayEquals(before[0], coefficients(model)[0]);
            // No gradient is computed for what no step would change.
            Parameter weight = model.getBlock().getParameters().get("01Conv2d_weight");
            assertFalse(weight.getArray().hasGradient());
            FrequencyBlocks.toDense(model);
            assertFalse(model.getBlock().getParameters().get("01Conv2d_weight").requiresGradient());
            assertTrue(model.getBlock().getParameters().get("03Conv2d_weight").requiresGradient());
        }
    }

    private static float[][] coefficients(Model model) {
        return FrequencyBlocks.in(model.getBlock()).stream()
                .map(block -> FrequencyBlocks.tensors(block).get("weight").coefficients().clone())
                .toArray(float[][]::new);
    }

    @Test
    void aModelOfDoublesComputesInDoubles() {
        try (Model plain = TestModels.model(network(), DataType.FLOAT64, INPUT);
                Model model = TestModels.model(network(), DataType.FLOAT64, INPUT);
                NDManager manager = NDManager.newBaseManager()) {
            TestModels.everything().apply(model);
            NDArray input = TestModels.random(manager, INPUT).toType(DataType.FLOAT64, false);
            NDList actual = TestModels.predict(model.getBlock(), manager, new NDList(input));
            assertEquals(DataType.FLOAT64, actual.singletonOrThrow().getDataType());
            TestModels.assertClose(
                    TestModels.predict(plain.getBlock(), manager, new NDList(input)),
                    actual,
                    1e-13);
            for (Model each : List.of(plain, model)) {
                descend(each, manager, input);
            }
            FrequencyBlocks.toDense(model);
            TestModels.assertSameParameters(plain.getBlock(), model.getBlock(), 1e-12);
        }
    }

    /** One step of gradient descent; DJL's trainer takes no doubles. */
    private static void descend(Model model, NDManager manager, NDArray input) {
        Optimizer optimizer = TestModels.descent(0.1f);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            ParameterStore store = new ParameterStore(manager, false);
            collector.backward(
                    TestModels.loss(model.getBlock().forward(store, new NDList(input), true)));
        }
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            if (parameter.requiresGradient()) {
                NDArray array = parameter.getArray();
                optimizer.update(parameter.getId(), array, array.getGradient());
            }
        }
    }

    @Test
    void aFreshNetworkIsInitialisedByItsTrainer() {
        try (Model model = Model.newInstance("test")) {
            model.setBlock(policy(KEPT).apply(network()));
            assertFalse(model.getBlock().isInitialized());
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                step(trainer);
            }
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
        }
    }

    @Test
    void aClearedNetworkCanBeInitialisedAgain() {
        try (Model model = wrapped()) {
            model.getBlock().clear();
            assertFalse(model.getBlock().isInitialized());
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
            assertEquals(2 * 5, answer(model).length);
        }
    }

    @Test
    void shapesAreThoseOfTheWrappedBlock() {
        Shape input = new Shape(2, 3, 8, 8);
        try (Model plain = TestModels.model(TestModels.convolution(4), input);
                Model model = TestModels.model(TestModels.convolution(4), input)) {
            policy(KEPT).apply(model);
            Block block = model.getBlock();
            assertArrayEquals(new Shape[] {input}, block.getInputShapes());
            assertArrayEquals(
                    plain.getBlock().getOutputShapes(new Shape[] {input}),
                    block.getOutputShapes(new Shape[] {input}));
            assertEquals(plain.getBlock().describeInput().toMap(), block.describeInput().toMap());
        }
    }

    @Test
    void predictorsGoOnWhileChangedCoefficientsAreTakenUp() throws Exception {
        try (Model model = wrapped()) {
            Block block = model.getBlock();
            NDArray input = TestModels.random(model.getNDManager(), INPUT);
            NDArray coefficients = block.getParameters().valueAt(0).getArray();
            ExecutorService threads = Executors.newFixedThreadPool(8);
            for (int round = 0; round < 50; round++) {
                coefficients.setRequiresGradient(false);
                coefficients.addi(0.01);
                coefficients.setRequiresGradient(true);
                List<Callable<float[]>> calls =
                        Collections.nCopies(
                                16,
                                () -> {
                                    try (NDManager own = model.getNDManager().newSubManager()) {
                                        return TestModels.floats(
                                                TestModels.predict(
                                                        block,
                                                        own,
                                                        new NDList(
                                                                input.get(
                                                                        own,
                                                                        new NDIndex()
                                                                                .addAllDim()))));
                                    }
                                });
                float[] first = null;
                for (Future<float[]> answer : threads.invokeAll(calls)) {
                    first = first == null ? answer.get() : first;
                    assertArrayEquals(first, answer.get());
                }
            }
            threads.shutdown();
        }
    }

    @Test
    void optimisersTreatCoefficientsAsAnyParameter() {
        // Learning rate, weight decay and clipping, against the same optimiser on a bare array.
        Shape input = new Shape(2, 4);
        try (Model model = TestModels.model(TestModels.linear(3), input)) {
            policy(5).apply(model);
            NDArray coefficients = model.getBlock().getParameters().get("weight").getArray();
            NDArray bare = coefficients.duplicate();
            try (Trainer trainer = TestModels.trainer(model, clippedAdam())) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDArray data = TestModels.random(trainer.getManager(), input);
                    collector.backward(TestModels.loss(trainer.forward(new NDList(data))));
                }
                clippedAdam().update("bare", bare, coefficients.getGradient());
                trainer.step();
            }
            assertArrayEquals(bare.toFloatArray(), coefficients.toFloatArray());
        }
    }

    private static Optimizer clippedAdam() {
        return Optimizer.adam()
                .optLearningRateTracker(Tracker.fixed(0.1f))
                .optWeightDecays(0.2f)
                .optClipGrad(1e-3f)
                .build();
    }

    @Test
    void aModelOnOneDeviceTrainsOnAnother() {
        assumeTrue(Engine.getInstance().getGpuCount() > 0, "needs a GPU, and there is none");
        Shape input = new Shape(2, 4);
        try (Model model = Model.newInstance("cpu", Device.cpu())) {
            model.setBlock(TestModels.linear(3));
            policy(5).apply(model);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {Device.gpu(0)});
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(input);
                NDArray data = TestModels.random(trainer.getManager(), input);
                TestModels.step(trainer, new NDList(data.toDevice(Device.gpu(0), false)));
            }
            NDArray data = TestModels.random(model.getNDManager(), input);
            NDList answer =
                    TestModels.predict(model.getBlock(), model.getNDManager(), new NDList(data));
            assertEquals(new Shape(2, 3), answer.head().getShape());
        }
    }

    /**
     * {@code -Dfreqreg.steps=50000} takes as many. In a process whose Java heap has its size from
     * the start, so that what the process grows by is the engine's.
     */
    @Test
    void trainingAndInferenceLeaveNoArraysBehind(TestReporter reporter) throws Exception {
        int steps = Integer.getInteger("freqreg.steps", 5_000);
        List<String> options =
                List.of(
                        "-Xms128m",
                        "-Xmx128m",
                        "-XX:+AlwaysPreTouch",
                        "-Dai.djl.offline=true",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
        String told = ChildProcess.run(ChildProcess.java(), options, Steps.class, steps);
        reporter.publishEntry("resident", told.strip());
    }

    /** Trains and predicts a number of times, and ends with an error if anything has grown. */
    static final class Steps {

        private Steps() {}

        public static void main(String[] arguments) throws IOException {
            int steps = Integer.parseInt(arguments[0]);
            // As small as can be: it is the number of steps that counts.
            SequentialBlock tiny =
                    new SequentialBlock()
                            .add(TestModels.linear(3))
                            .add(BatchNorm.builder().build());
            Shape shape = new Shape(2, 4);
            try (Model model = TestModels.model(tiny, shape)) {
                policy(5).apply(model);
                try (Trainer trainer = TestModels.trainer(model, Optimizer.adam().build())) {
                    int ofModel = 0;
                    int ofAll = 0;
                    long resident = 0;
                    for (int i = 1; i <= steps; i++) {
                        try (NDManager batch = trainer.getManager().newSubManager()) {
                            NDArray input = TestModels.random(batch, shape);
                            TestModels.step(trainer, new NDList(input));
                            TestModels.predict(tiny, batch, new NDList(input));
                        }
                        if (i == steps / 2) {
                            resident = residentBytes();
                        }
                        if (i == 500) {
                            ofModel = model.getNDManager().getManagedArrays().size();
                            ofAll = arraysOfAll(model);
                        }
                    }
                    assertEquals(ofModel, model.getNDManager().getManagedArrays().size());
                    assertEquals(ofAll, arraysOfAll(model));
                    long grown = residentBytes() - resident;
                    assertTrue(grown < MOST_GROWTH, grown + " bytes after " + steps + " steps");
                    System.out.println(resident + " bytes, then " + grown + " more");
                }
            }
        }

        /** Of the process, the engine's memory included; 0 where the system does not tell. */
        private static long residentBytes() throws IOException {
            Path statm = Path.of("/proc/self/statm");
            return Files.exists(statm)
                    ? 4096 * Long.parseLong(Files.readString(statm).split(" ", -1)[1])
                    : 0;
        }

        /** The arrays of every manager there is. */
        private static int arraysOfAll(Model model) {
            return model.getNDManager().getParentManager().getManagedArrays().size();
        }
    }

    /** Reads its parameter's array itself, as no block should. */
    private static final class BypassingBlock extends AbstractBlock {

        private final Parameter weight;

        BypassingBlock() {
            weight =
                    addParameter(
                            Parameter.builder()
                                    .setName("weight")
                                    .setType(Parameter.Type.WEIGHT)
                                    .optShape(new Shape(3, 4))
                                    .build());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameterStore,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return Linear.linear(inputs.singletonOrThrow(), weight.getArray());
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return new Shape[] {new Shape(inputShapes[0].get(0), 3)};
        }
    }
}
