package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading a checkpoint once provides everything a training needs to resume. */
@UsesEngine
class CheckpointTest {

    private static final Shape INPUT = new Shape(4, 8);
    private static final Map<String, String> SETTINGS = Map.of("seed", "1", "empty", "");

    @TempDir private Path folder;

    private static Model model() {
        Model model = TestModels.model(TestModels.linear(6), INPUT);
        FrequencyRegularization.builder().optKept(30).build().apply(model);
        return model;
    }

    private static Model seeded(int seed) {
        FrequencyRegularization policy =
                FrequencyRegularization.builder().optKept(30).optSeededStart(seed).build();
        return TestModels.model(policy.apply(TestModels.linear(6)), INPUT);
    }

    private static void step(Model model, Adam adam, NDManager manager) {
        try (Trainer trainer = TestModels.trainer(model, adam)) {
            trainer.initialize(INPUT);
            TestModels.step(trainer, new NDList(TestModels.random(manager, INPUT)));
        }
    }

    private static float[] numbers(Model model) {
        return model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
    }

    @Test
    void oneReadingGivesSettingsAndState(NDManager manager) throws Exception {
        assertResumes(CheckpointTest::model, CheckpointTest::model, manager);
    }

    /** The seed of the checkpoint wins. */
    @Test
    void aSeededStartIsPartOfTheState(NDManager manager) throws Exception {
        assertResumes(() -> seeded(1), () -> seeded(9), manager);
    }

    private void assertResumes(Supplier<Model> saved, Supplier<Model> fresh, NDManager manager)
            throws Exception {
        Path file = folder.resolve("checkpoint");
        float[] expected;
        float answer;
        Map<String, Float> steps;
        try (Model first = saved.get();
                Adam adam = Adam.builder().build()) {
            step(first, adam, manager);
            Quantization.fit(first.getBlock(), 70, true).applyTo(first.getBlock());
            steps = Quantization.appliedTo(first.getBlock()).getSteps();
            assertTrue(steps.values().stream().anyMatch(step -> step > 0));
            Checkpoint.save(first, adam, 7, SETTINGS, file);
            step(first, adam, manager);
            expected = numbers(first);
            answer = TestModels.answer(first.getBlock(), INPUT)[0];
        }
        Checkpoint checkpoint = Checkpoint.read(file);
        Files.delete(file);
        assertEquals(SETTINGS, checkpoint.settings());
        try (Model second = fresh.get();
                Adam adam = Adam.builder().build()) {
            assertEquals(7, checkpoint.load(second, adam));
            assertEquals(1, adam.getUpdates());
            assertEquals(steps, Quantization.appliedTo(second.getBlock()).getSteps());
            step(second, adam, manager);
            assertArrayEquals(expected, numbers(second));
            assertEquals(answer, TestModels.answer(second.getBlock(), INPUT)[0]);
        }
    }

    /** The layout of the file: names, order and numbers. */
    @Test
    void aFileHasTheTensorsOfACheckpoint(NDManager manager) throws Exception {
        Path file = folder.resolve("checkpoint");
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            step(model, adam, manager);
            Checkpoint.save(model, adam, 7, SETTINGS, file);
        }
        List<FrqEntry> tensors = FrqDocument.read(file).entries();
        assertEquals(
                List.of(
                        "weight",
                        "bias",
                        "optimizer/mean/weight",
                        "optimizer/variance/weight",
                        "optimizer/mean/bias",
                        "optimizer/variance/bias",
                        "progress",
                        "setting/empty=",
                        "setting/seed=1"),
                tensors.stream().map(FrqEntry::name).toList());
        assertArrayEquals(new float[] {7, 0, 1}, tensors.get(6).values());
        assertEquals(30, tensors.get(2).values().length);
    }

    /** The number of updates may exceed the integers that float32 represents exactly. */
    @Test
    void progressOfManyUpdatesIsExact() throws Exception {
        FrqDocument network = new FrqDocument(List.of(), List.of());
        for (int updates :
                new int[] {0, (1 << 20) - 1, 1 << 20, (1 << 24) + 1, Integer.MAX_VALUE}) {
            CheckpointContent content =
                    new CheckpointContent(
                            network, Map.of(), Map.of(), (1 << 24) - 1, updates, Map.of());
            assertEquals(content, CheckpointContent.decode(content.encode()));
        }
    }

    @Test
    void aNetworkAloneIsNoCheckpoint() throws Exception {
        Path file = folder.resolve("network.frq");
        try (Model model = model()) {
            FrequencyFile.save(model.getBlock(), file);
        }
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> Checkpoint.read(file));
        assertEquals(
                file + ": expected a checkpoint but found the numbers of a network alone",
                e.getMessage());
    }
}
