package io.github.freqreg.examples.tasks;

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
import ai.djl.nn.Parameter;
import io.github.freqreg.examples.data.DrawnShapes;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Variation;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.Checkpoint;
import io.github.freqreg.training.ResumableOptimizer;
import io.github.freqreg.training.Sgd;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A resumed training gives the same parameters, bit for bit, as an uninterrupted one. */
class ResumeTest {

    private static final int EPOCHS = 4;

    @TempDir private Path folder;

    private static final int BATCH = 4;

    private static final Task.Settings SETTINGS = new Task.Settings(BATCH, 0.01f, 0.9f, 0.2);

    /** A task of forty examples that throws at a given batch. */
    private static final class Interrupted extends ChangedTask {

        private int batchesLeft;

        Interrupted(Task task, int batches) {
            super(task, 36);
            batchesLeft = batches;
        }

        @Override
        public Example batch(NDManager manager, List<Integer> indices, Random random) {
            if (batchesLeft-- == 0) {
                throw new IllegalStateException("no power");
            }
            return super.batch(manager, indices, random);
        }
    }

    @ParameterizedTest(name = "truncate {0}, dense {1}, {2}, {3} bytes")
    @CsvSource({
        "0, false, ADAM, 0",
        "0.8, false, ADAM, 0",
        "0, true, ADAM, 0",
        "0.8, false, SGD, 0",
        "0, false, ADAM, 300",
        "0, false, SGD, 300"
    })
    void aResumedTrainingEndsTheSame(double truncate, boolean dense, Descent descent, long bytes)
            throws Exception {
        Optional<ByteLimit> limit =
                bytes == 0 ? Optional.empty() : Optional.of(new ByteLimit(bytes, true, 1e-4, 0.5));
        assertEndsTheSame(
                ScenesTask.drawn(40, 8, 2, 1),
                new TrainingPlan(EPOCHS, SETTINGS, descent, truncate, limit, 1),
                dense);
    }

    /** The random numbers of the engine, here of dropout, are repeated too. */
    @Test
    void aResumedTrainingWithDropoutEndsTheSame() throws Exception {
        Images.Split images = DrawnShapes.draw().subset(40);
        assertEndsTheSame(
                new ClassificationTask(Network.ALEXNET, images, 1, 64, new Variation(1, 5, true)),
                new TrainingPlan(EPOCHS, SETTINGS, Descent.ADAM, 0, Optional.empty(), 1),
                true);
    }

    private void assertEndsTheSame(Task task, TrainingPlan plan, boolean dense) throws Exception {
        byte[] expected = train(new Interrupted(task, -1), plan, dense, folder.resolve("whole"));
        Path checkpoint = folder.resolve("checkpoint");
        Task once = new Interrupted(task, 15);
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class, () -> train(once, plan, dense, checkpoint));
        assertEquals("no power", e.getMessage());
        assertArrayEquals(expected, train(new Interrupted(task, -1), plan, dense, checkpoint));
    }

    private static byte[] train(Task task, TrainingPlan plan, boolean dense, Path checkpoint)
            throws IOException, MalformedModelException {
        Training.seed(1);
        try (Model model = Model.newInstance("m", Device.cpu())) {
            model.setBlock(task.network());
            if (!dense) {
                FrequencyRegularizationBuilder policy =
                        FrequencyRegularization.builder().optKept(10);
                if (plan.truncate() > 0) {
                    policy.optStartRate(1);
                }
                policy.build().apply(model);
            }
            TrainingLog log = TrainingLog.to(new PrintWriter(new StringWriter()));
            new Training(task, plan, log)
                    .run(model, Device.cpu(), new TrainingCheckpoint(checkpoint, Map.of()));
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
            assertEquals(7, Checkpoint.read(file).load(model, adam));
            Parameter weight = model.getBlock().getParameters().valueAt(0);
            adam.update(weight.getId(), weight.getArray(), weight.getArray());
            Checkpoint.save(model, adam, 7, file);
            assertEquals(7, Checkpoint.read(file).load(model, adam));
            try (Sgd plain = Sgd.builder().build();
                    Adam other = Adam.builder().build()) {
                plain.update(weight.getId(), weight.getArray(), weight.getArray());
                Path none = folder.resolve("none");
                Checkpoint.save(model, plain, 1, none);
                assertMessage("[mean, variance] of Adam but found none", model, other, none);
                assertEquals(1, Checkpoint.read(none).load(model, plain));
            }
            try (Sgd sgd = Sgd.builder().optMomentum(0.9f).build()) {
                assertMessage(
                        "the moments [momentum] of Sgd but found [optimizer/", model, sgd, file);
            }
            model.setBlock(new UNet(2, 1, 2));
            assertMessage("unknown [01Conv2d_weight", model, adam, file);
            Files.write(file, new byte[] {1, 2, 3});
            assertMessage("expected a .frq file", model, adam, file);
        }
    }

    /** The file may be deleted between the comparison of the settings and the load. */
    @Test
    void aCheckpointIsReadOnce() throws Exception {
        Path file = folder.resolve("a");
        TrainingCheckpoint checkpoint = new TrainingCheckpoint(file, Map.of("--seed", "1"));
        try (Model model = Model.newInstance("m", Device.cpu());
                Adam adam = Adam.builder().build()) {
            model.setBlock(LeNet.build());
            model.getBlock()
                    .initialize(
                            model.getNDManager(),
                            DataType.FLOAT32,
                            new Shape(1).addAll(LeNet.INPUT));
            checkpoint.save(model, adam, 7);
            assertEquals(Optional.empty(), checkpoint.refusal());
            checkpoint.delete();
            assertEquals(7, checkpoint.load(model, adam));
            assertThrows(NoSuchFileException.class, () -> checkpoint.load(model, adam));
        }
    }

    private static void assertMessage(
            String message, Model model, ResumableOptimizer optimizer, Path file) {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> Checkpoint.read(file).load(model, optimizer));
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
