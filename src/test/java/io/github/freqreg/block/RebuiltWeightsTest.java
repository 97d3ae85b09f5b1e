package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.INPUT;
import static io.github.freqreg.block.WrappedNetwork.answer;
import static io.github.freqreg.block.WrappedNetwork.answerAfresh;
import static io.github.freqreg.block.WrappedNetwork.step;
import static io.github.freqreg.block.WrappedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import io.github.freqreg.TestModels;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
