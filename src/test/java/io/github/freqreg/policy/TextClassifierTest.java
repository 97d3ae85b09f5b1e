package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.TestModels;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.ByteBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares ways to compress the embedding table of a sentence classifier at equal file size.
 *
 * <p>By default two trainings are compared. {@code -Dfreqreg.seeds=3
 * -Dorg.slf4j.simpleLogger.defaultLogLevel=info} trains and logs the table of the examples'
 * results, which takes about five minutes.
 */
class TextClassifierTest {

    private static final Logger logger = LoggerFactory.getLogger(TextClassifierTest.class);

    private static final int SEEDS = Integer.getInteger("freqreg.seeds", 0);
    private static final int WORDS = 2_000;
    private static final int DIMENSIONS = 32;
    private static final int CLASSES = 8;
    private static final int TOPIC = 120;
    private static final int LENGTH = 16;
    private static final int TRAINING = 4_000;
    private static final int TEST = 2_000;
    private static final int BATCH = 64;
    private static final int EPOCHS = 12;
    private static final float RATE = 0.03f;
    private static final Shape INPUT = new Shape(BATCH, LENGTH);

    /** How the embedding table is stored. */
    private enum Table {
        DENSE,
        /** The first coefficients along its own two axes. */
        LOW_PASS,
        /** All frequencies of the word axis for one embedding dimension after another. */
        WORDS_FIRST,
        /** The default axes. */
        DEFAULT,
        /** All coefficients, coarsely quantised. */
        ROUNDED;

        FrequencyRegularization policy(long bytes) {
            FrequencyRegularizationBuilder policy =
                    FrequencyRegularization.builder().optBudgetBytes(bytes);
            if (this == LOW_PASS) {
                policy.addAxisWeights("embedding", 1, 1);
            } else if (this == WORDS_FIRST) {
                policy.addSplit("embedding", new Shape(5, 16, 25, DIMENSIONS))
                        .addAxisWeights("embedding", 1, 1, 1, 64);
            } else if (this == ROUNDED) {
                policy.optLayerTypes(LayerType.values()).optKeepRate(1);
            }
            return policy.build();
        }
    }

    /**
     * Generates sentences of sixteen words. A quarter of the words come from the 120 words of the
     * class, spread over the dictionary, and 15% from those of a random class. All other words are
     * the more frequent the earlier they are in the dictionary.
     */
    private static final class Sentences {

        private final Random random;
        private final List<Integer> topics;
        private final double[] sums = new double[WORDS];

        Sentences(Random random) {
            this.random = random;
            topics = new ArrayList<>(IntStream.range(20, WORDS).boxed().toList());
            Collections.shuffle(topics, random);
            for (int word = 0; word < WORDS; word++) {
                sums[word] = (word == 0 ? 0 : sums[word - 1]) + 1.0 / (word + 10);
            }
        }

        int[] next(int label) {
            int[] words = new int[LENGTH];
            for (int i = 0; i < LENGTH; i++) {
                double kind = random.nextDouble();
                int topic = kind < 0.25 ? label : random.nextInt(CLASSES);
                words[i] =
                        kind < 0.4
                                ? topics.get(topic * TOPIC + random.nextInt(TOPIC))
                                : common(random.nextDouble() * sums[WORDS - 1]);
            }
            return words;
        }

        private int common(double at) {
            int found = Arrays.binarySearch(sums, at);
            return found < 0 ? -found - 1 : found;
        }

        Examples examples(int count) {
            int[] labels = random.ints(count, 0, CLASSES).toArray();
            int[][] words = new int[count][];
            for (int i = 0; i < count; i++) {
                words[i] = next(labels[i]);
            }
            return new Examples(words, labels);
        }
    }

    private record Examples(int[][] words, int[] labels) {

        NDArray words(NDManager manager, List<Integer> which) {
            long[] ids =
                    which.stream()
                            .flatMapToInt(i -> Arrays.stream(words[i]))
                            .asLongStream()
                            .toArray();
            return manager.create(ids, new Shape(which.size(), LENGTH));
        }

        NDArray labels(NDManager manager, List<Integer> which) {
            return manager.create(which.stream().mapToLong(i -> labels[i]).toArray());
        }
    }

    /** An accuracy and the size of the file. */
    private record Result(double accuracy, long bytes) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.1f%% in %d", 100 * accuracy, bytes);
        }
    }

    private static Block network(boolean lstm) {
        Block table =
                new IdEmbedding.Builder()
                        .setDictionarySize(WORDS)
                        .setEmbeddingSize(DIMENSIONS)
                        .build();
        table.setInitializer(new NormalInitializer(0.1f), parameter -> true);
        SequentialBlock network = new SequentialBlock().add(table);
        if (lstm) {
            network.add(LSTM.builder().setStateSize(16).setNumLayers(1).build());
        }
        return network.add(LambdaBlock.singleton(words -> words.mean(new int[] {1})))
                .add(TestModels.linear(CLASSES));
    }

    private static Result train(boolean lstm, Table table, long bytes, int seed) {
        Random random = new Random(seed);
        Sentences sentences = new Sentences(random);
        Examples training = sentences.examples(TRAINING);
        Examples test = sentences.examples(TEST);
        Engine.getInstance().setRandomSeed(seed);
        Block block = network(lstm);
        int steps = TRAINING / BATCH;
        Tracker rate =
                Tracker.cosine()
                        .setBaseValue(RATE)
                        .optFinalValue(RATE / 100)
                        .setMaxUpdates(EPOCHS * steps)
                        .build();
        Adam adam = Adam.builder().optLearningRateTracker(rate).build();
        ByteBudget budget =
                ByteBudget.builder(bytes)
                        .optOptimizer(adam)
                        .optFirstEpoch(EPOCHS / 2)
                        .optNames(false)
                        .build();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optDevices(new Device[] {Device.cpu()})
                        .optOptimizer(adam);
        try (Model model = Model.newInstance("text")) {
            if (table == Table.DENSE) {
                model.setBlock(block);
            } else {
                model.setBlock(table.policy(bytes).apply(block, INPUT));
                config.addTrainingListeners(budget);
            }
            List<Integer> order = new ArrayList<>(IntStream.range(0, TRAINING).boxed().toList());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(INPUT);
                for (int epoch = 0; epoch < EPOCHS; epoch++) {
                    Collections.shuffle(order, random);
                    for (int step = 0; step < steps; step++) {
                        step(trainer, training, order.subList(step * BATCH, (step + 1) * BATCH));
                    }
                    trainer.notifyListeners(listener -> listener.onEpoch(trainer));
                }
            }
            long size =
                    table == Table.DENSE
                            ? 4 * FrequencyFile.countNumbers(model.getBlock())
                            : budget.getQuantization().bytes(model.getBlock(), false);
            return new Result(accuracy(model, test), size);
        }
    }

    private static void step(Trainer trainer, Examples examples, List<Integer> which) {
        try (NDManager manager = trainer.getManager().newSubManager()) {
            NDArray words = examples.words(manager, which);
            NDArray labels = examples.labels(manager, which);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList scores = trainer.forward(new NDList(words));
                collector.backward(trainer.getLoss().evaluate(new NDList(labels), scores));
            }
            trainer.step();
        }
    }

    private static double accuracy(Model model, Examples test) {
        List<Integer> all = IntStream.range(0, TEST).boxed().toList();
        try (NDManager manager = model.getNDManager().newSubManager()) {
            NDList words = new NDList(test.words(manager, all));
            NDArray told =
                    model.getBlock()
                            .forward(new ParameterStore(manager, false), words, false)
                            .singletonOrThrow()
                            .argMax(1);
            return (double) told.eq(test.labels(manager, all)).sum().getLong() / TEST;
        }
    }

    @Test
    void defaultAxesLearnMoreThanALowPassAtEqualBytes() {
        Result plain = train(false, Table.LOW_PASS, 2_000, 1);
        Result its = train(false, Table.DEFAULT, 2_000, 1);
        assertTrue(plain.bytes <= 2_000 && its.bytes <= 2_000, plain + " and " + its);
        // Seeds 1 to 3 gave 74.0 to 75.5% for the default axes and 52.2 to 54.1% for the low pass.
        assertTrue(its.accuracy > plain.accuracy + 0.1, plain + " and " + its);
    }

    @Test
    void logsTheTableOfResults() {
        for (boolean lstm : new boolean[] {false, true}) {
            for (Table table : Table.values()) {
                for (long bytes : new long[] {1_000, 2_000, 4_000, 8_000}) {
                    if (table == Table.DENSE && bytes > 1_000) {
                        continue;
                    }
                    List<Result> results = new ArrayList<>();
                    for (int seed = 1; seed <= SEEDS; seed++) {
                        results.add(train(lstm, table, bytes, seed));
                    }
                    logger.info("{} {}, {}: {}", lstm ? "LSTM" : "mean", table, bytes, results);
                }
            }
        }
    }
}
