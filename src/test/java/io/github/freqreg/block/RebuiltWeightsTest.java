package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.INPUT;
import static io.github.freqreg.block.WrappedNetwork.KEPT;
import static io.github.freqreg.block.WrappedNetwork.answer;
import static io.github.freqreg.block.WrappedNetwork.answerAfresh;
import static io.github.freqreg.block.WrappedNetwork.step;
import static io.github.freqreg.block.WrappedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import io.github.freqreg.TestModels;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Inference caches rebuilt weights until their coefficients change. */
class RebuiltWeightsTest {

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
    void inferenceBeforeAStepDoesNotCacheOldWeights(@TempDir Path folder)
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
    void inferenceFollowsCoefficientsChangedByHand(@TempDir Path folder)
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

    /**
     * Clearing closes the dense array. A cache that still took it for its own would write into the
     * placeholder that a loader puts in its place. A layer alone is cleared by its frequency block,
     * a layer in a sequence by its parent, which closes the parameters that it sees.
     */
    @ParameterizedTest
    @MethodSource("layers")
    void clearedNetworkPredictsAgainAfterLoading(Supplier<Block> layers, @TempDir Path folder)
            throws IOException, MalformedModelException {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .paper()
                        .optKept(KEPT)
                        .optStrategy(Strategy.REBUILD)
                        .build();
        try (Model model = TestModels.model(layers.get(), INPUT)) {
            policy.apply(model);
            Path file = folder.resolve("network.frq");
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            float[] expected = answer(model);
            model.getBlock().clear();
            int arrays = model.getNDManager().getManagedArrays().size();
            for (int round = 0; round < 3; round++) {
                FrequencyFile.load(model, file);
                assertArrayEquals(expected, answer(model));
                model.getBlock().clear();
                assertEquals(arrays, model.getNDManager().getManagedArrays().size());
            }
        }
    }

    static Stream<Supplier<Block>> layers() {
        return Stream.of(() -> TestModels.convolution(4), TestModels::smallNetwork);
    }

    @Test
    void weightsAreRebuiltOnceForEachChange() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Parameter dense = TestModels.linear(2).getDirectParameters().get("weight");
            dense.setShape(new Shape(2, 1));
            dense.initialize(manager, DataType.FLOAT32);
            AtomicInteger rebuilt = new AtomicInteger();
            RebuiltWeights weights =
                    new RebuiltWeights(
                            new DenseTensor(dense, List.of()),
                            (vector, scratch) -> {
                                rebuilt.incrementAndGet();
                                NDArray twice = vector.add(vector);
                                twice.attach(scratch);
                                return twice;
                            });
            NDArray vector = manager.create(new float[] {1, 2}, new Shape(2, 1));
            for (int changes = 1; changes <= 3; changes++) {
                for (int use = 0; use < 2; use++) {
                    assertArrayEquals(
                            new float[] {2, 4 * changes}, weights.of(vector).toFloatArray());
                }
                assertEquals(changes, rebuilt.get());
                assertSame(dense.getArray(), weights.of(vector));
                vector.set(new NDIndex(1), 2f * (changes + 1));
            }
            // Another transform of the same coefficients.
            weights.of(vector);
            weights.forget();
            weights.of(vector);
            assertEquals(5, rebuilt.get());
        }
    }

    @Test
    void concurrentPredictorsAgreeFromTheFirstUse() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (Model reference = wrapped()) {
            float[] expected = answer(reference);
            for (int round = 0; round < 10; round++) {
                try (Model model = wrapped()) {
                    // No weight has been rebuilt when the threads start.
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
    void concurrentPredictorsAgreeAfterEachChange() throws Exception {
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
}
