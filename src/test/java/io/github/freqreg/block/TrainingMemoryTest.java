package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.policy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Training and inference leak no arrays, neither Java objects nor memory of the engine. */
class TrainingMemoryTest {

    /** A leak of 3 kB per step exceeds this in the second half of 50,000 steps. */
    private static final long MOST_GROWTH = 64L << 20;

    /**
     * {@code -Dfreqreg.steps=50000} sets the number of steps. Runs in a process of fixed heap size,
     * so that only the engine can make the process grow.
     */
    @Test
    void trainingAndInferenceDoNotLeak(TestReporter reporter) throws Exception {
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

    /** Trains and predicts repeatedly and fails if arrays or memory have grown. */
    static final class Steps {

        private Steps() {}

        public static void main(String[] arguments) throws IOException {
            int steps = Integer.parseInt(arguments[0]);
            // Only the number of steps matters, so the network is minimal.
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

        /** The resident size of the process, or 0 where the system has no {@code /proc}. */
        private static long residentBytes() throws IOException {
            Path statm = Path.of("/proc/self/statm");
            return Files.exists(statm)
                    ? 4096 * Long.parseLong(Files.readString(statm).split(" ", -1)[1])
                    : 0;
        }

        /** The arrays of all managers. */
        private static int arraysOfAll(Model model) {
            return model.getNDManager().getParentManager().getManagedArrays().size();
        }
    }
}
