package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.Batchifier;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

/** Running statistics for the weights that a network has now. */
class NormalizationStatisticsTest {

    private static final Shape INPUT = new Shape(64, 6);
    private static final int MANY = 100;

    private final List<NDManager> made = new ArrayList<>();

    private Iterator<Batch> batches(Trainer trainer, int count) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return made.size() < count;
            }

            @Override
            public Batch next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                NDManager manager = trainer.getManager().newSubManager();
                made.add(manager);
                NDArray inputs = manager.randomNormal(2, 3, INPUT, DataType.FLOAT32);
                return new Batch(
                        manager,
                        new NDList(inputs),
                        new NDList(),
                        (int) INPUT.get(0),
                        Batchifier.STACK,
                        Batchifier.STACK,
                        made.size(),
                        count);
            }
        };
    }

    private static float[] numbers(Block block, Parameter.Type type) {
        return block.getParameters().values().stream()
                .filter(each -> each.getType() == type)
                .findFirst()
                .orElseThrow()
                .getArray()
                .toFloatArray();
    }

    private static Model model(Block... blocks) {
        SequentialBlock network = new SequentialBlock();
        for (Block block : blocks) {
            network.add(block);
        }
        FrequencyRegularization policy = FrequencyRegularization.builder().optKeepRate(1).build();
        return TestModels.model(policy.apply(network.add(TestModels.linear(3)), INPUT), INPUT);
    }

    /** The means of the inputs are 2 and their variances 9, whatever the statistics were. */
    @Test
    void statisticsBecomeThoseOfTheBatches() {
        TestModels.seed();
        try (Model model = model(BatchNorm.builder().build());
                Trainer trainer = TestModels.trainer(model, TestModels.descent(1))) {
            trainer.initialize(INPUT);
            Block block = model.getBlock();
            float[] scale = numbers(block, Parameter.Type.GAMMA);
            float[] weights = numbers(block, Parameter.Type.WEIGHT);
            NormalizationStatistics.estimate(trainer, () -> batches(trainer, MANY));
            for (float mean : numbers(block, Parameter.Type.RUNNING_MEAN)) {
                assertEquals(2, mean, 0.4);
            }
            for (float variance : numbers(block, Parameter.Type.RUNNING_VAR)) {
                assertEquals(9, variance, 1.5);
            }
            assertArrayEquals(scale, numbers(block, Parameter.Type.GAMMA));
            assertArrayEquals(weights, numbers(block, Parameter.Type.WEIGHT));
            assertEquals(36, made.size());
            made.forEach(each -> assertThrows(IllegalStateException.class, () -> each.create(1)));
        }
    }

    /** A small training set is iterated again. */
    @Test
    void fewBatchesAreUsedSeveralTimes() {
        try (Model model = model(BatchNorm.builder().build());
                Trainer trainer = TestModels.trainer(model, TestModels.descent(1))) {
            trainer.initialize(INPUT);
            int[] iterations = new int[1];
            NormalizationStatistics.estimate(
                    trainer,
                    () -> {
                        iterations[0]++;
                        made.clear();
                        return batches(trainer, 5);
                    });
            assertEquals(8, iterations[0]);
            assertEquals(1, made.size());
        }
    }

    @Test
    void noBatchesLeaveTheStatistics() {
        try (Model model = model(BatchNorm.builder().build());
                Trainer trainer = TestModels.trainer(model, TestModels.descent(1))) {
            trainer.initialize(INPUT);
            float[] before = numbers(model.getBlock(), Parameter.Type.RUNNING_VAR);
            NormalizationStatistics.estimate(trainer, () -> batches(trainer, 0));
            assertArrayEquals(before, numbers(model.getBlock(), Parameter.Type.RUNNING_VAR));
        }
    }

    @Test
    void networkWithoutStatisticsNeedsNoBatches() {
        try (Model model = model(TestModels.linear(4));
                Trainer trainer = TestModels.trainer(model, TestModels.descent(1))) {
            NormalizationStatistics.estimate(
                    trainer,
                    () -> {
                        throw new AssertionError("batches were asked for");
                    });
        }
    }
}
