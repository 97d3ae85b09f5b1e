package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParameterList;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import io.github.freqreg.TestModels;
import io.github.freqreg.TiedLayer;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Compressor} on images of bars that are to be told apart by their direction. */
@UsesEngine
class CompressorTest {

    private static final Shape INPUT = new Shape(1, 1, 12, 12);
    private static final int CLASSES = 4;

    private final NDManager manager;

    @TempDir private Path folder;

    CompressorTest(NDManager manager) {
        this.manager = manager;
    }

    private static Block network() {
        return new SequentialBlock()
                .add(Conv2d.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build())
                .add(BatchNorm.builder().build())
                .add(Activation::relu)
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(40).build())
                .add(Activation::relu)
                .add(Linear.builder().setUnits(CLASSES).build());
    }

    private static Model model() {
        Model model = Model.newInstance("bars");
        model.setBlock(network());
        return model;
    }

    /** Noisy images with a horizontal, vertical or diagonal bar. */
    private ArrayDataset bars(int count, int seed) {
        return bars(manager, count, seed, 1);
    }

    /** The same, with equal channels. */
    static ArrayDataset bars(NDManager manager, int count, int seed, int channels) {
        java.util.Random random = new java.util.Random(seed);
        float[] pixels = new float[count * 144];
        float[] labels = new float[count];
        for (int i = 0; i < count; i++) {
            int label = i % CLASSES;
            labels[i] = label;
            int at = 2 + random.nextInt(8);
            for (int k = 0; k < 144; k++) {
                pixels[i * 144 + k] = (float) (0.6 * random.nextGaussian());
            }
            for (int k = 0; k < 12; k++) {
                int row = label == 0 ? at : label == 1 ? k : label == 2 ? k : 11 - k;
                int column = label == 1 ? at : k;
                int shift = label < 2 ? 0 : at - 6;
                column = Math.floorMod(column + shift, 12);
                pixels[i * 144 + row * 12 + column] += 2;
            }
        }
        NDArray data = manager.create(pixels, new Shape(count, 1, 12, 12)).repeat(1, channels);
        NDArray classes = manager.create(labels, new Shape(count));
        return new ArrayDataset.Builder()
                .setData(data)
                .optLabels(classes)
                .setSampling(32, true)
                .build();
    }

    /** The coefficients of a seeded start are 0, which does not mean that steps must be tiny. */
    @Test
    void theRateTestLooksAtSeededWeights() throws Exception {
        try (Model model = model()) {
            FrequencyRegularization.builder().optKept(20).optSeededStart(1).build().apply(model);
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
            TrainingSetup setup =
                    new TrainingSetup(
                            model,
                            new Shape[] {INPUT},
                            bars(640, 1),
                            Loss.softmaxCrossEntropyLoss());
            float rate = LearningRateTest.run(setup);
            assertTrue(rate > 1e-3, "rate " + rate);
        }
    }

    private CompressorBuilder compressor() {
        return Compressor.builder()
                .optTrainingSet(bars(640, 1))
                .optValidationSet(bars(200, 2))
                .optEvaluator(new Accuracy())
                .optEpochs(8);
    }

    /** The compressor clears networks, which would give each of the parameters an own array. */
    @Test
    void parametersThatHoldOneArrayStayTied() throws Exception {
        try (Model model = Model.newInstance("tied")) {
            model.setBlock(
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(TestModels.linear(200))
                            .add(TestModels.linear(6))
                            .add(TiedLayer.pairOfOneArray(model.getNDManager()))
                            .add(TestModels.linear(CLASSES)));
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            int tensors = FrequencyFile.toDocument(model.getBlock()).entries().size();
            Compressed compressed =
                    compressor().setBytes(1_500).optEpochs(2).build().compress(model);
            assertTrue(compressed.getDocument().encode().length <= 1_500);
            assertEquals(tensors, FrequencyFile.toDocument(model.getBlock()).entries().size());
            FrequencyBlocks.toDense(model);
            ParameterList parameters = model.getBlock().getParameters();
            assertSame(
                    parameters.get("04SequentialBlock_01TiedLayer_weight").getArray(),
                    parameters.get("04SequentialBlock_03TiedLayer_weight").getArray());
        }
    }

    @Test
    void aFreshModelIsTrainedWithinItsBytes() throws Exception {
        Path file = folder.resolve("bars.frq");
        try (Model model = model()) {
            Compressed compressed = compressor().setBytes(500).build().compress(model, INPUT);
            compressed.save(file);
            assertTrue(Files.size(file) <= 500, compressed.toString());
            assertTrue(compressed.getValidation().orElseThrow() > 0.8, compressed.toString());
            try (Model fresh = model()) {
                FrequencyFile.load(fresh, file);
                assertArrayEquals(
                        TestModels.answer(model.getBlock(), INPUT),
                        TestModels.answer(fresh.getBlock(), INPUT));
            }
        }
    }

    @Test
    void aTrainedModelIsCompressedAsFarAsTheLossAllows() throws Exception {
        try (Model model = model()) {
            Compressed compressed =
                    compressor().setAllowedLoss(0.03).build().compress(model, INPUT);
            double dense = compressed.getReference().orElseThrow();
            double found = compressed.getValidation().orElseThrow();
            assertTrue(found >= dense - 0.03 - 1e-6, compressed.toString());
            long bytes = compressed.getDocument().encode().length;
            assertTrue(bytes < 47_000 / 16, compressed.toString());
        }
    }

    /** Every network but the first one that is measured, the dense one, is too bad. */
    @Test
    void aLossThatNoFileKeepsIsAnErrorAndTheModelStays() throws Exception {
        for (boolean trains : new boolean[] {false, true}) {
            AtomicInteger measured = new AtomicInteger();
            CompressorBuilder compressor =
                    Compressor.builder()
                            .setAllowedLoss(0.1)
                            .optMeasure((block, manager) -> measured.getAndIncrement() == 0 ? 1 : 0)
                            .optEpochs(2);
            if (trains) {
                compressor.optTrainingSet(bars(64, 1));
            }
            try (Model model = TestModels.model(network(), INPUT)) {
                float[] before = TestModels.answer(model.getBlock(), INPUT);
                String message =
                        assertThrows(
                                        IllegalArgumentException.class,
                                        () -> compressor.build().compress(model, INPUT))
                                .getMessage();
                assertTrue(message.startsWith("No file has a loss of at most 0.1"), message);
                assertArrayEquals(before, TestModels.answer(model.getBlock(), INPUT), 1e-5f);
            }
        }
    }

    @Test
    void withoutDataATrainedModelIsRounded() throws Exception {
        try (Model model = TestModels.model(network(), INPUT)) {
            float[] before = TestModels.answer(model.getBlock(), INPUT);
            Compressed compressed = Compressor.builder().setBytes(14_000).build().compress(model);
            assertTrue(compressed.getDocument().encode().length <= 14_000);
            float[] after = TestModels.answer(model.getBlock(), INPUT);
            assertArrayEquals(before, after, 0.05f);
        }
    }

    @Test
    void aStoppedCompressionResumesToTheBit() throws Exception {
        Path checkpoint = folder.resolve("checkpoint");
        byte[] whole;
        try (Model model = model()) {
            whole =
                    compressor()
                            .setBytes(500)
                            .build()
                            .compress(model, INPUT)
                            .getDocument()
                            .encode();
        }
        Compressor[] stopping = new Compressor[1];
        for (int stop : List.of(2, 6)) {
            stopping[0] =
                    compressor()
                            .setBytes(500)
                            .optCheckpoint(checkpoint)
                            .optListeners(
                                    new TrainingListenerAdapter() {
                                        private int epochs;

                                        @Override
                                        public void onEpoch(Trainer trainer) {
                                            epochs++;
                                            if (epochs == stop / 2) {
                                                stopping[0].stop();
                                            }
                                        }
                                    })
                            .build();
            try (Model model = model()) {
                Compressed soFar = stopping[0].compress(model, INPUT);
                assertTrue(soFar.getDocument().encode().length <= 500);
            }
            assertTrue(Files.exists(checkpoint));
        }
        try (Model model = model()) {
            Compressed resumed =
                    compressor()
                            .setBytes(500)
                            .optCheckpoint(checkpoint)
                            .build()
                            .compress(model, INPUT);
            assertArrayEquals(whole, resumed.getDocument().encode(), resumed.toString());
        }
        assertFalse(Files.exists(checkpoint));
    }

    @Test
    void missingSettingsAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> Compressor.builder().build());
        assertThrows(
                IllegalArgumentException.class,
                () -> Compressor.builder().setBytes(9).optTrainingSet(bars(8, 1)).build());
        assertThrows(
                IllegalArgumentException.class,
                () -> Compressor.builder().setAllowedLoss(0.1).build());
    }
}
