package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.GarbageCollection;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.interop.torch.TorchScript;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Truncation, byte budgets and checkpoints of a TorchScript network, and forced collections. */
@UsesEngine
class ModuleListenersTest {

    private static final Shape INPUT = new Shape(4, 3, 6, 6);

    private static final Map<String, Integer> FEW =
            Map.of("conv1.weight", 10, "conv2.weight", 10, "fc.weight", 10);

    private final NDManager manager;

    @TempDir private Path folder;

    ModuleListenersTest(NDManager manager) {
        this.manager = manager;
    }

    private static Model model(Path folder) throws Exception {
        Path archive = folder.resolve("net.pt");
        if (!Files.exists(archive)) {
            TorchArchive.write(archive, ScriptNetworks.convolutional(1));
        }
        Model model = Model.newInstance("net");
        model.setBlock(TorchScript.load(model.getNDManager(), archive));
        return model;
    }

    private Model wrapped(double startRate) throws Exception {
        Model model = model(folder);
        FrequencyRegularization.builder()
                .paper()
                .optKept(10)
                .optStartRate(startRate)
                .build()
                .apply(model);
        return model;
    }

    private void fit(Model model, Optimizer optimizer, int epochs, TrainingListener... listeners)
            throws Exception {
        try (Trainer trainer = TestModels.trainer(model, optimizer, listeners)) {
            trainer.initialize(INPUT);
            fit(trainer, epochs);
        }
    }

    private void fit(Trainer trainer, int epochs) throws Exception {
        ArrayDataset data =
                new ArrayDataset.Builder()
                        .setData(TestModels.random(manager, new Shape(12, 3, 6, 6)))
                        .optLabels(TestModels.random(manager, new Shape(12, 5)))
                        .setSampling(4, false)
                        .build();
        EasyTrain.fit(trainer, epochs, data, null);
    }

    private static float[] answer(Model model) {
        return TestModels.answer(model.getBlock(), INPUT);
    }

    /** The module's weights must be those of the coefficients that are left. */
    @Test
    void truncationEndsAtTheKeptNumbers() throws Exception {
        try (Model model = wrapped(1);
                Model fresh = model(folder);
                Adam adam = Adam.builder().build()) {
            assertEquals(216, FrequencyBlocks.kept(model.getBlock()).get("conv1.weight"));
            TailTruncation truncation =
                    TailTruncation.builder().optSchedule(TruncationSchedule.geometric(0.3)).build();
            fit(model, adam, 12, truncation);
            assertEquals(FEW, FrequencyBlocks.kept(model.getBlock()));
            Path file = folder.resolve("net.frq");
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            FrequencyFile.load(fresh, file);
            assertEquals(FEW, FrequencyBlocks.kept(fresh.getBlock()));
            assertArrayEquals(answer(model), answer(fresh), 1e-5f);
        }
    }

    @Test
    void aByteBudgetHoldsAndTheFileAnswersAsTheNetwork() throws Exception {
        try (Model model = wrapped(0.3);
                Model fresh = model(folder);
                Adam adam = Adam.builder().build()) {
            ByteBudget budget =
                    ByteBudget.builder(200)
                            .optOptimizer(adam)
                            .optFirstEpoch(2)
                            .optNames(false)
                            .build();
            fit(model, adam, 8, budget);
            FrqDocument document =
                    FrequencyFile.toDocument(model.getBlock(), budget.getQuantization());
            int size = document.withoutNames().encode().length;
            assertTrue(size <= 200 && size > 180, size + " bytes");
            FrequencyFile.load(fresh, document);
            // In the file, biases and normalisation are rounded, too.
            assertArrayEquals(answer(model), answer(fresh), 0.05f);
        }
    }

    /** As if the training had not been interrupted. */
    @Test
    void aCheckpointResumesExactly() throws Exception {
        Path file = folder.resolve("checkpoint");
        float[] expected;
        try (Model model = wrapped(0.3);
                Adam adam = Adam.builder().build()) {
            fit(model, adam, 2);
            Checkpoint.save(model, adam, 2, file);
            fit(model, adam, 2);
            expected = answer(model);
        }
        try (Model model = wrapped(0.3);
                Adam adam = Adam.builder().build()) {
            assertEquals(2, Checkpoint.read(file).load(model, adam));
            fit(model, adam, 2);
            assertArrayEquals(expected, answer(model));
        }
    }

    /** In a process of its own, which a wrong address would end. */
    @Test
    void aCollectionBetweenForwardAndBackwardChangesNothing() throws Exception {
        ChildProcess.run(
                ChildProcess.java(),
                List.of(
                        "-Xmx256m",
                        "-Dai.djl.offline=true",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                Collected.class,
                folder);
    }

    /** Trains the same network without and with forced collections. */
    static final class Collected {

        private static final int STEPS = 6;

        private Collected() {}

        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            assertArrayEquals(losses(folder, false), losses(folder, true));
        }

        private static float[] losses(Path folder, boolean collected) throws Exception {
            float[] losses = new float[STEPS];
            try (Model model = model(folder)) {
                FrequencyRegularization.builder().optKept(20).build().apply(model);
                int[] sizes =
                        FrequencyBlocks.kept(model.getBlock()).values().stream()
                                .mapToInt(kept -> kept * Float.BYTES)
                                .toArray();
                try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                    for (int i = 0; i < STEPS; i++) {
                        losses[i] = step(trainer, collected ? sizes : new int[0]);
                    }
                }
            }
            return losses;
        }

        /** Returns the loss before a step. */
        private static float step(Trainer trainer, int... collected) throws InterruptedException {
            float found;
            try (NDManager batch = trainer.getManager().newSubManager();
                    GradientCollector collector = trainer.newGradientCollector()) {
                NDArray input = TestModels.random(batch, INPUT);
                NDArray loss = TestModels.loss(trainer.forward(new NDList(input)));
                found = loss.getFloat();
                if (collected.length > 0) {
                    GarbageCollection.force(collected);
                }
                collector.backward(loss);
            }
            trainer.step();
            return found;
        }
    }
}
