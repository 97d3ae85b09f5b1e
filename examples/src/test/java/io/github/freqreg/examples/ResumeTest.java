package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.Training.Recipe;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.Checkpoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A training that is resumed ends as one that was not interrupted, to the bit. */
class ResumeTest {

    private static final int EPOCHS = 4;

    @TempDir private Path folder;

    /** A small network on small scenes, which loses its power at a batch. */
    private static final class Interrupted implements Task {

        private final ScenesTask task;
        private int batchesLeft;

        Interrupted(int batches) throws IOException {
            task = new ScenesTask(null, 8, 2, 1);
            batchesLeft = batches;
        }

        @Override
        public String title() {
            return task.title();
        }

        @Override
        public Block network() {
            return task.network();
        }

        @Override
        public Shape input(int batchSize) {
            return task.input(batchSize);
        }

        @Override
        public int size() {
            return 40;
        }

        @Override
        public Example batch(NDManager manager, List<Integer> indices, Random random) {
            if (batchesLeft-- == 0) {
                throw new IllegalStateException("no power");
            }
            return task.batch(manager, indices, random);
        }

        @Override
        public Loss loss() {
            return task.loss();
        }

        @Override
        public float learningRate(boolean dense) {
            return task.learningRate(dense);
        }

        @Override
        public void keepByDefault(FrequencyRegularization.Builder policy) {
            task.keepByDefault(policy);
        }

        @Override
        public int batchSize() {
            return task.batchSize();
        }

        @Override
        public Score measure(Block block, NDManager manager) {
            return task.measure(block, manager);
        }
    }

    @ParameterizedTest(name = "truncate {0}, dense {1}")
    @CsvSource({"0, false", "0.8, false", "0, true"})
    void aResumedTrainingEndsTheSame(double truncate, boolean dense) throws Exception {
        byte[] expected = train(new Interrupted(-1), truncate, dense, folder.resolve("whole"));
        Path checkpoint = folder.resolve("checkpoint");
        Task once = new Interrupted(15);
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> train(once, truncate, dense, checkpoint));
        assertEquals("no power", e.getMessage());
        assertArrayEquals(expected, train(new Interrupted(-1), truncate, dense, checkpoint));
    }

    private static byte[] train(Task task, double truncate, boolean dense, Path checkpoint)
            throws IOException, MalformedModelException {
        Training.seed(1);
        try (Model model = Model.newInstance("m", Device.cpu())) {
            model.setBlock(task.network());
            if (!dense) {
                FrequencyRegularization.Builder policy =
                        FrequencyRegularization.builder().optKept(10);
                if (truncate > 0) {
                    policy.optStartRate(1);
                }
                policy.build().apply(model);
            }
            Recipe recipe = new Recipe(EPOCHS, 4, 0.01f, truncate, 1);
            new Training(task, recipe, new PrintWriter(new StringWriter()))
                    .run(model, Device.cpu(), checkpoint);
            return FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32).encode();
        }
    }

    @Test
    void checkpointsAreChecked() throws Exception {
        Path file = folder.resolve("a");
        try (Model model = Model.newInstance("m", Device.cpu());
                Adam adam = Adam.builder().build()) {
            model.setBlock(LeNet.build());
            model.getBlock()
                    .initialize(
                            model.getNDManager(),
                            DataType.FLOAT32,
                            new Shape(1).addAll(LeNet.INPUT));
            FrequencyFile.save(model.getBlock(), file);
            assertMessage("the numbers of a network alone", model, adam, file);
            FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32).withoutNames().write(file);
            assertMessage("a file without names", model, adam, file);
            Checkpoint.save(model, adam, 7, file);
            assertEquals(7, Checkpoint.load(model, adam, file));
            model.setBlock(new UNet(2, 1, 2));
            assertMessage("unknown [01Conv2d_weight", model, adam, file);
            Files.write(file, new byte[] {1, 2, 3});
            assertMessage("expected a .frq file", model, adam, file);
        }
    }

    private static void assertMessage(String message, Model model, Adam adam, Path file) {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class, () -> Checkpoint.load(model, adam, file));
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
