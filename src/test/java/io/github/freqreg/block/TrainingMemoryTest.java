package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.policy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.interop.torch.TorchScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training and inference leak no arrays, neither Java objects nor memory of the engine. */
class TrainingMemoryTest {

    /** A leak of 3 kB per step exceeds this in the second half of 50,000 steps. */
    private static final long MOST_GROWTH = 64L << 20;

    /**
     * {@code -Dfreqreg.steps=50000} sets the number of steps. Runs in a process of fixed heap size,
     * so that only the engine can make the process grow.
     */
    @ParameterizedTest
    @ValueSource(strings = {"djl", "fused", "script"})
    void trainingAndInferenceDoNotLeak(String network, TestReporter reporter) throws Exception {
        int steps = Integer.getInteger("freqreg.steps", 5_000);
        List<String> options =
                List.of(
                        "-Xms128m",
                        "-Xmx128m",
                        "-XX:+AlwaysPreTouch",
                        "-Dai.djl.offline=true",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
        String told = ChildProcess.run(ChildProcess.java(), options, Steps.class, steps, network);
        reporter.publishEntry("resident", told.strip());
    }

    /** Trains and predicts repeatedly and fails if arrays or memory have grown. */
    static final class Steps {

        private Steps() {}

        public static void main(String[] arguments) throws Exception {
            int steps = Integer.parseInt(arguments[0]);
            Shape shape =
                    switch (arguments[1]) {
                        case "script" -> new Shape(2, 3, 6, 6);
                        case "fused" -> new Shape(2, 1, 5, 5);
                        default -> new Shape(2, 4);
                    };
            try (Model model =
                    switch (arguments[1]) {
                        case "script" -> script();
                        case "fused" -> fused(shape);
                        default -> djl(shape);
                    }) {
                policy(5).apply(model);
                FrequencyBlocks.setStrategy(model.getBlock(), Strategy.FUSED);
                train(model, shape, steps);
            }
        }

        /** Only the number of steps matters, so the network is minimal. */
        private static Model djl(Shape shape) {
            SequentialBlock tiny =
                    new SequentialBlock()
                            .add(TestModels.linear(3))
                            .add(BatchNorm.builder().build());
            return TestModels.model(tiny, shape);
        }

        /** Its input has one channel, so that the output is expanded and can be fused. */
        private static Model fused(Shape shape) {
            SequentialBlock tiny =
                    new SequentialBlock()
                            .add(TestModels.convolution(4))
                            .add(BatchNorm.builder().build())
                            .add(Activation.reluBlock());
            return TestModels.model(tiny, shape);
        }

        /** A network whose weights are copied into a module before each pass. */
        private static Model script() throws IOException, MalformedModelException {
            Path archive = Files.createTempFile("net", ".pt");
            try {
                TorchArchive.write(archive, ScriptNetworks.convolutional(1));
                Model model = Model.newInstance("net");
                model.setBlock(TorchScript.load(model.getNDManager(), archive));
                return model;
            } finally {
                Files.delete(archive);
            }
        }

        /** Each prediction has other coefficients than the one before. */
        private static void train(Model model, Shape shape, int steps) throws IOException {
            try (Trainer trainer = TestModels.trainer(model, Optimizer.adam().build())) {
                int ofModel = 0;
                int ofAll = 0;
                long resident = 0;
                for (int i = 1; i <= steps; i++) {
                    try (NDManager batch = trainer.getManager().newSubManager()) {
                        NDArray input = TestModels.random(batch, shape);
                        TestModels.step(trainer, new NDList(input));
                        TestModels.predict(model.getBlock(), batch, new NDList(input));
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
