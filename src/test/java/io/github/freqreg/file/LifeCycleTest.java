package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.repository.zoo.Criteria;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.translate.NoopTranslator;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks are trained, saved, loaded, trained further and saved again. */
class LifeCycleTest {

    private static final Shape INPUT = new Shape(6, 3, 8, 8);

    @TempDir private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("network.frq");
    }

    /** Batch normalisation of the input, after a convolution and after a linear layer. */
    private static Block network() {
        return new SequentialBlock()
                .add(BatchNorm.builder().build())
                .add(
                        Conv2d.builder()
                                .setFilters(16)
                                .setKernelShape(new Shape(3, 3))
                                // Without padding the next normalisation would cancel the first
                                // one's shifts.
                                .optPadding(new Shape(1, 1))
                                .optBias(false)
                                .build())
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(12).optBias(false).build())
                .add(BatchNorm.builder().build())
                .add(TestModels.linear(4));
    }

    private static Model trained() throws Exception {
        Model model = TestModels.model(network(), INPUT);
        TestModels.policy(40).apply(model);
        train(model);
        return model;
    }

    private static void train(Model model) throws Exception {
        try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.02f));
                NDManager manager = NDManager.newBaseManager()) {
            trainer.initialize(INPUT);
            ArrayDataset data =
                    new ArrayDataset.Builder()
                            .setData(TestModels.random(manager, new Shape(18, 3, 8, 8)))
                            .optLabels(TestModels.random(manager, new Shape(18, 4)))
                            .setSampling(6, false)
                            .build();
            EasyTrain.fit(trainer, 2, data, null);
        }
    }

    /** Predicts a single input, so that batch statistics cannot replace the running ones. */
    private static float[] answer(Model model) throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager manager = NDManager.newBaseManager()) {
            NDArray one = TestModels.random(manager, new Shape(1, 3, 8, 8));
            return predictor.predict(new NDList(one)).singletonOrThrow().toFloatArray();
        }
    }

    @Test
    void batchNormalisationPredictsTheSameAfterSavingAndLoading() throws Exception {
        try (Model saved = trained();
                Model fresh = Model.newInstance("network");
                Model djl = Model.newInstance("network")) {
            float[] expected = answer(saved);
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            fresh.setBlock(network());
            FrequencyFile.load(fresh, file);
            assertArrayEquals(expected, answer(fresh));

            saved.save(folder, "network");
            djl.setBlock(TestModels.policy(40).apply(network()));
            djl.load(folder, "network");
            assertArrayEquals(expected, answer(djl));

            FrequencyFile.save(saved.getBlock(), file);
            FrequencyFile.load(fresh, file);
            assertArrayEquals(expected, answer(fresh), 0.02f);
            FrequencyBlocks.toDense(fresh);
            assertArrayEquals(expected, answer(fresh), 0.02f);
        }
    }

    /** Ways to load a network. */
    enum Way {
        FRQ {
            @Override
            Model load(LifeCycleTest test, Model saved) throws Exception {
                FrequencyFile.save(saved.getBlock(), test.file);
                return TestModels.loaded(network(), test.file);
            }
        },
        DOCUMENT {
            @Override
            Model load(LifeCycleTest test, Model saved) throws Exception {
                Model model = Model.newInstance("network");
                model.setBlock(network());
                FrequencyFile.load(
                        model, FrequencyFile.toDocument(saved.getBlock(), DataType.FLOAT16));
                return model;
            }
        },
        DJL {
            @Override
            Model load(LifeCycleTest test, Model saved) throws Exception {
                saved.save(test.folder, "network");
                Model model = Model.newInstance("network");
                model.setBlock(TestModels.policy(40).apply(network()));
                model.load(test.folder, "network");
                return model;
            }
        },
        CRITERIA {
            @Override
            Model load(LifeCycleTest test, Model saved) throws Exception {
                FrequencyFile.save(saved.getBlock(), test.file);
                return Criteria.builder()
                        .setTypes(NDList.class, NDList.class)
                        .optArgument("blockFactory", (FrequencyBlockFactory) arguments -> network())
                        .optOption("hasParameter", "false")
                        .optTranslator(new NoopTranslator())
                        .optModelPath(test.file)
                        .build()
                        .loadModel();
            }
        },
        DENSE_WEIGHTS {
            @Override
            Model load(LifeCycleTest test, Model saved) throws Exception {
                Path arrays = test.folder.resolve("dense.safetensors");
                Model model = TestModels.model(network(), INPUT);
                try (NDManager manager = NDManager.newBaseManager()) {
                    ArrayFile.write(
                            DenseWeights.of(saved.getBlock(), manager, name -> name), arrays);
                    DenseWeights.load(model, ArrayFile.read(manager, arrays), name -> name, INPUT);
                }
                TestModels.policy(40).apply(model);
                return model;
            }
        };

        abstract Model load(LifeCycleTest test, Model saved) throws Exception;
    }

    @ParameterizedTest
    @EnumSource
    void loadedNetworkContinuesTraining(Way way) throws Exception {
        try (Model saved = trained();
                Model loaded = way.load(this, saved)) {
            assertTrue(FrequencyBlocks.isWrapped(loaded.getBlock()));
            Map<String, List<Float>> before = TestModels.numbers(loaded.getBlock());
            try (Trainer trainer = TestModels.trainer(loaded, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                NDList input = new NDList(TestModels.random(trainer.getManager(), INPUT));
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    collector.backward(TestModels.loss(trainer.forward(input)));
                }
                int learning = 0;
                for (Pair<String, Parameter> each : loaded.getBlock().getParameters()) {
                    if (each.getValue().requiresGradient()) {
                        learning++;
                        assertTrue(TestModels.gradient(each.getValue()) > 0, each.getKey());
                    }
                }
                trainer.step();
                TestModels.numbers(loaded.getBlock())
                        .forEach((name, now) -> assertNotEquals(before.get(name), now, name));
                // Three weights, one bias, and two parameters of each of three normalisations.
                assertEquals(3 + 1 + 6, learning);
            }
        }
    }

    /** Ways to encode a network. */
    enum Writing {
        FLOAT16,
        FLOAT32,
        STEPS,
        WITHOUT_NAMES;

        FrqDocument of(Block block, Quantization steps) {
            return switch (this) {
                case FLOAT16 -> FrequencyFile.toDocument(block, DataType.FLOAT16);
                case FLOAT32 -> FrequencyFile.toDocument(block, DataType.FLOAT32);
                case STEPS -> FrequencyFile.toDocument(block, steps);
                case WITHOUT_NAMES ->
                        FrequencyFile.toDocument(block, DataType.FLOAT16).withoutNames();
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void savingALoadedNetworkGivesTheSameBytes(Writing writing) throws Exception {
        try (Model saved = trained()) {
            Quantization steps = Quantization.fit(saved.getBlock(), 800, true);
            byte[] first = writing.of(saved.getBlock(), steps).encode();
            byte[] last = first;
            for (int i = 0; i < 2; i++) {
                Files.write(file, last);
                try (Model loaded = TestModels.loaded(network(), file)) {
                    last = writing.of(loaded.getBlock(), steps).encode();
                    assertArrayEquals(first, last);
                    FrqDocument.read(file).write(file);
                    assertArrayEquals(first, Files.readAllBytes(file));
                }
            }
        }
    }

    /** Also at any time: a zip archive must not contain the time of day. */
    @ParameterizedTest
    @ValueSource(strings = {"w.npz", "w.safetensors"})
    void savingLoadedArraysGivesTheSameBytes(String name) throws Exception {
        Path arrays = folder.resolve(name);
        try (Model model = trained();
                NDManager manager = NDManager.newBaseManager()) {
            NDList dense = DenseWeights.of(model.getBlock(), manager, its -> its);
            ArrayFile.write(dense, arrays);
            byte[] first = Files.readAllBytes(arrays);
            assertNoTimeOfDay(first, name);
            for (int i = 0; i < 2; i++) {
                ArrayFile.write(ArrayFile.read(manager, arrays), arrays);
                assertArrayEquals(first, Files.readAllBytes(arrays));
            }
        }
    }

    /**
     * Bytes 10 to 13 of a zip entry are its time: midnight, 1 February 1980. Bytes 28 and 29 are
     * the length of the extra field, in which Java would write the time in the local time zone.
     */
    private static void assertNoTimeOfDay(byte[] file, String name) throws IOException {
        if (name.endsWith(".npz")) {
            assertArrayEquals(new byte[] {0, 0, 0x41, 0}, Arrays.copyOfRange(file, 10, 14));
            assertEquals(0, file[28] + file[29]);
        }
    }
}
