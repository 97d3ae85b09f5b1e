package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.metric.Metric;
import ai.djl.metric.Metrics;
import ai.djl.metric.Unit;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListener.BatchData;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.Precision;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Quantisation-aware training to a file size. */
class ByteBudgetTest {

    private static final Shape INPUT = new Shape(8, 12);
    private static final int BYTES = 110;

    @TempDir private Path folder;

    private static Model model() {
        Block block = new SequentialBlock().add(TestModels.linear(16)).add(TestModels.linear(4));
        return TestModels.model(
                FrequencyRegularization.builder().optKept(30).build().apply(block, INPUT), INPUT);
    }

    /** Trains some epochs of four steps and returns the last loss. */
    private static float train(Model model, ByteBudget budget, Adam adam, int epochs) {
        return train(model, budget, adam, epochs, null);
    }

    private static float train(
            Model model, ByteBudget budget, Adam adam, int epochs, Metrics metrics) {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss())
                        .optDevices(new Device[] {Device.cpu()})
                        .optOptimizer(adam)
                        .addTrainingListeners(new BufferRetention(), budget);
        float last = Float.NaN;
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.setMetrics(metrics);
            trainer.initialize(INPUT);
            for (int epoch = 0; epoch < epochs; epoch++) {
                for (int step = 0; step < 4; step++) {
                    last = step(trainer, step);
                }
                trainer.notifyListeners(listener -> listener.onEpoch(trainer));
            }
        }
        return last;
    }

    private static float step(Trainer trainer, int step) {
        NDArray input = TestModels.random(trainer.getManager(), INPUT);
        NDArray label = input.get(":, :4").mul(step % 2 == 0 ? 1 : 1.1);
        try (GradientCollector collector = trainer.newGradientCollector()) {
            NDArray told = trainer.forward(new NDList(input)).singletonOrThrow();
            NDArray loss = trainer.getLoss().evaluate(new NDList(label), new NDList(told));
            collector.backward(loss);
            BatchData batch = new BatchData(null, Map.of(), Map.of());
            trainer.notifyListeners(listener -> listener.onTrainingBatch(trainer, batch));
            trainer.step();
            return loss.getFloat();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theFileHasTheBytesAndTheNetworkHasLearnedWithThem(boolean names) throws Exception {
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget =
                    ByteBudget.builder(BYTES)
                            .optOptimizer(adam)
                            .optFirstEpoch(2)
                            .optNames(names)
                            .build();
            float early = train(model, budget, adam, 3);
            float late = train(model, budget, adam, 30);
            assertTrue(late < early, late + " after " + early);
            var document = FrequencyFile.toDocument(model.getBlock(), budget.getQuantization());
            int size = (names ? document : document.withoutNames()).encode().length;
            assertTrue(size <= BYTES && size > 0.9 * BYTES, size + " bytes");
        }
    }

    /** With a rate weight, coefficients need fewer bits at the same steps. */
    @Test
    void aRateWeightLowersTheRate() {
        double[] rates = new double[2];
        for (int i = 0; i < 2; i++) {
            try (Model model = model();
                    Adam adam = Adam.builder().build()) {
                ByteBudget budget =
                        ByteBudget.builder(BYTES).optRateWeight(i == 0 ? 0 : 0.05).build();
                train(model, budget, adam, 40);
                for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
                    for (float value : each.getValue().getArray().toFloatArray()) {
                        rates[i] += Math.log(1 + Math.abs(value) / 0.05);
                    }
                }
            }
        }
        assertTrue(rates[1] < 0.95 * rates[0], rates[1] + " after " + rates[0]);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesARateWeightThatIsNone(double weight) {
        assertThrows(
                IllegalArgumentException.class, () -> ByteBudget.builder(9).optRateWeight(weight));
    }

    /** The sensitivity of a tensor is the mean of Adam's second moments. */
    @Test
    void stepsFollowAdamsSecondMoments() {
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget =
                    ByteBudget.builder(BYTES).optOptimizer(adam).optFirstEpoch(3).build();
            train(model, budget, adam, 3);
            Block block = model.getBlock();
            Map<String, Double> sensitivities = new HashMap<>();
            for (Pair<String, Parameter> each : block.getParameters()) {
                Parameter parameter = each.getValue();
                sensitivities.put(
                        each.getKey(), adam.meanSquare(parameter, parameter.getArray().size()));
            }
            Map<String, Float> steps = budget.getQuantization().getSteps();
            double ratio =
                    Math.sqrt(
                            sensitivities.get("02Linear_weight")
                                    / sensitivities.get("01Linear_weight"));
            // A file stores four significant bits of a step.
            assertEquals(
                    1, steps.get("01Linear_weight") / steps.get("02Linear_weight") / ratio, 0.15);
            long room = (long) Math.ceil(BudgetSteps.FIT * BYTES);
            sensitivities.replaceAll((name, mean) -> name.startsWith("01") ? mean / 100 : mean);
            assertNotEquals(Quantization.fit(block, room, true, sensitivities).getSteps(), steps);
        }
    }

    /** The moments of a truncated tail fade and must not lower those of the others. */
    @Test
    void aTruncatedTailHasNoSensitivity() {
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget =
                    ByteBudget.builder(BYTES).optOptimizer(adam).optFirstEpoch(99).build();
            train(model, budget, adam, 3);
            Block block = model.getBlock();
            FrequencyBlocks.truncate(block, 0.1);
            Map<String, Double> cut = meanSquares(block, adam);
            adam.compact(block);
            assertEquals(meanSquares(block, adam), cut);
        }
    }

    private static Map<String, Double> meanSquares(Block block, Adam adam) {
        Map<String, Double> means = new HashMap<>();
        for (NetworkTensor each : NetworkTensors.of(block)) {
            means.put(each.name(), adam.meanSquare(each.parameter(), each.numbers()));
        }
        return means;
    }

    @Test
    void aFileALittleTooLargeChangesAsFewStepsAsNeedBe() {
        SequentialBlock block = new SequentialBlock();
        for (int i = 0; i < 6; i++) {
            block.add(TestModels.linear(24));
        }
        block.add(TestModels.linear(4));
        FrequencyRegularization policy = FrequencyRegularization.builder().optKept(90).build();
        int bytes = 500;
        try (Model model = TestModels.model(policy.apply(block, INPUT), INPUT);
                Adam adam = Adam.builder().build()) {
            ByteBudget budget = ByteBudget.builder(bytes).optOptimizer(adam).build();
            train(model, budget, adam, 2);
            Map<String, Float> before = budget.getQuantization().getSteps();
            while (budget.getQuantization().bytes(model.getBlock(), true) <= bytes) {
                for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
                    if (before.containsKey(each.getKey())) {
                        NDArray array = each.getValue().getArray();
                        array.setRequiresGradient(false);
                        array.muli(1.005f);
                        array.setRequiresGradient(true);
                    }
                }
            }
            train(model, budget, adam, 0);
            try (Trainer trainer = TestModels.trainer(model, adam)) {
                budget.onEpoch(trainer);
            }
            assertTrue(budget.getQuantization().bytes(model.getBlock(), true) <= bytes);
            Map<String, Float> changed = new HashMap<>(budget.getQuantization().getSteps());
            changed.entrySet().removeAll(before.entrySet());
            assertTrue(changed.size() >= 1 && changed.size() <= 2, changed.toString());
            changed.forEach(
                    (name, step) -> {
                        Precision old = Precision.ofStep(before.get(name));
                        assertEquals(old.coarser().step(), step);
                    });
        }
    }

    @Test
    void theBytesOfTheFileAreAMetric() throws Exception {
        Metrics metrics = new Metrics();
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget =
                    ByteBudget.builder(BYTES).optOptimizer(adam).optFirstEpoch(2).build();
            train(model, budget, adam, 5, metrics);
            List<Metric> told = metrics.getMetric(ByteBudget.METRIC);
            // Since the end of the second epoch.
            assertEquals(4, told.size());
            for (Metric each : told) {
                int bytes = each.getValue().intValue();
                assertEquals(Unit.BYTES, each.getUnit());
                assertTrue(bytes <= BYTES && bytes > 0.9 * BYTES, bytes + " bytes");
            }
            Path file = folder.resolve("last.frq");
            FrequencyFile.save(model.getBlock(), file, budget.getQuantization());
            assertEquals(Files.size(file), told.get(3).getValue().longValue());
        }
    }

    @Test
    void refusesAModelWhoseNumbersWouldBeOld() {
        try (Model model = model()) {
            DefaultTrainingConfig elsewhere =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {Device.gpu(0)})
                            .addTrainingListeners(ByteBudget.builder(BYTES).build());
            assertEquals(
                    "Expected the model on the first device it is trained on, gpu(0), but it is on"
                            + " cpu()",
                    assertThrows(IllegalStateException.class, () -> model.newTrainer(elsewhere))
                            .getMessage());
        }
    }

    /** Its updates of the second model are fewer than those of the first. */
    @Test
    void anOptimizerCanTrainASecondModel() {
        try (Model first = model();
                Model second = model();
                Adam adam = Adam.builder().build()) {
            train(first, ByteBudget.builder(BYTES).optOptimizer(adam).build(), adam, 5);
            ByteBudget budget = ByteBudget.builder(BYTES).optOptimizer(adam).build();
            train(second, budget, adam, 2);
            assertTrue(budget.isQuantized());
        }
    }

    /** The moments of an unused optimiser stay empty, which would make all sensitivities equal. */
    @Test
    void refusesAnotherOptimizerThanTheTrainers() {
        try (Model model = model();
                Adam other = Adam.builder().build();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget = ByteBudget.builder(BYTES).optOptimizer(other).build();
            assertEquals(
                    "The network is updated by another optimiser than the one of its ByteBudget:"
                            + " give optOptimizer the Adam that the TrainingConfig has",
                    assertThrows(IllegalStateException.class, () -> train(model, budget, adam, 1))
                            .getMessage());
            // An optimiser with updates from an earlier training.
            train(model, ByteBudget.builder(BYTES).optOptimizer(adam).build(), adam, 1);
            ByteBudget again = ByteBudget.builder(BYTES).optOptimizer(adam).build();
            assertThrows(IllegalStateException.class, () -> train(model, again, other, 1));
        }
    }

    /** Batches without an update do not indicate another optimiser. */
    @Test
    void gradientsOfSeveralBatchesMayMakeAStep() {
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget = ByteBudget.builder(BYTES).optOptimizer(adam).build();
            try (Trainer trainer = TestModels.trainer(model, adam)) {
                trainer.initialize(INPUT);
                budget.onTrainingBegin(trainer);
                BatchData batch = new BatchData(null, Map.of(), Map.of());
                for (int i = 0; i < 3; i++) {
                    budget.onTrainingBatch(trainer, batch);
                }
                step(trainer, 0);
                budget.onTrainingBatch(trainer, batch);
                budget.onEpoch(trainer);
                assertEquals(2, budget.getQuantization().getSteps().size());
            }
        }
    }

    @Test
    void tellsWhenTheFirstEpochIsStillToCome() {
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            ByteBudget budget = ByteBudget.builder(BYTES).optFirstEpoch(5).build();
            train(model, budget, adam, 4);
            assertEquals(
                    "Expected at least 5 epochs before steps are found, but 4 have passed",
                    assertThrows(IllegalStateException.class, budget::getQuantization)
                            .getMessage());
        }
        assertEquals(
                "A budget must be 1 byte or more but is 0",
                assertThrows(IllegalArgumentException.class, () -> ByteBudget.builder(0))
                        .getMessage());
    }
}
