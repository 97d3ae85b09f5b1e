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
import io.github.freqreg.TestModels;
import io.github.freqreg.format.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Training and inference do not leak memory. */
class TrainingMemoryTest {

    /** A leak of 3 kB a step would be more in the second half of 50,000. */
    private static final long MOST_GROWTH = 64L << 20;

    /**
     * {@code -Dfreqreg.steps=50000} takes as many. In a process whose Java heap has its size from
     * the start, so that what the process grows by is the engine's.
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
}
