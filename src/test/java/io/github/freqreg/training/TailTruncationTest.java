package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.metric.Metric;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Truncation in DJL's own training loop. */
@UsesEngine
class TailTruncationTest {

    private static final int BATCH = 4;

    private static final int BATCHES = 3;

    private static final Shape INPUT = new Shape(BATCH, 12);

    /** The elements of the two weights: 16×12 and 5×16. */
    private static final int[] SIZES = {192, 80};

    private static final int TARGET = 10;

    private final NDManager manager;

    TailTruncationTest(NDManager manager) {
        this.manager = manager;
    }

    private static Block network() {
        return new SequentialBlock()
                .add(TestModels.linear(16))
                .add(Activation.tanhBlock())
                .add(TestModels.linear(5));
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder().optKept(TARGET).optStartRate(1).build();
    }

    private static Model model() {
        Model model = TestModels.model(network(), INPUT);
        policy().apply(model);
        return model;
    }

    private static Trainer trainer(
            Model model, Optimizer optimizer, TrainingListener... listeners) {
        Trainer trainer = TestModels.trainer(model, optimizer, listeners);
        trainer.initialize(INPUT);
        return trainer;
    }

    /** Trains with EasyTrain on a few batches of random numbers. */
    private void fit(Trainer trainer, int epochs) {
        try {
            ArrayDataset data =
                    new ArrayDataset.Builder()
                            .setData(TestModels.random(manager, new Shape(BATCH * BATCHES, 12)))
                            .optLabels(TestModels.random(manager, new Shape(BATCH * BATCHES, 5)))
                            .setSampling(BATCH, false)
                            .build();
            EasyTrain.fit(trainer, epochs, data, null);
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Optimizer momentum() {
        return Optimizer.sgd()
                .setLearningRateTracker(Tracker.fixed(0.05f))
                .optMomentum(0.9f)
                .optWeightDecays(0.1f)
                .build();
    }

    private static Optimizer adam() {
        return Optimizer.adam()
                .optLearningRateTracker(Tracker.fixed(0.05f))
                .optWeightDecays(0.1f)
                .build();
    }

    private static List<FrequencyBlock> frequencyBlocks(Model model) {
        return model.getBlock().getChildren().values().stream()
                .filter(FrequencyBlock.class::isInstance)
                .map(FrequencyBlock.class::cast)
                .toList();
    }

    private static List<Integer> kept(Model model) {
        return frequencyBlocks(model).stream()
                .map(b -> FrequencyBlocks.kept(b).get("weight"))
                .toList();
    }

    /** The kept numbers of the paper for a remaining fraction. */
    private static List<Integer> expected(double remaining) {
        return Arrays.stream(SIZES)
                .mapToObj(size -> Math.max(TARGET, (int) Math.round(size * remaining)))
                .toList();
    }

    private float[] answer(Model model) {
        NDArray input = TestModels.random(manager, INPUT);
        return TestModels.floats(TestModels.predict(model.getBlock(), manager, new NDList(input)));
    }

    /** Records the kept numbers after each batch and each epoch. */
    private static final class Notes extends TrainingListenerAdapter {

        private final List<List<Integer>> batches = new ArrayList<>();
        private final List<List<Integer>> epochs = new ArrayList<>();

        @Override
        public void onTrainingBatch(Trainer trainer, BatchData batchData) {
            batches.add(kept(trainer.getModel()));
        }

        @Override
        public void onEpoch(Trainer trainer) {
            epochs.add(kept(trainer.getModel()));
        }
    }

    @Test
    void thePublishedScheduleCutsATwentiethAtTheEndOfEachEpoch() {
        Notes notes = new Notes();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), TailTruncation.builder().build(), notes)) {
            fit(trainer, 60);
        }
        for (int epoch = 1; epoch <= 60; epoch++) {
            assertEquals(expected(Math.pow(0.95, epoch)), notes.epochs.get(epoch - 1));
            // No cut within an epoch.
            assertEquals(
                    expected(Math.pow(0.95, epoch - 1)), notes.batches.get(epoch * BATCHES - 1));
        }
        assertEquals(List.of(TARGET, TARGET), notes.epochs.get(59));
    }

    @Test
    void theScheduleCanCutEveryFewBatches() {
        Notes notes = new Notes();
        TailTruncation truncation =
                TailTruncation.builder()
                        .optSchedule(TruncationSchedule.geometric(0.2))
                        .optEveryBatches(2)
                        .build();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), truncation, notes)) {
            fit(trainer, 4);
        }
        for (int batch = 1; batch <= 4 * BATCHES; batch++) {
            assertEquals(
                    expected(Math.pow(0.8, Math.floorDiv(batch, 2))), notes.batches.get(batch - 1));
        }
        assertEquals(6, truncation.getStep());
    }

    @Test
    void theScheduleCanCutEveryFewEpochs() {
        Notes notes = new Notes();
        TailTruncation truncation =
                TailTruncation.builder().optEveryBatches(1).optEveryEpochs(2).build();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), truncation, notes)) {
            fit(trainer, 5);
        }
        for (int epoch = 1; epoch <= 5; epoch++) {
            assertEquals(
                    expected(Math.pow(0.95, Math.floorDiv(epoch, 2))), notes.epochs.get(epoch - 1));
        }
        assertEquals(2, truncation.getStep());
    }

    @Test
    void aResumeGoesOnWhereTheScheduleWas() {
        TailTruncation truncation = TailTruncation.builder().optFirstStep(7).build();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), truncation)) {
            fit(trainer, 1);
            assertEquals(expected(Math.pow(0.95, 8)), kept(model));
        }
        assertEquals(8, truncation.getStep());
    }

    @Test
    void aModelSavedMidwayGoesOnAsIfItHadNotStopped(@TempDir Path folder) throws Exception {
        try (Model model = model();
                Model resumed = model()) {
            FrequencyBlocks.truncate(model.getBlock(), 0.8);
            model.save(folder, "midway");
            resumed.load(folder, "midway");
            for (Model each : List.of(model, resumed)) {
                FrequencyBlocks.truncate(each.getBlock(), 0.5);
                assertEquals(expected(0.5), kept(each));
            }
        }
    }

    static Stream<Function<Long, TruncationSchedule>> endingSchedules() {
        return Stream.of(
                TruncationSchedule::linear, TruncationSchedule::cosine, TruncationSchedule::cubic);
    }

    @ParameterizedTest
    @MethodSource("endingSchedules")
    void anEndingScheduleGoesDownFromAllToExactlyTheTarget(
            Function<Long, TruncationSchedule> schedules) {
        TruncationSchedule schedule = schedules.apply(6L);
        assertEquals(1, schedule.remaining(0));
        for (int step = 1; step <= 6; step++) {
            assertTrue(schedule.remaining(step) < schedule.remaining(step - 1));
        }
        assertEquals(0, schedule.remaining(6));
        assertEquals(0, schedule.remaining(1000));
        Notes notes = new Notes();
        TailTruncation truncation =
                TailTruncation.builder().optSchedule(schedule).optEveryBatches(1).build();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), truncation, notes)) {
            fit(trainer, 2);
        }
        for (int step = 1; step <= 6; step++) {
            assertEquals(expected(schedule.remaining(step)), notes.batches.get(step - 1));
        }
        assertEquals(List.of(TARGET, TARGET), notes.batches.get(5));
    }

    @Test
    void schedulesHaveTheirNamedShapes() {
        assertEquals(0.95 * 0.95 * 0.95, TruncationSchedule.geometric(0.05).remaining(3), 1e-12);
        assertEquals(0.75, TruncationSchedule.linear(8).remaining(2), 1e-12);
        assertEquals((1 + Math.sqrt(0.5)) / 2, TruncationSchedule.cosine(8).remaining(2), 1e-12);
        assertEquals(0.421875, TruncationSchedule.cubic(8).remaining(2), 1e-12);
    }

    static Stream<Optimizer> optimizers() {
        return Stream.of(adam(), momentum());
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void nothingThatWasCutComesBack(Optimizer optimizer) {
        try (Model model = model()) {
            try (Trainer trainer = trainer(model, optimizer)) {
                // At the cut, the optimiser has moments for the full vectors.
                fit(trainer, 2);
                FrequencyBlocks.truncate(model.getBlock(), 0.3);
                fit(trainer, 2);
            }
            assertEquals(expected(0.3), kept(model));
            FrequencyBlocks.toDense(model);
            assertOnlyPrefix(model, "01Linear_weight", expected(0.3).get(0));
            assertOnlyPrefix(model, "03Linear_weight", expected(0.3).get(1));
        }
    }

    /** The full transform of a dense weight is zero after the kept prefix, but not before. */
    private static void assertOnlyPrefix(Model model, String name, int kept) {
        NDArray weight = model.getBlock().getParameters().get(name).getArray().stopGradient();
        float[] all = FrequencyTensor.of(weight, weight.size()).coefficients();
        for (int i = kept; i < all.length; i++) {
            assertEquals(0, all[i], 1e-5, name + " at " + i);
        }
        double inPrefix = IntStream.range(0, kept).mapToDouble(i -> Math.abs(all[i])).sum();
        assertTrue(inPrefix > 0.1, name + " holds " + inPrefix);
    }

    @Test
    void aCutIsNotUndoneByALargerShare() {
        try (Model model = model()) {
            FrequencyBlocks.truncate(model.getBlock(), 0.5);
            float[] after = answer(model);
            FrequencyBlocks.truncate(model.getBlock(), 1);
            assertEquals(expected(0.5), kept(model));
            assertArrayEquals(after, answer(model));
        }
    }

    @Test
    void truncationIsTheProjectionOntoFewerCoefficients() {
        try (Model model = model();
                Model few = TestModels.model(network(), INPUT)) {
            float[] before = answer(model);
            assertEquals(2 * TARGET, FrequencyBlocks.truncate(model.getBlock(), 0));
            FrequencyRegularization.builder().optKept(TARGET).build().apply(few);
            assertFalse(Arrays.equals(before, answer(model)));
            assertArrayEquals(answer(few), answer(model), 1e-5f);
        }
    }

    @Test
    void parametersKeepTheirShapesWhileTheTrainerLives() {
        TailTruncation truncation = TailTruncation.builder().optEveryBatches(1).build();
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), truncation)) {
            List<Parameter> before = model.getBlock().getParameters().values();
            List<NDArray> arrays = before.stream().map(Parameter::getArray).toList();
            fit(trainer, 3);
            assertEquals(expected(Math.pow(0.95, 9)), kept(model));
            List<Parameter> after = model.getBlock().getParameters().values();
            assertEquals(before, after);
            assertEquals(arrays, after.stream().map(Parameter::getArray).toList());
            assertEquals(new Shape(SIZES[0]), after.get(0).getArray().getShape());
        }
    }

    @Test
    void compactingShortensTheParametersAndChangesNoAnswer() {
        try (Model model = model()) {
            try (Trainer trainer =
                    trainer(model, adam(), TailTruncation.builder().optEveryBatches(1).build())) {
                fit(trainer, 3);
            }
            List<Integer> kept = kept(model);
            float[] before = answer(model);
            FrequencyBlocks.compact(model.getBlock());
            assertCompact(model, kept);
            assertArrayEquals(before, answer(model));
        }
    }

    private static void assertCompact(Model model, List<Integer> kept) {
        assertEquals(kept, kept(model));
        for (int i = 0; i < kept.size(); i++) {
            Parameter weight = frequencyBlocks(model).get(i).getParameters().get("weight");
            assertEquals(new Shape(kept.get(i)), weight.getShape());
            assertEquals(new Shape(kept.get(i)), weight.getArray().getShape());
        }
    }

    @Test
    void cutAgainAndAgainAModelKeepsNoDeadArray() {
        try (Model model = model()) {
            answer(model);
            int held = 0;
            for (int cut = 1; cut <= 40; cut++) {
                FrequencyBlocks.truncate(model.getBlock(), 1 - cut / 41.0);
                answer(model);
                FrequencyBlocks.compact(model.getBlock());
                answer(model);
                int now = model.getNDManager().getManagedArrays().size();
                assertEquals(cut == 1 ? now : held, now, "after cut " + cut);
                held = now;
            }
            assertEquals(TARGET, kept(model).get(1));
        }
    }

    @Test
    void aTrainerGoesOnAfterCompactingAndSoDoesTheSchedule() {
        TailTruncation truncation = TailTruncation.builder().build();
        try (Model model = model()) {
            try (Trainer trainer = trainer(model, adam(), truncation)) {
                fit(trainer, 4);
                FrequencyBlocks.compact(model.getBlock());
                assertCompact(model, expected(Math.pow(0.95, 4)));
                float[] before = answer(model);
                fit(trainer, 2);
                assertFalse(Arrays.equals(before, answer(model)));
                for (FrequencyBlock block : frequencyBlocks(model)) {
                    assertTrue(block.getParameters().get("weight").requiresGradient());
                }
            }
            assertEquals(expected(Math.pow(0.95, 6)), kept(model));
        }
    }

    @Test
    void filesHoldOnlyTheKeptPrefix(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = model();
                Trainer trainer =
                        trainer(
                                model,
                                adam(),
                                TailTruncation.builder().optEveryBatches(1).build())) {
            fit(trainer, 3);
            List<Integer> kept = kept(model);
            int numbers = kept.stream().mapToInt(Integer::intValue).sum() + 16 + 5;

            Path frq = folder.resolve("cut.frq");
            FrequencyFile.save(model.getBlock(), frq);
            assertEquals(numbers, CompressionReport.of(frq).getKept());

            model.save(folder, "cut");
            long rest = Files.size(folder.resolve("cut-0000.params")) - 4L * numbers;
            assertTrue(rest > 0 && rest < 1000, rest + " bytes beyond the numbers");
            try (Model other = Model.newInstance("test")) {
                other.setBlock(policy().apply(network()));
                other.load(folder, "cut");
                assertCompact(other, kept);
                assertArrayEquals(answer(model), answer(other));
            }
        }
    }

    @Test
    void theKeptNumberIsAMetric() {
        try (Model model = model();
                Trainer trainer = trainer(model, adam(), TailTruncation.builder().build())) {
            Metrics metrics = new Metrics();
            trainer.setMetrics(metrics);
            fit(trainer, 4);
            List<Integer> values =
                    metrics.getMetric(TailTruncation.METRIC).stream()
                            .map(Metric::getValue)
                            .map(Number::intValue)
                            .toList();
            assertEquals(
                    IntStream.rangeClosed(1, 4)
                            .mapToObj(step -> expected(Math.pow(0.95, step)))
                            .map(kept -> kept.get(0) + kept.get(1))
                            .toList(),
                    values);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, -0.1, 1.5, Double.NaN})
    void aDropRateIsAboveZeroAndBelowOne(double rate) {
        assertRefused(() -> TruncationSchedule.geometric(rate), "above 0 and below 1", "" + rate);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1.5, Double.NaN})
    void aRemainingShareIsFromZeroToOne(double share) {
        try (Model model = model()) {
            assertRefused(
                    () -> FrequencyBlocks.truncate(model.getBlock(), share), "0 to 1", "" + share);
            assertEquals(expected(1), kept(model));
        }
    }

    @Test
    void countsAreOneOrMore() {
        TailTruncation.Builder builder = TailTruncation.builder();
        assertRefused(() -> builder.optEveryBatches(0), "1 or more", "is 0");
        assertRefused(() -> builder.optEveryEpochs(-2), "1 or more", "is -2");
        assertRefused(() -> builder.optFirstStep(-1), "0 or more", "are -1");
        assertRefused(() -> TruncationSchedule.linear(0), "1 or more", "are 0");
        assertRefused(() -> TruncationSchedule.cosine(-3), "1 or more", "are -3");
        assertRefused(() -> TruncationSchedule.cubic(0), "1 or more", "are 0");
    }

    private static void assertRefused(Runnable call, String... words) {
        IllegalArgumentException failure = assertThrows(IllegalArgumentException.class, call::run);
        for (String word : words) {
            assertTrue(failure.getMessage().contains(word), failure.getMessage());
        }
    }
}
