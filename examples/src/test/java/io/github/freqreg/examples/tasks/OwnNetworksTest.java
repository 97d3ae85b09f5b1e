package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.loss.Loss;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.Compressor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link Compressor} with the same code on networks that are not in the examples, at 1/50 of their
 * float32 bytes.
 *
 * <p>By default the networks are trained for two epochs on few digits. {@code -Dfreqreg.epochs=12
 * -Dorg.slf4j.simpleLogger.defaultLogLevel=info} trains the compressed networks for at most twelve
 * epochs on all digits, expects them within one point of the dense ones, and logs the figures,
 * which takes several minutes.
 */
class OwnNetworksTest {

    private static final Logger logger = LoggerFactory.getLogger(OwnNetworksTest.class);

    private static final int EPOCHS = Integer.getInteger("freqreg.epochs", 0);
    private static final boolean FULL = EPOCHS > 0;
    private static final int FEW_EPOCHS = 2;
    private static final int DENSE_EPOCHS = FULL ? 12 : FEW_EPOCHS;
    private static final int FEW_DIGITS = 600;
    private static final int BATCH = 64;
    private static final int EVALUATION_BATCH = 250;
    private static final float RATE = 0.003f;
    private static final int FACTOR = 50;
    private static final double ALLOWED_LOSS = 0.01;
    private static final Shape INPUT = new Shape(1, 1, Digits.SIDE, Digits.SIDE);
    private static final Images.Split DIGITS =
            FULL ? Digits.embedded() : Digits.embedded().subset(FEW_DIGITS);

    @TempDir private Path folder;

    @ParameterizedTest
    @EnumSource
    void fitsAndReloads(OwnNetwork network) throws Exception {
        Path file = folder.resolve("network.frq");
        try (Model model = Model.newInstance("own");
                Model fresh = Model.newInstance("fresh")) {
            Dataset training = DIGITS.training().dataset(model.getNDManager(), BATCH, true);
            Dataset validation =
                    DIGITS.validation().dataset(model.getNDManager(), EVALUATION_BATCH, false);
            model.setBlock(network.build());
            train(model, training);
            double dense = accuracy(classes(model));
            long bytes = Float.BYTES * FrequencyFile.countNumbers(model.getBlock()) / FACTOR;

            Instant start = Instant.now();
            Compressor.builder()
                    .setBytes(bytes)
                    .optTrainingSet(training)
                    .optValidationSet(validation)
                    .optEvaluator(new Accuracy())
                    .optEpochs(FULL ? EPOCHS : FEW_EPOCHS)
                    .build()
                    .compress(model, INPUT)
                    .save(file);
            Duration time = Duration.between(start, Instant.now());
            List<Long> expected = classes(model);
            double compressed = accuracy(expected);
            String figures = figures(network, dense, compressed, Files.size(file), time);
            logger.info("{}", figures);

            assertTrue(Files.size(file) <= bytes, figures);
            fresh.setBlock(network.build());
            FrequencyFile.load(fresh, file);
            assertEquals(expected, classes(fresh));
            if (FULL) {
                assertTrue(compressed >= dense - ALLOWED_LOSS, figures);
            }
        }
    }

    private static void train(Model model, Dataset digits) throws Exception {
        Engine.getInstance().setRandomSeed(1);
        int steps = DENSE_EPOCHS * ((DIGITS.training().size() + BATCH - 1) / BATCH);
        Tracker rate =
                Tracker.cosine()
                        .setBaseValue(RATE)
                        .optFinalValue(RATE / 100)
                        .setMaxUpdates(steps)
                        .build();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(Adam.builder().optLearningRateTracker(rate).build())
                        .addTrainingListeners(new BufferRetention());
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(INPUT);
            EasyTrain.fit(trainer, DENSE_EPOCHS, digits, null);
        }
    }

    /** Returns the class that the network predicts for each test image. */
    private static List<Long> classes(Model model) {
        Images test = DIGITS.test();
        List<Long> classes = new ArrayList<>();
        for (int from = 0; from < test.size(); from += EVALUATION_BATCH) {
            int to = Math.min(from + EVALUATION_BATCH, test.size());
            try (NDManager manager = model.getNDManager().newSubManager()) {
                NDList images = test.part(from, to).arrays(manager).data();
                NDList scores =
                        model.getBlock().forward(new ParameterStore(manager, false), images, false);
                for (long predicted : scores.singletonOrThrow().argMax(1).toLongArray()) {
                    classes.add(predicted);
                }
            }
        }
        return classes;
    }

    private static double accuracy(List<Long> classes) {
        byte[] labels = DIGITS.test().labels();
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += classes.get(i) == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    private static String figures(
            OwnNetwork network, double dense, double compressed, long bytes, Duration time) {
        return String.format(
                Locale.ROOT,
                "%s: test accuracy %.2f%% dense, %.2f%% compressed to %,d bytes in %d s",
                network,
                100 * dense,
                100 * compressed,
                bytes,
                time.toSeconds());
    }
}
