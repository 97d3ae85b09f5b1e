package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.translate.NoopTranslator;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.spectrum.GradientGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many threads, each with a predictor, use a model that has just been loaded. */
class ServingTest {

    private static final int THREADS = 16;
    private static final int CALLS = 10_000;

    @TempDir private Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Strategy.class,
            names = {"AUTO", "REBUILD"})
    void concurrentPredictorsAgreeWithASingleThread(Strategy strategy) throws Exception {
        Path file = folder.resolve("small.frq");
        save(file);
        float[] expected;
        try (Model alone = loaded(file, strategy)) {
            expected = answers(alone, null, 1);
        }
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try (Model model = loaded(file, strategy)) {
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Callable<float[]>> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                threads.add(() -> answers(model, start, (CALLS / 2 + THREADS - 1) / THREADS));
            }
            int held = 0;
            // The first half starts without rebuilt weights; the second must allocate nothing more.
            for (int half = 0; half < 2; half++) {
                for (Future<float[]> each : pool.invokeAll(threads)) {
                    assertArrayEquals(expected, each.get());
                }
                int now = model.getNDManager().getManagedArrays().size();
                assertEquals(half == 0 ? now : held, now);
                held = now;
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private static void save(Path file) throws IOException {
        try (Model saved = TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT)) {
            TestModels.policy(30).apply(saved);
            FrequencyFile.save(saved.getBlock(), file);
        }
    }

    /** A scope closes what is computed in it, but not what the network keeps. */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void aPredictionInsideAScopeLeavesTheNetworkUsable(Strategy strategy) throws Exception {
        Path file = folder.resolve("scoped.frq");
        save(file);
        try (Model model = loaded(file, strategy)) {
            float[] inside;
            try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                inside = answers(model, null, 1);
            }
            assertArrayEquals(inside, answers(model, null, 2));
        }
    }

    private static Model loaded(Path file, Strategy strategy) throws Exception {
        Model model = TestModels.loaded(TestModels.smallNetwork(), file);
        FrequencyBlocks.setStrategy(model.getBlock(), strategy);
        return model;
    }

    /** The first answer; fails unless all others are equal bit for bit. */
    private static float[] answers(Model model, CyclicBarrier start, int calls) throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager manager = NDManager.newBaseManager()) {
            NDList input = new NDList(TestModels.random(manager, TestModels.SMALL_INPUT));
            if (start != null) {
                start.await();
            }
            float[] first = null;
            for (int i = 0; i < calls; i++) {
                try (NDList answer = predictor.predict(input)) {
                    NDArray array = answer.singletonOrThrow();
                    assertFalse(GradientGraph.contains(array));
                    float[] told = array.toFloatArray();
                    first = first == null ? told : first;
                    assertArrayEquals(first, told);
                }
            }
            return first;
        }
    }
}
