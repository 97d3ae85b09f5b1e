package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training with truncation, resumed from a checkpoint. */
@UsesEngine
class ResumedTruncationTest {

    private static final int EPOCHS = 5;

    /** Not a multiple of the batches of a truncation step. */
    private static final int BATCHES = 3;

    private static final Shape INPUT = new Shape(4, 12);

    @TempDir private Path folder;

    private final NDManager manager;

    ResumedTruncationTest(NDManager manager) {
        this.manager = manager;
    }

    /** When the tail is cut. */
    enum Rhythm {
        EVERY_EPOCH(() -> TailTruncation.builder().optEveryEpochs(1)),
        EVERY_OTHER_EPOCH(() -> TailTruncation.builder().optEveryEpochs(2)),
        EVERY_BATCH(() -> TailTruncation.builder().optEveryBatches(1)),
        EVERY_OTHER_BATCH(() -> TailTruncation.builder().optEveryBatches(2)),
        EVERY_FIVE_BATCHES(() -> TailTruncation.builder().optEveryBatches(5));

        private final Supplier<TailTruncation.Builder> builder;

        Rhythm(Supplier<TailTruncation.Builder> builder) {
            this.builder = builder;
        }

        private TailTruncation.Builder builder() {
            return builder.get().optSchedule(TruncationSchedule.geometric(0.2));
        }
    }

    private static Model model() {
        Block network =
                new SequentialBlock()
                        .add(TestModels.linear(16))
                        .add(Activation.tanhBlock())
                        .add(TestModels.linear(5));
        Model model = TestModels.model(network, INPUT);
        FrequencyRegularization.builder().optKept(10).optStartRate(1).build().apply(model);
        return model;
    }

    private static int kept(Model model) {
        int kept = 0;
        for (Block each : model.getBlock().getChildren().values()) {
            if (each instanceof FrequencyBlock block) {
                kept += FrequencyBlocks.kept(block).get("weight");
            }
        }
        return kept;
    }

    /** Trains and returns the kept number after each batch and each epoch. */
    private List<Integer> train(Model model, Adam adam, TailTruncation truncation, int epochs)
            throws Exception {
        List<Integer> notes = new ArrayList<>();
        TrainingListenerAdapter notebook =
                new TrainingListenerAdapter() {
                    @Override
                    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
                        notes.add(kept(model));
                    }

                    @Override
                    public void onEpoch(Trainer trainer) {
                        notes.add(kept(model));
                    }
                };
        try (Trainer trainer = TestModels.trainer(model, adam, truncation, notebook)) {
            trainer.initialize(INPUT);
            ArrayDataset data =
                    new ArrayDataset.Builder()
                            .setData(TestModels.random(manager, new Shape(4 * BATCHES, 12)))
                            .optLabels(TestModels.random(manager, new Shape(4 * BATCHES, 5)))
                            .setSampling(4, false)
                            .build();
            EasyTrain.fit(trainer, epochs, data, null);
        }
        return notes;
    }

    private static float[] numbers(Model model, int layer) {
        FrequencyBlock block = (FrequencyBlock) model.getBlock().getChildren().values().get(layer);
        return FrequencyBlocks.tensors(block).get("weight").coefficients();
    }

    @ParameterizedTest
    @EnumSource
    void goesOnInMidScheduleAsIfItHadNotStopped(Rhythm rhythm) throws Exception {
        Path file = folder.resolve("checkpoint");
        try (Model whole = model();
                Adam adam = Adam.builder().build()) {
            List<Integer> expected = train(whole, adam, rhythm.builder().build(), EPOCHS);
            assertTrue(expected.get(expected.size() - 1) < expected.get(0));
            for (int stop = 1; stop < EPOCHS; stop++) {
                List<Integer> found;
                long done;
                try (Model first = model();
                        Adam its = Adam.builder().build()) {
                    TailTruncation truncation = rhythm.builder().build();
                    found = train(first, its, truncation, stop);
                    done = truncation.getDone();
                    Checkpoint.save(first, its, stop, file);
                }
                try (Model second = model();
                        Adam its = Adam.builder().build()) {
                    assertEquals(stop, Checkpoint.read(file).load(second, its));
                    TailTruncation truncation = rhythm.builder().optDone(done).build();
                    found.addAll(train(second, its, truncation, EPOCHS - stop));
                    assertEquals(expected, found, "stopped after epoch " + stop);
                    for (int layer : new int[] {0, 2}) {
                        assertArrayEquals(numbers(whole, layer), numbers(second, layer));
                    }
                }
            }
        }
    }

    /** The second schedule would keep more coefficients than remain. */
    @Test
    void whatWasCutStaysCutUnderAnotherSchedule() throws Exception {
        Path file = folder.resolve("checkpoint");
        int left;
        try (Model first = model();
                Adam adam = Adam.builder().build()) {
            train(first, adam, Rhythm.EVERY_EPOCH.builder().build(), 3);
            left = kept(first);
            assertEquals(Math.round(192 * 0.512) + Math.round(80 * 0.512), left);
            Checkpoint.save(first, adam, 3, file);
        }
        try (Model second = model();
                Adam adam = Adam.builder().build()) {
            Checkpoint.read(file).load(second, adam);
            assertEquals(left, kept(second));
            // Starts the schedule again with a small drop rate: 0.99 of all after the first step.
            TailTruncation slow =
                    TailTruncation.builder()
                            .optSchedule(TruncationSchedule.geometric(0.01))
                            .build();
            for (int kept : train(second, adam, slow, 4)) {
                assertEquals(left, kept);
            }
            FrequencyBlocks.toDense(second);
            try (NDArray weight =
                    second.getBlock()
                            .getParameters()
                            .get("01Linear_weight")
                            .getArray()
                            .stopGradient()) {
                float[] all = FrequencyTensor.of(weight, weight.size()).coefficients();
                for (int i = (int) Math.round(192 * 0.512); i < all.length; i++) {
                    assertEquals(0, all[i], 1e-5, "coefficient " + i);
                }
            }
        }
    }

    @Test
    void aResumeNeedsAPlaceInTheSchedule() {
        TailTruncation.Builder builder = TailTruncation.builder().optEveryBatches(4);
        assertThrows(IllegalArgumentException.class, () -> builder.optDone(-1));
        assertEquals(0, builder.optDone(3).build().getStep());
        assertEquals(2, builder.optDone(11).build().getStep());
        assertEquals(11, builder.build().getDone());
    }
}
